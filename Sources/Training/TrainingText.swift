import Progress

// How a training run looks in words and numbers.

extension TrainingEvent {
  /// The line that this event is worth where lines are kept; nil for what only moves a bar.
  public var line: String? {
    switch self {
    case .started(let training, let validation, let epoch, let step, let stepsPerEpoch):
      let start = epoch > 1 || step > 1 ? " Going on in epoch \(epoch) at step \(step)." : ""
      return "\(training) photographs to learn from, \(validation) held out, "
        + "\(stepsPerEpoch) steps per epoch.\(start)"
    case .epoch(let report, let isBest):
      return report.line + (isBest ? "  best" : "")
    case .leftOut(let pair):
      return "Left out from now on: \(pair) It was good when the training began."
    case .note(let text):
      return text
    case .prepared, .resumed, .step, .checkpoint:
      return nil
    }
  }
}

extension EpochReport {
  /// One line with all numbers, in the order of the paper's table and then what it lacks.
  public var line: String {
    "epoch \(epoch)/\(epochs)"
      + "  accuracy \(decimal(trainingAccuracy))  val_accuracy \(decimal(validationAccuracy))"
      + "  loss \(decimal(trainingLoss))  val_loss \(decimal(validationLoss))"
      + "  val_jaccard \(decimal(validationJaccard))  val_dice \(decimal(validationDice))"
      + "  \(decimal(seconds, places: 1)) s"
  }
}

extension TrainedModel {
  /// The run in the columns of the paper's Table 1, with the overlaps beside them: a line of names and a
  /// line of numbers, those of the kept epoch.
  public var table: [String] {
    guard let kept = history.first(where: { $0.epoch == keptEpoch }) else { return [] }
    let seconds = history.reduce(0) { $0 + $1.seconds } / Double(history.count)
    let columns = [
      ("images", "\(split.training.count + split.validation.count)"),
      ("accuracy", decimal(kept.trainingAccuracy)),
      ("validation accuracy", decimal(kept.validationAccuracy)),
      ("loss", decimal(kept.trainingLoss)), ("validation loss", decimal(kept.validationLoss)),
      ("seconds per epoch", decimal(seconds, places: 1)),
      ("Jaccard", decimal(kept.validationJaccard)), ("Dice", decimal(kept.validationDice)),
    ]
    func padded(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(0, width - text.count)) + text
    }
    let widths = columns.map { max($0.0.count, $0.1.count) }
    return [
      zip(columns, widths).map { padded($0.0, $1) }.joined(separator: "  "),
      zip(columns, widths).map { padded($0.1, $1) }.joined(separator: "  "),
    ]
  }
}

extension StepReport {
  /// One line for a terminal: where the run is, a bar for the epoch, what it has come to, what it will take.
  public var barLine: BarLine {
    let eta = remaining.map { ["ETA \(spelled($0))"] } ?? []
    return BarLine(
      "epoch \(epoch)/\(epochs)", done: step, of: stepsPerEpoch,
      details: ["loss \(decimal(loss))", "Dice \(decimal(dice))"] + eta)
  }
}

/// A number with a fixed count of decimals, as printf's `%.4f`.
public func decimal(_ value: Double, places: Int = 4) -> String {
  guard value.isFinite else { return "\(value)" }
  var unit = 1.0
  for _ in 0..<places { unit *= 10 }
  let scaled = (value.magnitude * unit).rounded()
  guard scaled < 9e15 else { return "\(value)" }
  let whole = Int(scaled)
  let digits = String(whole % Int(unit))
  let sign = value < 0 && whole > 0 ? "-" : ""
  if places == 0 { return "\(sign)\(whole)" }
  return "\(sign)\(whole / Int(unit))."
    + String(repeating: "0", count: places - digits.count) + digits
}
