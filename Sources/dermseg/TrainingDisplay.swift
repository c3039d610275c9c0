import Synchronization
import Training

/// Shows a training run: a bar that is drawn anew on a terminal, and a line per epoch everywhere.
final class TrainingDisplay: Sendable {
  private let epochs: Int
  private let isTerminal = Console.isTerminal
  private let barIsShown = Mutex(false)

  init(epochs: Int) {
    self.epochs = epochs
  }

  /// Shows one event.
  @Sendable func show(_ event: TrainingEvent) {
    switch event {
    case .prepared(let done, let count):
      bar("Reading photographs \(done)/\(count)")
      if done == count { clearBar() }
    case .started(let training, let validation, let epoch, let step, let stepsPerEpoch):
      line(
        "\(training) photographs to learn from, \(validation) held out, "
          + "\(stepsPerEpoch) steps per epoch.")
      if epoch > 1 || step > 1 { line("Going on in epoch \(epoch) at step \(step).") }
    case .step(let report):
      bar(report.barLine)
    case .epoch(let report, let isBest):
      line(report.line(of: epochs) + (isBest ? "  best" : ""))
    case .checkpoint:
      break
    }
  }

  private func bar(_ text: String) {
    guard isTerminal else { return }
    barIsShown.withLock { $0 = true }
    Console.write("\r\u{1B}[K" + text)
  }

  private func clearBar() {
    if barIsShown.withLock({ shown in
      defer { shown = false }
      return shown
    }) {
      Console.write("\r\u{1B}[K")
    }
  }

  private func line(_ text: String) {
    clearBar()
    Console.print(text)
  }
}
