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
    list.beginPass(at: start + .seconds(seconds))
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
    list.beginPass(at: start + .seconds(2))
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

  // MARK: - Many sources, many folders

  private mutating func listing(
    _ text: String, _ names: [String], at seconds: Int, sizeBytes: Int = 1
  ) {
    let folder = SubfolderPath([name(text)])
    list.beginListing(of: folder)
    for text in names {
      let source = SourcePath(name(text), in: folder)
      if list.meet(source).needsExamination {
        list.observe(source, identity(sizeBytes), at: start + .seconds(seconds))
      }
    }
    list.endListing(of: folder)
  }

  private mutating func pass(_ folders: [(String, [String])], at seconds: Int) {
    list.beginPass(at: start + .seconds(seconds))
    for (text, names) in folders { listing(text, names, at: seconds) }
    list.endPass(folders: Set(folders.map { SubfolderPath([name($0.0)]) }))
  }

  @Test mutating func foldersTakeTurns() {
    let many = (0..<100).map { "m\($0)" }
    pass([("big", many), ("small", ["s1", "s2"]), ("one", ["o"])], at: 0)
    let first = (0..<6).compactMap { _ in next(at: 1) }
    #expect(first == ["big/m0", "small/s1", "one/o", "big/m1", "small/s2", "big/m2"])
    pass([("big", many + ["new"]), ("small", ["s1", "s2"]), ("one", ["o"])], at: 2)
    #expect(next(at: 3) == "big/new", "an arrival goes before the backlog of all")
  }

  @Test mutating func theQueueIsSharedBetweenFolders() {
    list = WorkList(settle: .seconds(1), limit: 40)
    let many = (0..<1000).map { "m\($0)" }
    pass([("a", many), ("b", many), ("c", ["x"])], at: 0)
    // The first folder alone took the whole queue, the others got a share each.
    let taken = all(at: 1)
    #expect(taken.count { $0.hasPrefix("a/") } == 40)
    #expect(taken.count { $0.hasPrefix("b/") } == 20)
    #expect(taken.contains("c/x"))
    #expect(list.counts.toDo == 2001)
  }

  @Test mutating func anArrivalGoesBeforeWhatHadNoRoom() {
    list = WorkList(settle: .seconds(1), limit: 4)
    let many = (0..<100).map { "m\($0)" }
    pass([("a", many)], at: 0)
    pass([("a", many + ["new"])], at: 1)
    #expect(next(at: 2) == "a/new")
  }

  @Test mutating func whatVanishesIsForgottenWhereverItWaits() {
    list = WorkList(settle: .seconds(1), limit: 4)
    pass([("a", (0..<100).map { "m\($0)" })], at: 0)
    #expect(list.counts.toDo == 100)
    pass([("a", (50..<60).map { "m\($0)" })], at: 1)
    #expect(list.counts.toDo == 10)
    pass([("b", [])], at: 1)
    #expect(list.counts == WorkList.Counts())
  }

  @Test mutating func manySettledSourcesAreExaminedSeldom() {
    list = WorkList(settle: .seconds(1), limit: 1000, settledPerSecond: 10)
    let names = (0..<100).map { "m\($0)" }
    pass([("a", names)], at: 0)
    while let item = list.next(at: start + .seconds(1), isSuspect: { _, _ in false }) {
      list.finish(item.path, .done(item.identity, maskIndex: 0))
    }
    let folder = SubfolderPath([name("a")])
    func examined(at seconds: Int, complete: Bool = false) -> Int {
      list.beginPass(at: start + .seconds(seconds), complete: complete)
      list.beginListing(of: folder)
      var count = 0
      for text in names where list.meet(SourcePath(name(text), in: folder)).needsExamination {
        count += 1
      }
      list.endListing(of: folder)
      list.endPass(folders: [folder])
      return count
    }
    let counts = [1, 9, 10, 15, 19, 20].map { examined(at: $0) }
    #expect(counts == [0, 0, 100, 0, 0, 100], "100 sources, 10 per second")
    let afterLoss = examined(at: 21, complete: true)
    #expect(afterLoss == 100, "when events were lost, all")
  }

  @Test mutating func whatIsSaidOnceIsSaidOnce() {
    listing(["a"], at: 0)
    let first = [
      list.isFirst(.waiting, about: path("a")), list.isFirst(.refusal, about: path("a")),
    ]
    #expect(first == [true, true])
    let second = list.isFirst(.waiting, about: path("a"))
    #expect(!second)
    list.settle(path("a"), identity(2), at: start)
    let third = [
      list.isFirst(.waiting, about: path("a")), list.isFirst(.refusal, about: path("a")),
    ]
    #expect(third == [false, true], "another state, another refusal")
  }

  @Test func aFolderIsUnchangedOnlyWhenItsTimeIsOldEnough() {
    var folder = UnchangedFolder()
    let time = [FileTime(seconds: 1, nanoseconds: 0)]
    // Within 3 s of the time's first being seen, a change may have left it as it was.
    let listed = [0, 1, 3, 4, 9].map { folder.mustBeListed(time, at: start + .seconds($0)) }
    #expect(listed == [true, true, true, false, false])
    let changed = folder.mustBeListed([nil], at: start + .seconds(10))
    #expect(changed)
  }
}
