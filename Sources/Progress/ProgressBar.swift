import Synchronization

/// A line of a terminal that is drawn anew as work proceeds.
///
/// What is over within a second is not drawn, and nothing ten times a second. Whoever writes other
/// lines clears the bar first; it is drawn again with the next step.
public final class ProgressBar: Sendable {
  /// Time that never goes back.
  public typealias Instant = ContinuousClock.Instant

  private struct State {
    var isHidden: Bool
    /// What is being done, and since when.
    var work: (what: String, since: Instant)?
    var drawnAt: Instant?
    var isDrawn = false
  }

  private let now: @Sendable () -> Instant
  private let columns: @Sendable () -> Int
  private let write: @Sendable (String) -> Void
  private let state: Mutex<State>

  private static let patience = Duration.seconds(1)
  private static let pause = Duration.milliseconds(100)

  /// Makes a bar.
  ///
  /// - Parameters:
  ///   - isTerminal: Whether there is a terminal to draw on; where there is none nothing is drawn.
  ///   - now: The time.
  ///   - columns: How wide the terminal is at the moment: a line that wraps cannot be drawn anew.
  ///   - write: Writes text to it as it is.
  public init(
    isTerminal: Bool, now: @escaping @Sendable () -> Instant = { ContinuousClock().now },
    columns: @escaping @Sendable () -> Int = { 80 }, write: @escaping @Sendable (String) -> Void
  ) {
    (self.now, self.columns, self.write) = (now, columns, write)
    state = Mutex(State(isHidden: !isTerminal))
  }

  /// From now on nothing is drawn.
  public func hide() {
    clear()
    state.withLock { $0.isHidden = true }
  }

  /// Shows how much of something is done, and what the rest will take; clears the bar at its end.
  ///
  /// - Parameters:
  ///   - what: What is being done: `Segmenting`. Other words begin another work.
  ///   - done: How many steps are over.
  ///   - count: Of how many.
  public func show(_ what: String, done: Int, of count: Int) {
    guard done < count else {
      clear()
      state.withLock { $0.work = nil }
      return
    }
    let now = now()
    let since = state.withLock { state in
      if let work = state.work, work.what == what { return work.since }
      state.work = (what, now)
      return now
    }
    guard now - since >= Self.patience else { return }
    let milliseconds = Double((now - since) / .milliseconds(1))
    let rest = done > 0 ? milliseconds * Double(count - done) / Double(done) : 0
    let left = done > 0 ? ["\(spelled(.milliseconds(Int(rest.rounded())))) left"] : []
    draw(BarLine(what, done: done, of: count, details: left))
  }

  /// Draws a line.
  public func draw(_ line: BarLine) {
    let now = now()
    let isDue = state.withLock { state in
      if state.isHidden { return false }
      if state.isDrawn, let drawnAt = state.drawnAt, now - drawnAt < Self.pause { return false }
      (state.isDrawn, state.drawnAt) = (true, now)
      return true
    }
    if isDue { write("\r\u{1B}[K" + line.text(columns: max(1, columns() - 1))) }
  }

  /// Makes the line empty, if something was drawn.
  public func clear() {
    let wasDrawn = state.withLock { state in
      defer { state.isDrawn = false }
      return state.isDrawn
    }
    if wasDrawn { write("\r\u{1B}[K") }
  }
}
