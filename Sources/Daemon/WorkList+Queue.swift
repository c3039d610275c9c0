import Files
import FolderWatching

/// Which sources have room in the queue, and how they enter and leave it.
extension WorkList {
  /// The share of the queue that one folder's old sources may have.
  private var share: Int { max(4, limit / max(1, books.count)) }

  func hasRoom(_ folder: SubfolderPath) -> Bool {
    guard let book = books[folder] else { return true }
    return book.activeCount - book.waitingCount < share
  }

  func hasRoomForNew(_ folder: SubfolderPath) -> Bool {
    isFirstPass ? hasRoom(folder) : active.count - waiting.count < 2 * limit
  }

  mutating func admit(
    _ path: SourcePath, _ identity: FileIdentity, isBacklog: Bool, at now: Instant
  ) {
    change(path.folder) {
      $0.strike(path.name)
      $0.activeCount += 1
      $0.metCount += 1
    }
    active[path] = Source(
      state: .settling, isBacklog: isBacklog, listing: books[path.folder]?.listing ?? 0)
    quiet.observe(path, identity, at: now)
  }

  mutating func write(
    _ path: SourcePath, _ standing: FolderBook.Standing, _ identity: FileIdentity
  ) {
    remove(path)
    change(path.folder) { $0.write(path.name, standing, of: identity) }
    noteRoom(path.folder)
  }

  /// Has the queue filled again when a folder's share of it is nearly done.
  mutating func noteRoom(_ folder: SubfolderPath) {
    guard let book = books[folder], book.counts.deferred > 0,
      book.activeCount - book.waitingCount <= share / 4
    else { return }
    refill.insert(folder)
  }

  mutating func remove(_ path: SourcePath) {
    set(path, .settling)
    guard let source = active.removeValue(forKey: path) else { return }
    change(path.folder) {
      $0.activeCount -= 1
      if source.listing == $0.listing { $0.metCount -= 1 }
    }
  }

  mutating func set(_ path: SourcePath, _ state: State) {
    active[path]?.state = state
    if waiting.removeValue(forKey: path) != nil { books[path.folder]?.waitingCount -= 1 }
    if case .waiting(_, _, let until, _) = state {
      waiting[path] = until
      waitingUntil = waitingUntil.map { min($0, until) } ?? until
      books[path.folder]?.waitingCount += 1
    }
  }

  mutating func change(_ folder: SubfolderPath, _ body: (inout FolderBook) -> Void) {
    let before = books[folder]?.counts ?? FolderBook.Counts()
    body(&books[folder, default: FolderBook()])
    let after = books[folder]?.counts ?? FolderBook.Counts()
    totals.deferred += after.deferred - before.deferred
    totals.done += after.done - before.done
    totals.failed += after.failed - before.failed
  }
}
