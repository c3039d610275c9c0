import Glibc
import Journal
import Logging
import Progress
import SystemPackage
import Training

/// Puts what a rebuild tells into the journal, into `systemctl status`, and onto a terminal.
struct RebuildLog: Sendable {
  let logger: Logger
  private let notifier = ServiceNotifier()
  private let bar: ProgressBar

  init(logger: Logger) {
    self.logger = logger
    bar = ProgressBar(
      isTerminal: isatty(STDERR_FILENO) != 0, columns: { terminalColumns(STDERR_FILENO) }
    ) { text in
      _ = try? FileDescriptor.standardError.writeAll(text.utf8)
    }
  }

  /// Shows how far the reading of photographs is.
  @Sendable func showReading(done: Int, count: Int) {
    bar.show(.prepared(done: done, count: count))
  }

  /// Shows one event.
  func show(_ event: RebuildEvent) {
    switch event {
    case .skipped(let pair):
      line(.pairSkipped, .warning, "Skipped: \(pair)", ["pair": "\(pair.name)"])
    case .remark(let pair):
      line(.pairSkipped, .notice, "Used with a change: \(pair)", ["pair": "\(pair.name)"])
    case .currentUnusable(let error):
      line(.modelRefused, .warning, "The model in service cannot be compared with: \(error)")
    case .removed(let id):
      line(
        .modelRemoved, .info, "Model \(id) is removed from the store: newer ones are there.",
        ["model": "\(id)"])
    case .notPruned(let error):
      line(.modelRemoved, .warning, "Old models are not removed: \(error)")
    case .training(let event):
      show(event)
    }
  }

  /// Says how the rebuild ended.
  func end(_ outcome: RebuildOutcome) {
    notifier.stopping(status: outcome.message)
    switch outcome {
    case .nothingChanged: line(.trainingFinished, .info, outcome.message)
    case .tooFewPairs: line(.trainingFailed, .warning, outcome.message)
    case .stopped: line(.trainingFinished, .notice, outcome.message)
    case .kept(let id, let decision):
      line(
        .modelNotPublished, .notice, outcome.message,
        fields(decision).merging(["model": "\(id)"]) { $1 })
    case .published(let id, let decision):
      line(
        .modelPublished, .notice, outcome.message,
        fields(decision).merging(["model": "\(id)"]) { $1 })
    }
  }

  private func show(_ event: TrainingEvent) {
    bar.show(event)
    switch event {
    case .started:
      line(.trainingStarted, .info, event.line ?? "")
    case .epoch(let report, let isBest):
      let text = report.line + (isBest ? "  best" : "")
      notifier.status(text)
      line(
        .epochFinished, .info, text,
        [
          "epoch": "\(report.epoch)", "trainingLoss": "\(report.trainingLoss)",
          "trainingAccuracy": "\(report.trainingAccuracy)",
          "validationLoss": "\(report.validationLoss)",
          "validationAccuracy": "\(report.validationAccuracy)",
          "validationJaccard": "\(report.validationJaccard)",
          "validationDice": "\(report.validationDice)", "seconds": "\(report.seconds)",
        ])
    case .step(let report):
      notifier.status(report.barLine.text())
    case .leftOut(let pair):
      line(.pairSkipped, .warning, event.line ?? "", ["pair": "\(pair.name)"])
    case .note(let text):
      line(.trainingStarted, .notice, text)
    case .prepared, .resumed, .checkpoint:
      break
    }
  }

  private func fields(_ decision: PromotionDecision) -> Logger.Metadata {
    var fields: Logger.Metadata = [
      "newJaccard": "\(decision.newJaccard)", "images": "\(decision.imageCount)",
      "floorJaccard": "\(decision.floorJaccard)", "reason": "\(decision.reason)",
    ]
    if let current = decision.current {
      fields["currentModel"] = "\(current.id)"
      fields["currentJaccard"] = "\(current.jaccard)"
      fields["difference"] = "\(current.difference.mean)"
      fields["differenceLow"] = "\(current.difference.low)"
      fields["differenceHigh"] = "\(current.difference.high)"
    }
    return fields
  }

  private func line(
    _ kind: MessageKind, _ level: Logger.Level, _ message: String, _ fields: Logger.Metadata = [:]
  ) {
    bar.clear()
    logger.record(kind, level: level, message, fields: fields)
  }
}
