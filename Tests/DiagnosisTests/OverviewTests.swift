import Daemon
import Diagnosis
import Files
import TemporaryFolders
import Testing

@Suite struct OverviewTests {
  private let scene: Scene

  init() throws { scene = try Scene() }

  private func overview(
    isRecursive: Bool = false, model: String? = nil
  ) throws -> FolderOverview {
    try FolderOverview(
      testFolder: scene.folder.appending("test"), resultsFolder: scene.folder.appending("Results"),
      isRecursive: isRecursive, modelSHA256: model ?? scene.modelSHA256, maskSettings: .standard)
  }

  @Test func eachPhotographIsDoneFailedOrWaits() throws {
    try scene.mask("done.jpg", of: try scene.drop("done.jpg"))
    try scene.note("bad.jpg", of: try scene.drop("bad.jpg"), reason: "it is a letter.")
    _ = try scene.drop("new.png")
    _ = try scene.drop("letter.txt")
    _ = try scene.drop("no-image")
    _ = try scene.drop(".hidden.jpg")
    let found = try overview()
    #expect(found.counts == WorkList.Counts(toDo: 1, done: 1, failed: 1))
    #expect(found.done.map(\.source.description) == ["done.jpg"])
    #expect(found.done.map(\.mask.description) == ["done_segmentation.png"])
    #expect(found.failed.map(\.reason) == ["it is a letter."])
    #expect(found.waiting.map(\.description) == ["new.png"])
  }

  @Test func whatWasReplacedOrIsOfAnotherModelWaits() throws {
    try scene.mask("a.jpg", of: try scene.drop("a.jpg"))
    try scene.note("b.jpg", of: try scene.drop("b.jpg"), reason: "bad.")
    try scene.mask("c.jpg", of: try scene.drop("c.jpg"), model: "other")
    _ = try scene.drop("a.jpg", "other bytes")
    _ = try scene.drop("b.jpg", "other bytes")
    #expect(try overview().counts == WorkList.Counts(toDo: 3))
    #expect(try overview().toBeRemade == 1, "c: a has a mask of other bytes")
    #expect(try overview(model: "other").counts == WorkList.Counts(toDo: 2, done: 1))
  }

  @Test func whatWasMadeWithOtherSettingsIsToBeRemade() async throws {
    try scene.mask("a.jpg", of: try scene.drop("a.jpg"))
    try scene.mask("b.jpg", of: try scene.drop("b.jpg"), settings: .plain)
    try scene.mask("c.jpg", of: try scene.drop("c.jpg"), settings: nil)
    _ = try scene.drop("d.jpg")
    #expect(try overview().counts == WorkList.Counts(toDo: 3, done: 1))
    #expect(try overview().toBeRemade == 2)
    let status = try ServiceStatus(
      try await scene.settings(), systemd: noSystemd, journal: JournalTail(entries: []), now: 5030)
    #expect((status.waiting, status.toBeRemade, status.done) == (3, 2, 1))
  }

  @Test func subfoldersCountWhereTheyAreWanted() throws {
    try scene.mask("ward/a.jpg", of: try scene.drop("ward/a.jpg"))
    try scene.note("ward/b.jpg", of: try scene.drop("ward/b.jpg"), reason: "bad.")
    #expect(try overview().counts == WorkList.Counts())
    let found = try overview(isRecursive: true)
    #expect(found.counts == WorkList.Counts(done: 1, failed: 1))
    #expect(found.done.map(\.mask.description) == ["ward/a_segmentation.png"])
    #expect(found.failed.map(\.source.description) == ["ward/b.jpg"])
  }

  @Test func withoutAResultsFolderEverythingWaits() throws {
    _ = try scene.drop("a.jpg")
    scene.folder.run(#"rmdir "$D/Results""#)
    #expect(try overview().counts == WorkList.Counts(toDo: 1))
    scene.folder.run(#"rm -r "$D/test""#)
    #expect(throws: FileError.self) { try overview() }
  }

  @Test func aDamagedMaskIsNone() throws {
    try scene.mask("a.jpg", of: try scene.drop("a.jpg"))
    scene.folder.run(#"truncate -s -5 "$D/Results/a_segmentation.png""#)
    #expect(try overview().counts == WorkList.Counts(toDo: 1))
  }

  @Test func theNewestMasksComeFirstAndAreCounted() throws {
    for name in ["a", "b", "c"] { try scene.mask("\(name).jpg", of: try scene.drop("\(name).jpg")) }
    scene.folder.run(
      """
      cd "$D/Results"; touch -d @1000 a_segmentation.png; touch -d @5000 b_segmentation.png
      touch -d @4950 c_segmentation.png
      """)
    let found = try overview()
    #expect(found.done.map(\.source.description) == ["b.jpg", "c.jpg", "a.jpg"])
    let now = FileTime(seconds: 5000, nanoseconds: 0)
    #expect(found.publishedCount(within: 49, before: now) == 1)
    #expect(found.publishedCount(within: 60, before: now) == 2)
    #expect(found.publishedCount(within: 86_400, before: now) == 3)
  }

  @Test func aStatusHasWhatFoldersJournalAndSystemdSay() async throws {
    try scene.mask("a.jpg", of: try scene.drop("a.jpg"))
    _ = try scene.drop("b.jpg")
    scene.folder.run(#"touch -d @5000 "$D/Results/a_segmentation.png""#)
    let journal = JournalTail(entries: [
      JournalTail.Entry(source: SourcePath(name("a.jpg")), durationMilliseconds: 1250)
    ])
    let unit =
      "LoadState=loaded\nActiveState=active\nMainPID=4711\nStatusText=Watching. A=b\n"
    let status = try ServiceStatus(
      try await scene.settings(), systemd: systemd(["dermsegd.service": unit]), journal: journal,
      now: 5030)
    #expect((status.waiting, status.done, status.failed) == (1, 1, 0))
    #expect(status.lastMinute == 1 && status.secondsLeft == 60)
    #expect(status.model?.hasPrefix("tiny-") == true)
    #expect(status.unitState == "active" && status.unitStatus == "Watching. A=b")
    #expect(status.process == 4711)
    let latest = try #require(status.latest.first)
    #expect(latest.file == "a.jpg" && latest.areaPercent == 25 && latest.seconds == 1.25)
    #expect(latest.published == 5000)
  }
}
