import Files

/// Tells which files have not changed for a while, so that none is read while it is being written.
///
/// Time is the caller's, from a clock that does not jump; a wall clock set back or forward changes
/// nothing, and modification times are only compared for equality.
public struct QuietFiles<Name: Hashable & Sendable>: Sendable {
  /// A file that has been quiet for long enough.
  public struct Quiet: Sendable, Equatable {
    /// Its name.
    public var name: Name
    /// Which state of it was quiet.
    public var identity: FileIdentity
    /// When this state was first seen.
    public var since: ContinuousClock.Instant
  }

  /// How long a file must not have changed.
  public let settle: Duration
  private var files: [Name: (identity: FileIdentity, since: ContinuousClock.Instant)] = [:]
  /// In the order of `since`; an entry whose time differs from that in `files` is out of date.
  private var order: [(name: Name, since: ContinuousClock.Instant)] = []
  private var head = 0

  /// Creates an empty collection.
  ///
  /// - Parameter settle: How long a file must not have changed.
  public init(settle: Duration) { self.settle = settle }

  /// Number of files that are waited for.
  public var count: Int { files.count }

  /// Notes the present state of a file; a state other than the last one starts its time anew.
  ///
  /// - Parameter now: Never earlier than in the call before.
  public mutating func observe(
    _ name: Name, _ identity: FileIdentity, at now: ContinuousClock.Instant
  ) {
    if let known = files[name], known.identity == identity { return }
    files[name] = (identity, now)
    order.append((name, now))
  }

  /// Whether a file is waited for.
  public func contains(_ name: Name) -> Bool { files[name] != nil }

  /// Stops waiting for a file.
  public mutating func forget(_ name: Name) { files[name] = nil }

  /// Removes and returns the files that have been quiet for long enough.
  public mutating func takeQuiet(at now: ContinuousClock.Instant) -> [Quiet] {
    var quiet: [Quiet] = []
    while head < order.count, order[head].since + settle <= now {
      let (name, since) = order[head]
      head += 1
      guard let file = files[name], file.since == since else { continue }
      files[name] = nil
      quiet.append(Quiet(name: name, identity: file.identity, since: since))
    }
    if head > 64, head > order.count / 2 {
      order.removeFirst(head)
      head = 0
    }
    return quiet
  }

  /// When ``takeQuiet(at:)`` can have something next; nil if nothing is waited for.
  public var nextInstant: ContinuousClock.Instant? {
    for (name, since) in order[head...] where files[name]?.since == since { return since + settle }
    return nil
  }
}
