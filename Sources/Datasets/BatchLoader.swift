/// Makes an epoch's batches ahead of the trainer.
///
/// A few batches are in the making at any time, each in a task of its own on the cooperative threads, so
/// that the trainer, on its own thread, finds the next one ready. What a batch holds depends on seed,
/// epoch and position alone and never on timing. Memory: `ahead` batches beside the one in use.
///
/// Not Sendable: one trainer takes the batches. Dropping the loader cancels what is in the making.
public final class BatchLoader {
  private let dataset: PreparedDataset
  private let recipe: Recipe
  private let order: [Place]
  private let batchSize: Int
  private let ahead: Int
  private var nextStart: Int
  private var waiting: [Task<Batch, Never>] = []

  /// What is needed to make any batch of an epoch.
  struct Recipe: Sendable {
    var format: SampleFormat
    var augmentation: Augmentation?
    var seed: UInt64
  }

  /// A sample of the dataset, and how often all of them were gone through before.
  struct Place: Sendable {
    var index: Int
    var round: Int
  }

  /// Starts making the batches of one epoch.
  ///
  /// - Parameters:
  ///   - dataset: what to take samples from.
  ///   - format: the network's input.
  ///   - augmentation: nil for the photographs as they are.
  ///   - shuffled: false keeps the dataset's order.
  ///   - seed: with the epoch, decides order and augmentation.
  ///   - epoch: counted from 0.
  ///   - batchSize: N; the last batch holds what is left.
  ///   - rounds: how often an epoch goes through the dataset, each time in another order and varied anew.
  ///   - firstBatch: batches to leave out, for a run that goes on in the middle of an epoch.
  ///   - ahead: batches kept in the making, at least 1.
  public init(
    dataset: PreparedDataset, format: SampleFormat, augmentation: Augmentation?, shuffled: Bool,
    seed: UInt64, epoch: Int, batchSize: Int, rounds: Int = 1, firstBatch: Int = 0, ahead: Int = 3
  ) {
    precondition(batchSize >= 1 && rounds >= 1 && firstBatch >= 0 && ahead >= 1)
    self.dataset = dataset
    recipe = Recipe(format: format, augmentation: augmentation, seed: seed)
    self.batchSize = batchSize
    self.ahead = ahead
    order = (epoch * rounds..<(epoch + 1) * rounds).flatMap { round in
      guard shuffled else { return (0..<dataset.count).map { Place(index: $0, round: round) } }
      var generator = SeededGenerator(seed: seed, 1, round)
      return generator.permutation(of: dataset.count).map { Place(index: $0, round: round) }
    }
    nextStart = firstBatch * batchSize
    fill()
  }

  deinit {
    for task in waiting { task.cancel() }
  }

  /// Batches in a whole epoch of `count` samples.
  public static func batchCount(of count: Int, batchSize: Int) -> Int {
    (count + batchSize - 1) / batchSize
  }

  /// The next batch, nil after the last.
  ///
  /// A photograph that cannot be had any more is left out and named in the batch, which may then be empty.
  public nonisolated(nonsending) func next() async -> Batch? {
    guard !waiting.isEmpty else { return nil }
    let task = waiting.removeFirst()
    fill()
    return await task.value
  }

  private func fill() {
    while waiting.count < ahead, nextStart < order.count {
      let places = Array(order[nextStart..<min(nextStart + batchSize, order.count)])
      nextStart += batchSize
      let (dataset, recipe) = (dataset, recipe)
      waiting.append(Task { recipe.batch(of: places, from: dataset) })
    }
  }
}

extension BatchLoader.Recipe {
  /// Makes the samples at `places`.
  func batch(of places: [BatchLoader.Place], from dataset: PreparedDataset) -> Batch {
    let (side, channels) = (format.inputSize, format.channels)
    var inputs: [Float] = []
    var labels: [UInt8] = []
    var made: [Int] = []
    var lost: [LostPair] = []
    inputs.reserveCapacity(places.count * side * side * channels)
    labels.reserveCapacity(places.count * side * side)
    for place in places {
      do throws(LostPair) {
        let sample = try sample(at: place, from: dataset)
        inputs.append(contentsOf: sample.inputs)
        labels.append(contentsOf: sample.labels)
        made.append(place.index)
      } catch {
        lost.append(error)
      }
    }
    return Batch(
      inputs: .init(shape: [made.count, side, side, channels], values: inputs), labels: labels,
      indices: made, lost: lost)
  }

  private func sample(
    at place: BatchLoader.Place, from dataset: PreparedDataset
  ) throws(LostPair) -> Sample {
    let pair = try dataset.decoded(at: place.index)
    guard let augmentation else { return Sample(of: pair, format: format) }
    var generator = SeededGenerator(seed: seed, 2, place.round, place.index)
    let transform = augmentation.draw(
      aspect: pair.aspect, lesionMeetsEdge: pair.lesionMeetsEdge, using: &generator)
    return Sample(of: pair, transform: transform, format: format)
  }
}
