import Images

/// A run's epochs as curves (the paper's Figures 1 to 3) and as a table.
public struct TrainingCurves: Sendable {
  /// The epochs that are over.
  public let history: [EpochReport]

  /// Takes the epochs of a run.
  public init(_ history: [EpochReport]) {
    self.history = history
  }

  /// A file to be kept beside a model.
  public struct File: Sendable {
    /// For example `loss.png`.
    public let name: String
    /// Its content.
    public let bytes: [UInt8]
  }

  /// All files: `loss`, `accuracy` and `overlap`, each as PNG and SVG, and `epochs.csv`.
  ///
  /// Cost: about 40 ms.
  ///
  /// - Throws: `ImageError` when there is no memory for a picture.
  public func files() throws(ImageError) -> [File] {
    var files = [File(name: "epochs.csv", bytes: Array(csv.utf8))]
    for (name, chart) in [("loss", loss), ("accuracy", accuracy), ("overlap", overlap)] {
      files.append(File(name: "\(name).png", bytes: try PNGEncoder.encode(chart.image())))
      files.append(File(name: "\(name).svg", bytes: Array(chart.svg().utf8)))
    }
    return files
  }

  /// One line per epoch below a line of names.
  public var csv: String {
    let names =
      "epoch,accuracy,val_accuracy,loss,val_loss,val_jaccard,val_dice,learning_rate,seconds\n"
    return history.reduce(names) { text, epoch in
      text + "\(epoch.epoch),\(epoch.trainingAccuracy),\(epoch.validationAccuracy),"
        + "\(epoch.trainingLoss),\(epoch.validationLoss),\(epoch.validationJaccard),"
        + "\(epoch.validationDice),\(epoch.learningRate),\(epoch.seconds)\n"
    }
  }

  /// The loss over the epochs.
  public var loss: LineChart {
    chart("Loss", "loss", [("training", \.trainingLoss), ("validation", \.validationLoss)])
  }

  /// The pixel accuracy over the epochs.
  public var accuracy: LineChart {
    chart(
      "Accuracy", "share of pixels classified right",
      [("training", \.trainingAccuracy), ("validation", \.validationAccuracy)])
  }

  /// The overlaps over the epochs.
  public var overlap: LineChart {
    chart(
      "Overlap on the held-out photographs", "mean over photographs",
      [("Jaccard", \.validationJaccard), ("Dice", \.validationDice)])
  }

  /// Blue and orange: told apart also without seeing red or green.
  private static let colors = [Color(0x1F6FB4), Color(0xD9601A)]

  private func chart(
    _ title: String, _ yLabel: String, _ lines: [(String, KeyPath<EpochReport, Double>)]
  ) -> LineChart {
    let series = zip(lines, Self.colors).map { line, color in
      let values = history.map { $0[keyPath: line.1] }
      let last = values.last.map { ", now \(decimal($0))" } ?? ""
      return LineChart.Series(
        name: line.0 + last, color: color,
        points: zip(history, values).map { SIMD2(Double($0.epoch), $1) })
    }
    return LineChart(
      title: title, xLabel: "epoch", yLabel: yLabel, countsAlongX: true, series: series)
  }
}
