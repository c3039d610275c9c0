import Datasets
import UNets

/// Everything that decides what a training run computes.
public struct TrainingOptions: Sendable, Equatable {
  /// Name of the preset that the values began with.
  public var preset: String
  /// Channels of the first level; the full network has 64.
  public var width: Int
  /// Levels of the encoder below the first.
  public var depth: Int
  /// How the decoder doubles its planes.
  public var upsampling: UNetArchitecture.Upsampling
  /// Whether batch normalisation follows each 3x3 convolution.
  public var hasBatchNorm: Bool
  /// Weight of the Dice loss beside the cross-entropy; 0 for cross-entropy alone.
  public var diceWeight: Float
  /// Side S of the square input in pixels, a multiple of 2^depth.
  public var inputSize: Int
  /// 1 grey, 3 RGB.
  public var channels: Int
  /// Passes over the training part.
  public var epochs: Int
  /// Images per step.
  public var batchSize: Int
  /// Steps of an epoch at least: a part too small for them is gone through several times, varied anew each
  /// time. Few photographs then get as many steps as the weights need, and validation stays rare.
  public var leastSteps: Int
  /// How large the optimiser's steps are, and how that changes.
  public var schedule: LearningRateSchedule
  /// Nil: photographs as they are.
  public var augmentation: Augmentation?
  /// How bytes become the network's numbers.
  public var pixelScaling: PixelScaling
  /// How much of the weights' running average stays at each step, in 0 ..< 1; the model is then that
  /// average. Nil: the model is the weights of the last step.
  public var averagingDecay: Float?
  /// Epochs without a smaller validation loss after which the run ends; nil: all epochs are run.
  public var patience: Int?
  /// Whether the model is the epoch with the smallest validation loss and not the last one.
  public var keepsBestEpoch: Bool
  /// Training pairs per held-out pair, when no list of held-out names is given.
  public var splitRatio: Int
  /// Decides the split, the first weights, the order and the augmentation.
  public var seed: UInt64

  /// The architecture that these options ask for.
  public var architecture: UNetArchitecture {
    UNetArchitecture(
      inputChannels: channels, width: width, depth: depth, upsampling: upsampling,
      hasBatchNorm: hasBatchNorm)
  }

  /// The paper's training: 512 x 512 grey, the full network, Adam, 10 epochs of batches of 2, no
  /// augmentation, the last epoch.
  ///
  /// It leaves open how pixels become numbers, how large Adam's steps are, and whether Xavier's weights have the
  /// gain of ReLU (they have: `ParameterLayout.xavierInitialized`). Inputs of one sign, 0...1, add an offset that
  /// has to be unlearnt first. Around 0 the network learns from the first epoch on, and with each photograph
  /// standardised it need not learn from a hundred how bright skin may be.
  public static let paper = TrainingOptions(
    preset: "paper", width: 64, depth: 4, upsampling: .transposed, hasBatchNorm: false,
    diceWeight: 0, inputSize: 512, channels: 1, epochs: 10, batchSize: 2,
    leastSteps: 1, schedule: .constant(1e-4), augmentation: nil, pixelScaling: .standardized,
    averagingDecay: nil,
    patience: nil, keepsBestEpoch: false, splitRatio: 4, seed: 1)

  /// What makes a good small model from some hundred to some thousand photographs.
  public static let standard = TrainingOptions(
    preset: "default", width: 16, depth: 4, upsampling: .transposed, hasBatchNorm: true,
    diceWeight: 1, inputSize: 256, channels: 3, epochs: 40, batchSize: 8,
    leastSteps: 100, schedule: .warmUpThenCosine(peak: 1e-3, warmUpShare: 0.05),
    augmentation: Augmentation(), pixelScaling: .centered, averagingDecay: 0.998, patience: 20,
    keepsBestEpoch: true, splitRatio: 4, seed: 1)

  /// All presets, by name.
  public static let presets = [paper, standard]

  /// The preset of a name, nil if there is none.
  public static func preset(named name: String) -> TrainingOptions? {
    presets.first { $0.preset == name }
  }

  /// How pixels become the network's numbers.
  public var normalization: Normalization {
    switch pixelScaling {
    case .unit: .unit(channels: channels)
    case .centered:
      Normalization(
        mean: [Float](repeating: 0.5, count: channels),
        standardDeviation: [Float](repeating: 0.25, count: channels))
    case .standardized:
      Normalization(
        mean: [Float](repeating: 0, count: channels),
        standardDeviation: [Float](repeating: 1, count: channels), standardizes: true)
    }
  }

