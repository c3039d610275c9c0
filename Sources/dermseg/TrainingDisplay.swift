import Glibc
import Journal
import Progress
import Training

/// Shows a training run: lines and a bar, the status that systemd knows, curves, and events for TensorBoard.
final class TrainingDisplay {
  let bar: ProgressBar
  private let quiet: QuietOption
  private let folder: RunFolder
  private let curves: CurveWriter
  private let notifier = ServiceNotifier()
  private var events: TensorBoardLog?
  /// What could not be written is said once.
  private var hasComplained = false

  init(folder: RunFolder, quiet: QuietOption) {
    (self.folder, self.quiet) = (folder, quiet)
    bar = quiet.bar
    curves = CurveWriter(in: folder)
  }

  /// Opens what is written besides lines.
  func begin(withEvents: Bool) throws {
    if withEvents { events = try TensorBoardLog(in: folder.path, time: secondsSince1970()) }
  }

  /// Shows one event.
  func show(_ event: TrainingEvent) {
    bar.show(event)
    if let line = event.line { quiet.say(line) }
    switch event {
    case .step(let report): notifier.status(report.barLine.text())
    case .epoch(let report, _): notifier.status(report.line)
    default: break
    }
    do {
      try curves.follow(event)
      if case .epoch(let report, _) = event { try events?.add(report, time: secondsSince1970()) }
    } catch {
      // The run is worth more than its curves.
      if !hasComplained { Console.error("Curves not written: \(error)") }
      hasComplained = true
    }
  }

  private func secondsSince1970() -> Double {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return Double(now.tv_sec) + Double(now.tv_nsec) / 1e9
  }
}
