import Daemon
import Files
import TemporaryFolders
import Testing

@Suite struct WorkListTests {
  var list = WorkList(settle: .seconds(1))
  let start = ContinuousClock.now

  private func path(_ text: String) -> SourcePath { SourcePath(name(text)) }

  private func identity(_ sizeBytes: Int = 1) -> FileIdentity {
    FileIdentity(
      sizeBytes: sizeBytes, modified: FileTime(seconds: 0, nanoseconds: 0), inode: 1, device: 1)
  }

  private mutating func listing(_ names: [String], at seconds: Int, sizeBytes: Int = 1) {
    list.beginPass()
    list.beginListing(of: .top)
    for text in names {
      let source = path(text)
      if list.meet(source).needsExamination {
        list.observe(source, identity(sizeBytes), at: start + .seconds(seconds))
      }
    }
    list.endListing(of: .top)
    list.endPass(folders: [.top])
  }

  private mutating func next(at seconds: Int, suspects: [String] = []) -> String? {
    list.next(at: start + .seconds(seconds)) { candidate, _ in
      suspects.contains(candidate.description)
    }?.path.description
  }

  private mutating func all(at seconds: Int, suspects: [String] = []) -> [String] {
    var names: [String] = []
    while let name = next(at: seconds, suspects: suspects) { names.append(name) }
    return names
  }

  @Test mutating func nothingIsTakenBeforeItIsQuiet() {
    listing(["a"], at: 0)
    #expect(next(at: 0) == nil)
    #expect(list.nextInstant == start + .seconds(1))
    #expect(list.counts == WorkList.Counts(toDo: 1, done: 0, failed: 0))
    #expect(next(at: 1) == "a")
    #expect(next(at: 9) == nil, "only once")
  }

  @Test mutating func arrivalsGoBeforeTheBacklogAndSuspectsLast() {
    listing(["old1", "old2", "bad"], at: 0)
    #expect(next(at: 1, suspects: ["bad"]) == "old1")
    listing(["old1", "old2", "bad", "new1", "new2"], at: 2)
    #expect(all(at: 3, suspects: ["bad"]) == ["new1", "new2", "old2", "bad"])
  }

  @Test mutating func whatIsDoneComesAgainOnlyWhenItChanges() {
    listing(["a"], at: 0)
    #expect(next(at: 1) == "a")
    list.finish(path("a"), .done(identity(), maskIndex: 0))
    #expect(list.counts == WorkList.Counts(toDo: 0, done: 1, failed: 0))
    listing(["a"], at: 2)
    #expect(all(at: 9) == [])
    listing(["a"], at: 10, sizeBytes: 2)
    #expect(all(at: 10) == [], "quiet first")
    #expect(all(at: 11) == ["a"])
  }

  @Test mutating func whatFailedComesAgainOnlyWhenItChanges() {
    listing(["a"], at: 0)
    #expect(next(at: 1) == "a")
    list.finish(path("a"), .failed(identity(), hasNote: true))
    #expect(list.counts.failed == 1)
    listing(["a"], at: 2)
    #expect(all(at: 9) == [])
    listing(["a"], at: 10, sizeBytes: 2)
    #expect(all(at: 11) == ["a"])
  }

  @Test mutating func whatHasToWaitComesAgainInTime() {
    listing(["a"], at: 0)
    #expect(next(at: 1) == "a")
    list.finish(
      path("a"),
      .waiting(
        identity(), quietSince: start, until: start + .seconds(60), attempts: 3))
    #expect(list.nextInstant == start + .seconds(60))
    #expect(next(at: 59) == nil)
    let again = list.next(at: start + .seconds(60)) { _, _ in false }
    #expect(again?.path == path("a"))
    #expect(again?.attempts == 3)
    #expect(again?.quietSince == start)
    #expect(next(at: 99) == nil)
  }

