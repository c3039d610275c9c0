import Files
import FolderWatching

/// What is known about each source, and what is to be done next.
///
/// Pure bookkeeping: files are looked at and time is read by the caller. It holds names and
/// identities only, about 200 bytes per file.
package struct WorkList {
  package typealias Instant = ContinuousClock.Instant

  /// Where a source stands. Settling sources are in `quiet`.
  package enum State: Equatable {
    /// Seen, but perhaps still being written.
    case settling
    /// Quiet, waiting for its turn.
    case queued(FileIdentity, quietSince: Instant)
    /// Being read, computed or published.
    case inHand(FileIdentity)
    /// There is a valid mask.
    case done(FileIdentity, mask: FileName)
    /// Refused; tried again when it is replaced.
    case failed(FileIdentity, hasNote: Bool)
    /// Not a photograph after all.
    case ignored(FileIdentity)
    /// To be tried again later without having changed.
    case waiting(FileIdentity, quietSince: Instant, until: Instant, attempts: Int)
  }

  /// A source whose turn it is.
  package struct Item: Equatable {
    package var name: FileName
    package var identity: FileIdentity
    package var quietSince: Instant
    /// How often it was tried in vain.
    package var attempts: Int
  }

  private struct Source {
    var state: State
    var lastListing: Int
    var isBacklog: Bool
    var attempts = 0
  }

  private var sources: [FileName: Source] = [:]
  private var quiet: QuietFiles
  private var waiting: [FileName: Instant] = [:]
  private var arrivals = NameQueue()
  private var backlog = NameQueue()
  private var suspects = NameQueue()
  private var listing = 0
  package private(set) var counts = Counts()

  /// How many sources are in which state.
  package struct Counts: Equatable {
    package var toDo = 0
    package var done = 0
    package var failed = 0

    package init(toDo: Int = 0, done: Int = 0, failed: Int = 0) {
      (self.toDo, self.done, self.failed) = (toDo, done, failed)
    }
  }

  package init(settle: Duration) { quiet = QuietFiles(settle: settle) }

  /// A list with another quiet time that has forgotten everything but what is in hand.
  package init(replacing other: WorkList, settle: Duration) {
    self.init(settle: settle)
    for (name, source) in other.sources {
      guard case .inHand = source.state else { continue }
      sources[name] = source
      count(nil, source.state)
    }
  }

  // MARK: - Listings

  package mutating func beginListing() { listing += 1 }

  /// Notes what a listing says about one source.
  package mutating func observe(_ name: FileName, _ identity: FileIdentity, at now: Instant) {
    guard var source = sources[name] else {
      // The first listing finds what was there before; arrivals go before it.
      sources[name] = Source(state: .settling, lastListing: listing, isBacklog: listing <= 1)
      count(nil, .settling)
      quiet.observe(name, identity, at: now)
      return
    }
    source.lastListing = listing
    sources[name] = source
    switch source.state {
    case .settling:
      quiet.observe(name, identity, at: now)
    case .inHand:
      // Whoever has it in hand compares when it comes back.
      break
    case .queued(let known, _), .done(let known, _), .failed(let known, _), .ignored(let known),
      .waiting(let known, _, _, _):
      if known != identity { settle(name, identity, at: now) }
    }
  }

  /// Forgets the sources that the listing did not show.
  package mutating func endListing() {
    for (name, source) in sources where source.lastListing != listing {
      if case .inHand = source.state { continue }
      forget(name)
    }
  }

  /// Starts a source's quiet time anew.
  package mutating func settle(_ name: FileName, _ identity: FileIdentity, at now: Instant) {
    guard sources[name] != nil else { return }
    quiet.forget(name)
    quiet.observe(name, identity, at: now)
    sources[name]?.attempts = 0
    set(name, .settling)
  }

  package mutating func forget(_ name: FileName) {
    guard let source = sources.removeValue(forKey: name) else { return }
    count(source.state, nil)
    quiet.forget(name)
    waiting[name] = nil
  }

  /// Forgets everything: the next listing finds all sources anew.
  package mutating func forgetAll() {
    self = WorkList(replacing: self, settle: quiet.settle)
  }

  // MARK: - Turns

  /// The next source whose turn it is.
  ///
  /// - Parameter isSuspect: Whether a source must wait until everything else is done.
  package mutating func next(
    at now: Instant, isSuspect: (FileName, FileIdentity) -> Bool
  ) -> Item? {
    for ready in quiet.takeQuiet(at: now) {
      guard let source = sources[ready.name] else { continue }
      set(ready.name, .queued(ready.identity, quietSince: ready.since))
      if isSuspect(ready.name, ready.identity) {
        suspects.append(ready.name)
      } else if source.isBacklog {
        backlog.append(ready.name)
      } else {
        arrivals.append(ready.name)
      }
    }
    for (name, until) in waiting where until <= now {
      waiting[name] = nil
      guard case .waiting(let identity, let since, _, let attempts)? = sources[name]?.state else {
        continue
      }
      set(name, .queued(identity, quietSince: since))
      sources[name]?.attempts = attempts
      arrivals.append(name)
    }
    while let name = arrivals.pop() ?? backlog.pop() ?? suspects.pop() {
      // A name can be in a queue after its source changed or went away.
      guard let source = sources[name], case .queued(let identity, let since) = source.state else {
        continue
      }
      set(name, .inHand(identity))
      return Item(
        name: name, identity: identity, quietSince: since, attempts: source.attempts)
    }
    return nil
  }

  /// Puts a source that was taken back in front.
  package mutating func putBack(_ item: Item) {
    guard sources[item.name] != nil else { return }
    set(item.name, .queued(item.identity, quietSince: item.quietSince))
    arrivals.prepend(item.name)
  }

  /// Notes the outcome for a source that was taken.
  package mutating func finish(_ name: FileName, _ state: State) {
    guard sources[name] != nil else { return }
    sources[name]?.isBacklog = false
    if case .waiting(_, _, let until, _) = state { waiting[name] = until }
    set(name, state)
  }

  /// When there can be something to do next without any change; nil for never.
  package var nextInstant: Instant? {
    [quiet.nextInstant, waiting.values.min()].compactMap { $0 }.min()
  }

  /// Sources with a mask, for checking that it is still there.
  package var done: [(name: FileName, identity: FileIdentity, mask: FileName)] {
    sources.compactMap { name, source in
      if case .done(let identity, let mask) = source.state { (name, identity, mask) } else { nil }
    }
  }

  /// Sources with a note, for checking that it is still there.
  package var noted: [(name: FileName, identity: FileIdentity)] {
    sources.compactMap { name, source in
      if case .failed(let identity, true) = source.state { (name, identity) } else { nil }
    }
  }

  private mutating func set(_ name: FileName, _ state: State) {
    count(sources[name]?.state, state)
    sources[name]?.state = state
    if case .waiting = state {} else { waiting[name] = nil }
  }

  private mutating func count(_ old: State?, _ new: State?) {
    func add(_ state: State?, _ step: Int) {
      switch state {
      case .settling, .queued, .inHand, .waiting: counts.toDo += step
      case .done: counts.done += step
      case .failed: counts.failed += step
      case .ignored, nil: break
      }
    }
    add(old, -1)
    add(new, 1)
  }
}

/// First in, first out, at a constant cost per name.
private struct NameQueue {
  private var names: [FileName] = []
  private var head = 0

  mutating func append(_ name: FileName) { names.append(name) }

  mutating func prepend(_ name: FileName) {
    if head > 0 {
      head -= 1
      names[head] = name
    } else {
      names.insert(name, at: 0)
    }
  }

  mutating func pop() -> FileName? {
    guard head < names.count else { return nil }
    let name = names[head]
    head += 1
    if head > 1024, head > names.count / 2 {
      names.removeFirst(head)
      head = 0
    }
    return name
  }
}
