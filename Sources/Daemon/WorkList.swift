import Files
import FolderWatching

/// What is known about each source, and what is to be done next.
///
/// Pure bookkeeping: files are looked at and time is read by the caller. What is queued, in hand or
/// waiting is kept by name; everything else in a ``FolderBook`` per folder. However many sources there
/// are, only some thousands are queued: when a folder's share of them is nearly done, the next ones
/// are taken from a listing.
package struct WorkList {
  package typealias Instant = ContinuousClock.Instant

  /// A source whose turn it is.
  package struct Item: Equatable, Sendable {
    package var path: SourcePath
    package var identity: FileIdentity
    package var quietSince: Instant
    /// How often it was tried in vain.
    package var attempts: Int
    package var name: FileName { path.name }
  }

  /// What became of a source that was in hand.
  package enum Outcome: Equatable {
    /// There is a valid mask, at this place of ``MaskName/candidates(for:)``.
    case done(FileIdentity, maskIndex: UInt8)
    /// Refused; tried again when it is replaced.
    case failed(FileIdentity, hasNote: Bool)
    /// Not a photograph after all.
    case ignored(FileIdentity)
    /// To be tried again later without having changed.
    case waiting(FileIdentity, quietSince: Instant, until: Instant, attempts: Int)
  }

  /// What a listing's caller has to find out about a name.
  package struct Meeting: Equatable {
    /// Which state the file is in, for ``observe(_:_:at:)``.
    package var needsExamination = false
    /// Whether its mask or note is still there.
    package var expects: FolderBook.Standing?
  }

  enum State: Equatable {
    /// Seen, but perhaps still being written; it is in `quiet`.
    case settling
    /// Quiet, waiting for its turn.
    case queued(FileIdentity, quietSince: Instant)
    /// Being read, computed or published.
    case inHand(FileIdentity)
    case waiting(FileIdentity, quietSince: Instant, until: Instant, attempts: Int)
  }

  struct Source {
    var state: State
    var isBacklog: Bool
    var listing: UInt8
    var attempts = 0
    var told: Set<Telling> = []
  }

  /// The most sources that are queued from what was there before, and the most that arrive.
  let limit: Int
  /// How many settled sources are examined again per second, on average.
  private let settledPerSecond: Int
  var active: [SourcePath: Source] = [:]
  var books: [SubfolderPath: FolderBook] = [:]
  var totals = FolderBook.Counts()
  var quiet: QuietFiles<SourcePath>
  var waiting: [SourcePath: Instant] = [:]
  /// None of those is to be tried before; perhaps none at that very time, either.
  var waitingUntil: Instant?
  var arrivals = FairQueue()
  var backlog = FairQueue()
  var suspects = FairQueue()
  var refill: Set<SubfolderPath> = []
  private var lastExamination: Instant?
  var isFirstPass = true
  /// Whether the present pass examines the sources that are settled too.
  package private(set) var examinesSettled = true

  /// How many sources are in which state.
  package struct Counts: Equatable {
    package var toDo = 0
    package var done = 0
    package var failed = 0

    package init(toDo: Int = 0, done: Int = 0, failed: Int = 0) {
      (self.toDo, self.done, self.failed) = (toDo, done, failed)
    }
  }

  package var counts: Counts {
    Counts(toDo: active.count + totals.deferred, done: totals.done, failed: totals.failed)
  }

  package init(settle: Duration, limit: Int = 4096, settledPerSecond: Int = 400) {
    quiet = QuietFiles(settle: settle)
    (self.limit, self.settledPerSecond) = (limit, settledPerSecond)
  }

  /// A list with another quiet time that has forgotten everything but what is in hand.
  package init(replacing other: WorkList, settle: Duration) {
    self.init(
      settle: settle, limit: other.limit, settledPerSecond: other.settledPerSecond)
    for (path, source) in other.active {
      guard case .inHand = source.state else { continue }
      active[path] = source
      books[path.folder, default: FolderBook()].activeCount += 1
    }
  }

  /// Forgets everything but what is in hand: the next pass finds all sources anew.
  package mutating func forgetAll() { self = WorkList(replacing: self, settle: quiet.settle) }

  // MARK: - Passes and listings

  /// Begins to look at all folders.
  ///
  /// - Parameters:
  ///   - now: Never earlier than in the call before.
  ///   - complete: Whether every source is examined in any case; otherwise those that are settled are the
  ///     more seldom the more there are: with 20,000 every 50 s.
  package mutating func beginPass(at now: Instant, complete: Bool = false) {
    let count = books.values.reduce(0) { $0 + $1.entries.count }
    let pause = Duration.milliseconds(count * 1000 / settledPerSecond)
    examinesSettled = complete || lastExamination.map { now >= $0 + pause } ?? true
    if examinesSettled { lastExamination = now }
  }

  /// Forgets the folders that were not found in this pass.
  package mutating func endPass(folders: Set<SubfolderPath>) {
    isFirstPass = false
    examinesSettled = false
    guard books.count > folders.count || !books.keys.allSatisfy(folders.contains) else { return }
    for folder in books.keys where !folders.contains(folder) {
      change(folder) { $0.beginListing() }
      endListing(of: folder)
      if books[folder]?.activeCount == 0 { books[folder] = nil }
    }
  }

  package mutating func beginListing(of folder: SubfolderPath) {
    refill.remove(folder)
    change(folder) { $0.beginListing() }
  }

  /// Notes that a listing shows a source, and says what is to be found out about it.
  package mutating func meet(_ path: SourcePath) -> Meeting {
    if let entry = books[path.folder]?.meet(path.name) {
      if entry.standing == .deferred { return Meeting(needsExamination: hasRoom(path.folder)) }
      return Meeting(needsExamination: examinesSettled, expects: entry.standing)
    }
    if let index = active.index(forKey: path) {
      let listing = books[path.folder]?.listing ?? 0
      if active.values[index].listing != listing {
        active.values[index].listing = listing
        books[path.folder]?.metCount += 1
      }
      return Meeting(needsExamination: true)
    }
    if hasRoomForNew(path.folder) { return Meeting(needsExamination: true) }
    change(path.folder) { $0.write(path.name, .deferred) }
    return Meeting()
  }

  /// Notes the present state of a source.
  package mutating func observe(_ path: SourcePath, _ identity: FileIdentity, at now: Instant) {
    if let source = active[path] {
      switch source.state {
      case .settling: quiet.observe(path, identity, at: now)
      // Whoever has it in hand compares when it comes back.
      case .inHand: break
      case .queued(let known, _), .waiting(let known, _, _, _):
        if known != identity { settle(path, identity, at: now) }
      }
    } else if let entry = books[path.folder]?.meet(path.name) {
      if entry.standing == .deferred {
        if hasRoom(path.folder) { admit(path, identity, isBacklog: true, at: now) }
      } else if entry.fingerprint != Optional(identity).hashValue {
        admit(path, identity, isBacklog: false, at: now)
      }
    } else if hasRoomForNew(path.folder) {
      admit(path, identity, isBacklog: isFirstPass, at: now)
    } else {
      change(path.folder) { $0.write(path.name, .deferred) }
    }
  }

  /// Forgets the sources that the listing did not show.
  package mutating func endListing(of folder: SubfolderPath) {
    change(folder) { $0.endListing() }
    guard let book = books[folder], book.metCount < book.activeCount else { return }
    for (path, source) in active where path.folder == folder && source.listing != book.listing {
      if case .inHand = source.state { continue }
      drop(path)
    }
  }

  /// Whether something is known about sources of a folder that are not in work.
  func hasOutcomes(in folder: SubfolderPath) -> Bool {
    guard let counts = books[folder]?.counts else { return false }
    return counts.done + counts.failed > 0
  }

  /// Whether sources of a folder wait for room in the queue.
  func hasDeferred(in folder: SubfolderPath) -> Bool {
    books[folder].map { $0.counts.deferred > 0 } ?? true
  }

  /// A folder whose next sources have room in the queue; nil if there is none.
  package mutating func takeFolderToRefill() -> SubfolderPath? { refill.popFirst() }

  /// Starts a source's quiet time anew, whatever is known about it.
  package mutating func settle(_ path: SourcePath, _ identity: FileIdentity, at now: Instant) {
    guard active[path] != nil else {
      admit(path, identity, isBacklog: false, at: now)
      return
    }
    quiet.forget(path)
    quiet.observe(path, identity, at: now)
    active[path]?.attempts = 0
    active[path]?.told.remove(.refusal)
    set(path, .settling)
  }

  /// Forgets a source that is not there any more; whoever has it in hand finds that out.
  package mutating func forget(_ path: SourcePath) {
    if case .inHand? = active[path]?.state { return }
    drop(path)
  }

  /// Forgets a source that was taken.
  package mutating func drop(_ path: SourcePath) {
    if active[path] != nil {
      quiet.forget(path)
      remove(path)
      noteRoom(path.folder)
    } else if books[path.folder] != nil {
      change(path.folder) { $0.strike(path.name) }
    }
  }

  /// Whether something is said about a source for the first time: that its rest is waited for, once; that
  /// it is refused, once for each state of it.
  package mutating func isFirst(_ telling: Telling, about path: SourcePath) -> Bool {
    active[path]?.told.insert(telling).inserted ?? false
  }

  /// What is said about a source.
  package enum Telling { case waiting, refusal }
}
