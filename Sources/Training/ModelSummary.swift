import Datasets
import Files

extension Trainer {
  /// What the model's file tells about its making: enough to make it again and to know on which photographs
  /// it must not be judged.
  func summary(of state: RunState, keptEpoch: Int) -> [String: String] {
    let training = data.training.pairs.map(\.name).sorted()
    let validation = data.validation.pairs.map(\.name).sorted()
    var summary = [
      "preset": options.preset, "epochs": "\(options.epochs)", "epoch": "\(keptEpoch)",
      "batchSize": "\(options.batchSize)", "leastSteps": "\(options.leastSteps)",
      "learningRate": "\(options.schedule)",
      "diceWeight": "\(options.diceWeight)",
      "augmentation": options.augmentation.map { "\($0)" } ?? "none",
      "averaging": "\(options.averagingDecay ?? 0)", "patience": "\(options.patience ?? 0)",
      "seed": "\(options.seed)", "seconds": "\(Int(state.seconds.rounded()))",
      "dataSHA256": data.contentDigest,
      "trainingCount": "\(training.count)", "validationCount": "\(validation.count)",
      "trainingNamesSHA256": Self.digest(training),
      "validationNamesSHA256": Self.digest(validation),
    ]
    if let report = state.history.first(where: { $0.epoch == keptEpoch }) {
      summary["trainingLoss"] = "\(report.trainingLoss)"
      summary["validationLoss"] = "\(report.validationLoss)"
      summary["validationAccuracy"] = "\(report.validationAccuracy)"
      summary["validationJaccard"] = "\(report.validationJaccard)"
      summary["validationDice"] = "\(report.validationDice)"
    }
    summary["startingModel"] = startingModel?.id
    summary["trainingNames"] = Self.list(training)
    summary["validationNames"] = Self.list(validation)
    return summary
  }

  private static func digest(_ names: [String]) -> String {
    sha256Hex(Array(names.joined(separator: "\n").utf8))
  }

  /// The names themselves, unless they would swell the file: 32 KiB are 2,000 names of ISIC.
  private static func list(_ names: [String]) -> String? {
    let text = names.joined(separator: "\n")
    return text.utf8.count <= 32 << 10 ? text : nil
  }
}