  /// Checks the values against each other.
  ///
  /// - Throws: `TrainingError.badOption` naming the first that does not fit.
  public func validate() throws(TrainingError) {
    func require(_ condition: Bool, _ option: String, _ reason: String) throws(TrainingError) {
      guard condition else { throw .badOption(option: option, reason: reason) }
    }
    try require((1...1024).contains(width), "width", "\(width) is not in 1...1024.")
    try require(
      !hasBatchNorm || width % 8 == 0, "width",
      "\(width) is not a multiple of 8, which batch normalisation needs.")
    try require((1...7).contains(depth), "depth", "\(depth) is not in 1...7.")
    try require(
      inputSize >= 1 << depth && inputSize <= 4096 && inputSize % (1 << depth) == 0, "size",
      "\(inputSize) is not a multiple of \(1 << depth) up to 4096.")
    try require(channels == 1 || channels == 3, "channels", "\(channels) is neither 1 nor 3.")
    try require((1...10_000).contains(epochs), "epochs", "\(epochs) is not in 1...10000.")
    try require((1...1024).contains(batchSize), "batch-size", "\(batchSize) is not in 1...1024.")
    try require(
      (1...100_000).contains(leastSteps), "least-steps", "\(leastSteps) is not in 1...100000.")
    try require((1...1000).contains(splitRatio), "split", "\(splitRatio) is not in 1...1000.")
    try require(
      diceWeight >= 0 && diceWeight <= 100, "dice-weight", "\(diceWeight) is not in 0...100.")
    if let averagingDecay {
      try require(
        averagingDecay >= 0 && averagingDecay < 1, "averaging",
        "\(averagingDecay) is not in 0 ..< 1.")
    }
    if let patience {
      try require(patience >= 1, "patience", "\(patience) is not at least 1.")
    }
    if case .warmUpThenCosine(_, let share) = schedule {
      try require(share >= 0 && share <= 1, "warm-up", "\(share) is not in 0...1.")
    }
    try augmentation?.validate()
    let rate = schedule.peak
    try require(
      rate > 0 && rate <= 1, "learning-rate", "\(rate) is not above 0 and at most 1.")
  }

  /// Side K of the copies kept in memory: what the network needs, and a quarter more where parts of a
  /// photograph are enlarged.
  var storedSide: Int { augmentation == nil ? inputSize : inputSize * 5 / 4 }

  /// A line that is equal for two runs that compute the same from the same data.
  var fingerprint: String {
    "\(architecture) \(inputSize) \(normalization) \(epochs) \(batchSize) \(leastSteps) \(schedule) "
      + "\(diceWeight) "
      + "\(augmentation.map { "\($0)" } ?? "none") \(averagingDecay ?? 0) \(patience ?? 0) "
      + "\(keepsBestEpoch) \(seed)"
  }
}

/// How the bytes of a photograph become the network's numbers.
public enum PixelScaling: String, Sendable, CaseIterable {
  /// 0...1.
  case unit
  /// About -2...2 around middle grey.
  case centered
  /// Mean 0 and standard deviation 1 in each photograph.
  case standardized
}

extension Augmentation {
  /// Checks the ranges.
  ///
  /// - Throws: `TrainingError.badOption` naming the first that cannot be drawn from.
  func validate() throws(TrainingError) {
    func require(_ condition: Bool, _ option: String, _ reason: String) throws(TrainingError) {
      guard condition else { throw .badOption(option: option, reason: reason) }
    }
    try require(
      (0...180).contains(rotationDegrees), "rotation", "\(rotationDegrees) is not in 0...180.")
    try require(
      scale.lowerBound >= 0.05 && scale.upperBound <= 20, "scale",
      "\(scale) does not lie in 0.05...20.")
    try require((1...4).contains(stretch), "stretch", "\(stretch) is not in 1...4.")
    for (option, share) in [
      ("shift", shift), ("brightness", brightness), ("hair", hair), ("blur", blur),
    ] {
      try require((0...1).contains(share), option, "\(share) is not in 0...1.")
    }
    for (option, range) in [
      ("contrast", contrast), ("saturation", saturation), ("channel-gain", channelGain),
    ] {
      try require(
        range.lowerBound >= 0 && range.upperBound <= 10, option, "\(range) does not lie in 0...10.")
    }
  }
}
