import Synchronization

/// A line of a terminal that is drawn anew as a training run proceeds.
///
/// Where there is no terminal nothing is drawn. Whoever writes other lines clears the bar first.
public final class ProgressBar: Sendable {
  private let isTerminal: Bool
  private let write: @Sendable (String) -> Void
  private let isDrawn = Mutex(false)

  /// Makes a bar.
  ///
  /// - Parameters:
  ///   - isTerminal: whether there is a terminal to draw on.
  ///   - write: writes text to it as it is.
  public init(isTerminal: Bool, write: @escaping @Sendable (String) -> Void) {
    self.isTerminal = isTerminal
    self.write = write
  }

  /// Draws what an event tells, or clears the bar when the event ends something.
  public func show(_ event: TrainingEvent) {
    switch event {
    case .prepared(let done, let count):
      draw("Reading photographs \(bar(done, of: count)) \(done)/\(count)")
      if done == count { clear() }
    case .step(let report):
      draw(report.barLine)
    case .started, .epoch, .leftOut, .note:
      clear()
    case .resumed, .checkpoint:
      break
    }
  }

  /// Makes the line empty, if something was drawn.
  public func clear() {
    let wasDrawn = isDrawn.withLock { drawn in
      defer { drawn = false }
      return drawn
    }
    if wasDrawn { write("\r\u{1B}[K") }
  }

  private func draw(_ text: String) {
    guard isTerminal else { return }
    isDrawn.withLock { $0 = true }
    write("\r\u{1B}[K" + text)
  }
}
