@unsafe @preconcurrency import Dispatch
import Masks
import ModelStore
import Reports
import Segmentation
import Synchronization

/// The model in service: makes masks of photographs, several at a time on lanes of their own.
///
/// A lane is a thread with the network's memory. One photograph on all processors leaves each of them
/// waiting for the others in a small network, and while it is decoded and encoded all but one have
/// nothing to do; several photographs on one processor each have neither. So there are as many lanes as
/// the networks' memory allows. Where it allows only one, two lanes take turns at it: the next photograph is
/// decoded and the one before encoded while the present one is computed. Photographs wait in one queue, in
/// the order in which they came, and a lane takes as many of them as one computation of its network takes.
final class SegmentationWorker: Sendable {
  /// What masks say about the model.
  let modelID: String
  let modelSHA256: String
  /// What masks say about how they were made.
  let maskSettings: MaskSettings
  /// How many photographs it must have so that no lane ever waits for the next ones.
  let capacity: Int

  private struct State {
    var waiting: [Photograph] = []
    var idle: [Int]
  }

  private let lanes: [Lane]
  private let state: Mutex<State>

  /// - Parameters:
  ///   - threads: For all lanes together; nil: all usable processors.
  ///   - masks: How masks are made.
  ///   - companions: What is wanted beside the masks.
  init(
    _ model: LoadedModel, threads: Int?, masks: MaskSettings, companions: CompanionChoice
  ) throws(SegmentationError) {
    let largeOne = LargeImageTurn()
    let networks = try Segmenter.several(model: model.model, threadCount: threads)
    let takeTurns = networks.count == 1 && networks[0].threadCount > 1
    let shared = networks.map { SharedSegmenter($0) }
    let segmenters = takeTurns ? shared + shared : shared
    lanes = segmenters.map {
      Lane(
        MaskMaking(
          segmenter: $0, modelID: model.id, modelSHA256: model.sha256,
          settings: masks,
          threshold: Double(masks.threshold ?? model.model.threshold).rounded(places: 6),
          companions: companions,
          largeOne: largeOne))
    }
    capacity = segmenters.reduce(0) { $0 + $1.batchLimit + 1 }
    state = Mutex(State(idle: Array(segmenters.indices)))
    (modelID, modelSHA256, maskSettings) = (model.id, model.sha256, masks)
  }

  /// Adds a photograph to those that wait for a lane.
  ///
  /// - Parameter deliver: Gets what became of it, on a lane's thread.
  func add(_ photograph: Photograph, _ deliver: @escaping @Sendable (Finding) -> Void) {
    let free = state.withLock { state -> Int? in
      state.waiting.append(photograph)
      return state.idle.popLast()
    }
    guard let free else { return }
    lanes[free].queue.async { self.workWhileThereIsSome(free, deliver) }
  }

  /// Takes the photographs back that no lane has begun with.
  func takeWaiting() -> [Photograph] {
    state.withLock { state in
      defer { state.waiting = [] }
      return state.waiting
    }
  }

  private func workWhileThereIsSome(_ index: Int, _ deliver: (Finding) -> Void) {
    while !becomesIdle(index) {
      lanes[index].making.makeMasks(of: next) { photograph, outcome in
        deliver(
          Finding(
            item: photograph.item, mask: photograph.mask, maskIndex: photograph.maskIndex,
            modelID: modelID, modelSHA256: modelSHA256, maskSettings: maskSettings,
            outcome: outcome,
            delivered: ContinuousClock.now))
      }
    }
  }

  private func next() -> Photograph? {
    state.withLock { $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }
  }

  private func becomesIdle(_ index: Int) -> Bool {
    state.withLock { state in
      if state.waiting.isEmpty { state.idle.append(index) }
      return state.waiting.isEmpty
    }
  }

  /// Its queue is its thread: seconds of convolution must not block the few threads of Swift's
  /// cooperative pool.
  private final class Lane: @unchecked Sendable {
    let queue = DispatchQueue(label: "dermseg.segmentation")
    /// Touched on `queue` only.
    let making: MaskMaking

    init(_ making: MaskMaking) { self.making = making }
  }
}
