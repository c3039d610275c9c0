import Images
import Kernels
import Masks
import NeuralNetworks
import UNets

/// A model held in memory, ready to turn one photograph after another into a mask.
///
/// Owns the model's weights, the network's working memory and a thread pool; nothing of their size
/// is allocated per image. Not Sendable: from one thread at a time.
public final class Segmenter {
  private let inputSize: Int
  private let inputChannels: Int
  private let normalization: Normalization
  private let threshold: Float
  private let session: InferenceSession
  /// How many photographs one computation takes.
  public let batchLimit: Int
  /// Threads of one computation.
  public let threadCount: Int

  /// Lays out the network of `model` for images of its input size.
  ///
  /// - Parameters:
  ///   - threadCount: threads of one computation; nil means all usable processors.
  ///   - batchLimit: how many photographs one computation takes; each costs memory for its activations.
  /// - Throws: `SegmentationError` when the model's network cannot be laid out.
  public init(model: UNetModel, threadCount: Int? = nil, batchLimit: Int = 1)
    throws(SegmentationError)
  {
    // Not the model itself: its parameters have a copy of their own in the session.
    inputSize = model.inputSize
    inputChannels = model.architecture.inputChannels
    normalization = model.normalization
    threshold = model.threshold
    self.batchLimit = batchLimit
    let pool = ThreadPool(threadCount: threadCount)
    self.threadCount = pool.threadCount
    do {
      session = try InferenceSession(
        network: model.architecture.makeNetwork(), parameters: model.parameters,
        inputShape: [
          batchLimit, model.inputSize, model.inputSize, model.architecture.inputChannels,
        ],
        pool: pool)
    } catch {
      throw .network(error)
    }
  }

  /// Bytes that the network takes, weights included.
  public var memoryBytes: Int {
    let memory = session.memoryBytes
    return memory.activations + memory.parameters
  }

  /// Finds the lesion in a photograph.
  ///
  /// The photograph is brought to the network's input size (area-averaged when shrinking), the
  /// probabilities become the mask as the settings say (``MaskMaker``).
  ///
  /// - Parameters:
  ///   - image: The photograph, as stored.
  ///   - settings: How its mask is made.
  /// - Throws: `SegmentationError.notFinite` when the network's output is not a number somewhere.
  public func segment(
    _ image: Image, _ settings: MaskSettings = .standard
  ) throws(SegmentationError) -> SegmentedImage {
    try segment([image], settings)[0].get()
  }

  /// Finds the lesions in at most ``batchLimit`` photographs with one computation; each gets what
  /// ``segment(_:)`` gives, to the last bit.
  ///
  /// A small network takes most of its time to bring its weights into the processor, which is then
  /// done once for all.
  public func segment(
    _ images: [Image], _ settings: MaskSettings = .standard
  ) -> [Result<SegmentedImage, SegmentationError>] {
    let clock = ContinuousClock()
    let start = clock.now
    let small = images.map {
      $0.converted(toChannels: inputChannels).resized(width: inputSize, height: inputSize)
    }
    let input = networkInput(
      settings.hairRemoval ? small.map { HairRemoval().applied(to: $0) } : small)
    let inferenceStart = clock.now
    let looks: [[Float]]
    do {
      looks = try self.looks(input, settings.accuracy)
    } catch {
      return images.map { _ in .failure(.network(error)) }
    }
    let inferenceTime = inferenceStart.duration(to: clock.now) / images.count
    let maker = MaskMaker(settings: settings, modelThreshold: threshold)
    let count = inputSize * inputSize
    return images.enumerated().map { index, image in
      let own = looks.map { Array($0[(index * count)..<((index + 1) * count)]) }
      let probabilities = FloatPlane(
        width: inputSize, height: inputSize, values: own.count == 1 ? own[0] : Self.mean(of: own))
      guard probabilities.values.allSatisfy(\.isFinite) else { return .failure(.notFinite) }
      let made = maker.mask(from: probabilities, for: image, small: small[index])
      return .success(
        SegmentedImage(
          mask: made.mask, probabilities: probabilities,
          lesionFraction: Double(made.lesionPixels) / Double(image.width * image.height),
          pleaseLook: MaskDoubts.found(
            in: made, of: probabilities, looks: own.count == 1 ? [] : own,
            threshold: maker.threshold),
          inferenceTime: inferenceTime, totalTime: start.duration(to: clock.now)))
    }
  }

  /// `[N, S, S]` for each look: at the input, or at its four mirrorings, mirrored back.
  private func looks(_ input: Tensor, _ accuracy: MaskAccuracy) throws(NetworkError) -> [[Float]] {
    if accuracy == .normal { return [try session.probabilities(input).values] }
    var looks: [[Float]] = []
    for flip in Flip.all {
      let seen = try session.probabilities(flip.applied(to: input))
      looks.append(
        flip.applied(
          to: Tensor(shape: [input.shape[0], inputSize, inputSize, 1], values: seen.values)
        ).values)
    }
    return looks
  }

  private static func mean(of looks: [[Float]]) -> [Float] {
    var mean = [Float](repeating: 0, count: looks[0].count)
    for look in looks {
      for index in mean.indices { mean[index] += look[index] / Float(looks.count) }
    }
    return mean
  }

  /// Small photographs as `[N, S, S, C]`, normalised.
  private func networkInput(_ images: [Image]) -> Tensor {
    precondition((1...batchLimit).contains(images.count), "one to `batchLimit` photographs")
    var values: [Float] = []
    values.reserveCapacity(images.count * inputSize * inputSize * inputChannels)
    for image in images { values += normalization.values(of: image) }
    return Tensor(shape: [images.count, inputSize, inputSize, inputChannels], values: values)
  }
}

extension Normalization {
  /// The network's numbers for one photograph, `[H, W, C]`; one mean per channel of the image.
  public func values(of image: Image) -> [Float] {
    precondition(image.channels == mean.count, "one mean per channel")
    // 256 values per channel are computed once: a table look-up per pixel.
    let tables = (0..<image.channels).map { channel in
      (0..<256).map { (Float($0) / 255 - mean[channel]) / standardDeviation[channel] }
    }
    let channels = image.channels
    var result = [Float](repeating: 0, count: image.pixels.count)
    for channel in 0..<channels {
      let table = tables[channel]
      for index in stride(from: channel, to: result.count, by: channels) {
        result[index] = table[Int(image.pixels[index])]
      }
    }
    finish(&result)
    return result
  }
}

/// What the network found in one photograph.
public struct SegmentedImage: Sendable {
  /// Grey, 0 and 255 only, exactly as wide and high as the photograph is stored; its EXIF
  /// orientation.
  public var mask: Image
  /// Probability of "lesion", at the network's input size.
  public var probabilities: FloatPlane
  /// Share of the photograph's pixels that are lesion, 0...1.
  public var lesionFraction: Double
  /// Why somebody should look at the mask before it is used; empty if nothing speaks against it.
  public var pleaseLook: [PleaseLook]
  /// Time in the network.
  public var inferenceTime: Duration
  /// Time from decoded photograph to mask.
  public var totalTime: Duration
}

/// Why a photograph was not segmented.
public enum SegmentationError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The network cannot run.
  case network(NetworkError)
  /// The network's output is NaN or infinite somewhere.
  case notFinite

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .network(let error): "the model's network cannot run: \(error)"
    case .notFinite: "the model's output is not a number. Choose another model."
    }
  }
}
