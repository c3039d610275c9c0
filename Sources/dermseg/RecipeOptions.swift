import ArgumentParser
import Datasets
import Training
import UNets

/// What `dermseg train` is told about the network and how it learns; what is not given stays as the preset
/// has it.
struct RecipeOptions: ParsableArguments {
  @Option(help: "Channels of the network's first level: 64, 32 and 16 are the usual ones.")
  var width: Int?

  @Option(
    help:
      "Halvings of the planes: one more lets the network see twice as far, with four times the weights."
  )
  var depth: Int?

  @Option(help: "Side of the square that the network sees, in pixels; a multiple of 2^depth.")
  var size: Int?

  @Option(help: "1 for grey, 3 for colour.")
  var channels: Int?

  @Option(
    help:
      "How the decoder doubles its planes: transposed (2x2 transposed convolution) or nearest (doubled pixels, then a 2x2 convolution and ReLU)."
  )
  var upsampling: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Whether batch normalisation follows each convolution; needs a width of 8, 16, 24, ...")
  var batchNorm: Bool?

  @Option(
    help:
      "How pixels become numbers: unit (0...1), centered (-2...2) or standardized (mean 0 and standard deviation 1 in each photograph)."
  )
  var pixelScaling: String?

  @Option(help: "Weight of the Dice loss beside the cross-entropy; 0 for cross-entropy alone.")
  var diceWeight: Float?

  @Option(help: "Passes over the photographs, at most.")
  var epochs: Int?

  @Option(help: "Photographs per step.")
  var batchSize: Int?

  @Option(
    help:
      "Steps of an epoch at least; a small folder is gone through several times, varied anew each time."
  )
  var leastSteps: Int?

  @Option(help: "The optimiser's largest step size.")
  var learningRate: Float?

  @Option(help: "How the step size changes: constant, or cosine (a warm-up, then down to 0).")
  var schedule: String?

  @Option(help: "Share of all steps in which a cosine schedule warms up.")
  var warmUp: Float?

  @Option(
    help:
      "How much of the weights' running average stays at each step, for example 0.998; 0 for no average."
  )
  var averaging: Float?

  @Option(help: "Epochs without a smaller validation loss after which the run ends; 0 for never.")
  var patience: Int?

  @Flag(inversion: .prefixedNo, help: "Whether the best epoch is kept and not the last one.")
  var keepBest: Bool?

  @Option(help: "Photographs to learn from for each one held out.")
  var split: Int?

  @Option(help: "Start of all random numbers.")
  var seed: UInt64?

  /// Puts what was given into the options of a preset.
  func apply(to options: inout TrainingOptions) throws {
    if let width { options.width = width }
    if let depth { options.depth = depth }
    if let size { options.inputSize = size }
    if let channels { options.channels = channels }
    if let upsampling {
      options.upsampling = try value(upsampling, "upsampling", "transposed or nearest")
    }
    if let batchNorm { options.hasBatchNorm = batchNorm }
    if let pixelScaling {
      options.pixelScaling = try value(
        pixelScaling, "pixel-scaling", "unit, centered or standardized")
    }
    if let diceWeight { options.diceWeight = diceWeight }
    if let epochs { options.epochs = epochs }
    if let batchSize { options.batchSize = batchSize }
    if let leastSteps { options.leastSteps = leastSteps }
    if let averaging { options.averagingDecay = averaging == 0 ? nil : averaging }
    if let patience { options.patience = patience == 0 ? nil : patience }
    if let keepBest { options.keepsBestEpoch = keepBest }
    if let split { options.splitRatio = split }
    if let seed { options.seed = seed }
    try applySchedule(to: &options)
  }

  private func applySchedule(to options: inout TrainingOptions) throws {
    switch schedule {
    case nil: break
    case "constant": options.schedule = .constant(options.schedule.peak)
    case "cosine":
      options.schedule = .warmUpThenCosine(peak: options.schedule.peak, warmUpShare: 0.05)
    case let other?: throw ValidationError("--schedule \(other): constant or cosine.")
    }
    if let learningRate { options.schedule.peak = learningRate }
    if let warmUp {
      guard case .warmUpThenCosine(let peak, _) = options.schedule else {
        throw ValidationError("--warm-up belongs to --schedule cosine.")
      }
      options.schedule = .warmUpThenCosine(peak: peak, warmUpShare: warmUp)
    }
  }

  private func value<Choice: RawRepresentable<String>>(
    _ text: String, _ option: String, _ allowed: String
  ) throws -> Choice {
    guard let value = Choice(rawValue: text) else {
      throw ValidationError("--\(option) \(text): \(allowed).")
    }
    return value
  }
}