  @Test mutating func aChangeEndsTheWaiting() {
    listing(["a"], at: 0)
    #expect(next(at: 1) == "a")
    list.finish(
      path("a"), .waiting(identity(), quietSince: start, until: start + .seconds(60), attempts: 1))
    listing(["a"], at: 2, sizeBytes: 2)
    let item = list.next(at: start + .seconds(3)) { _, _ in false }
    #expect(item?.identity == identity(2))
    #expect(item?.attempts == 0)
    list.finish(path("a"), .done(identity(2), maskIndex: 0))
    #expect(all(at: 99) == [], "the old waiting does not come back")
  }

  @Test mutating func whatIsGoneIsForgotten() {
    listing(["a", "b"], at: 0)
    listing(["b"], at: 0)
    #expect(all(at: 1) == ["b"])
    list.finish(path("b"), .done(identity(), maskIndex: 0))
    listing([], at: 2)
    #expect(list.counts == WorkList.Counts())
    listing(["b"], at: 3)
    #expect(all(at: 4) == ["b"], "and found anew when it comes back")
  }

  @Test mutating func whatIsInHandStaysInHandWhateverAListingSays() {
    listing(["a"], at: 0)
    #expect(next(at: 1) == "a")
    listing([], at: 2)
    listing(["a"], at: 3, sizeBytes: 2)
    #expect(all(at: 9) == [])
    #expect(list.counts.toDo == 1)
  }

  @Test mutating func whatIsPutBackComesFirst() throws {
    listing(["a", "b"], at: 0)
    let item = try #require(list.next(at: start + .seconds(1)) { _, _ in false })
    list.putBack(item)
    #expect(list.next(at: start + .seconds(1)) { _, _ in false } == item)
  }

  @Test mutating func forgettingAllFindsAllAgain() {
    listing(["a", "b"], at: 0)
    #expect(next(at: 1) == "a")
    list.finish(path("a"), .done(identity(), maskIndex: 0))
    list.forgetAll()
    #expect(list.counts == WorkList.Counts())
    listing(["a", "b"], at: 2)
    #expect(all(at: 3).sorted() == ["a", "b"])
  }

  @Test mutating func aListingSaysWhatMaskOrNoteToExpect() {
    listing(["a", "b", "c"], at: 0)
    #expect(all(at: 1).count == 3)
    list.finish(path("a"), .done(identity(), maskIndex: 1))
    list.finish(path("b"), .failed(identity(), hasNote: true))
    list.finish(path("c"), .failed(identity(), hasNote: false))
    list.beginPass()
    list.beginListing(of: .top)
    #expect(list.meet(path("a")).expects == .done(maskIndex: 1))
    #expect(list.meet(path("b")).expects == .failed(hasNote: true))
    #expect(list.meet(path("c")).expects == .failed(hasNote: false))
    #expect(list.meet(path("d")).expects == nil)
  }

  @Test mutating func hundredThousandFilesTakeNoQuadraticTime() {
    let names = (0..<100_000).map { "f\($0)" }
    listing(names, at: 0)
    var count = 0
    while let item = list.next(at: start + .seconds(1), isSuspect: { _, _ in false }) {
      list.finish(item.path, .done(item.identity, maskIndex: 0))
      count += 1
    }
    #expect(count == 4096, "the first ones; the others wait without being queued")
    #expect(list.counts == WorkList.Counts(toDo: 100_000 - 4096, done: 4096, failed: 0))
    while let folder = list.takeFolderToRefill() {
      #expect(folder == .top)
      list.beginListing(of: .top)
      for text in names where list.meet(path(text)).needsExamination {
        list.observe(path(text), identity(), at: start + .seconds(2))
      }
      list.endListing(of: .top)
      while let item = list.next(at: start + .seconds(3), isSuspect: { _, _ in false }) {
        list.finish(item.path, .done(item.identity, maskIndex: 0))
        count += 1
      }
    }
    #expect(count == names.count)
    listing(names, at: 4)
    #expect(list.counts == WorkList.Counts(toDo: 0, done: 100_000, failed: 0))
  }
}
