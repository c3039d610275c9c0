import Files

/// Decides whether a mask gets an entry of its own, or is counted because very many come at once.
///
/// Up to ``limit`` masks in ``window`` have one entry each. When there are more, the masks are counted, and
/// one entry per window says how many, until there are few again. journald drops what a service says
/// beyond 10,000 entries in 30 s (journald.conf(5), RateLimitBurst=): at most 357 of those are used so.
package struct BulkTally {
  package typealias Instant = ContinuousClock.Instant

  package static let limit = 50
  package static let window = Duration.seconds(5)

  /// What was counted instead of being told singly.
  package struct Summary: Equatable {
    package var count: Int
    /// How many of them somebody should look at.
    package var flagged: Int
    package var time: Duration
    package var last: SourcePath
  }

  private var windowBegan: Instant?
  private var seenInWindow = 0
  private var isCounting = false
  private var counted: (count: Int, flagged: Int, since: Instant, last: SourcePath)?

  package init() {}

  /// When the next summary has to be told; nil if there is nothing to tell.
  package var due: Instant? { counted.map { $0.since + Self.window } }

  /// Takes note of a mask.
  ///
  /// - Parameter isFlagged: Whether somebody should look at it.
  /// - Returns: Whether it gets an entry of its own.
  package mutating func isToldSingly(
    _ path: SourcePath, isFlagged: Bool = false, at now: Instant
  ) -> Bool {
    if windowBegan.map({ now >= $0 + Self.window }) ?? true {
      // A quiet window ends the counting, also one in which nothing came at all.
      let isNext = windowBegan.map { now < $0 + Self.window * 2 } ?? false
      isCounting = isCounting && isNext && seenInWindow > Self.limit
      (windowBegan, seenInWindow) = (now, 0)
    }
    seenInWindow += 1
    if seenInWindow > Self.limit { isCounting = true }
    guard isCounting else { return true }
    counted = (
      (counted?.count ?? 0) + 1, (counted?.flagged ?? 0) + (isFlagged ? 1 : 0),
      counted?.since ?? now, path
    )
    return false
  }

  /// What is to be told now, if anything is; counting starts anew then.
  package mutating func takeSummary(at now: Instant, evenIfEarly: Bool = false) -> Summary? {
    guard let counted, evenIfEarly || now >= counted.since + Self.window else { return nil }
    self.counted = nil
    return Summary(
      count: counted.count, flagged: counted.flagged, time: now - counted.since,
      last: counted.last)
  }
}
