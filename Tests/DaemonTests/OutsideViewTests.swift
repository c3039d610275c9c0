import Daemon
import Files
import Images
import TemporaryFolders
import TestScaffold
import Testing

/// What others see of a daemon's folders, and what they do there, while it works.
@Suite struct OutsideViewTests {
  private let daemon: TinyDaemon

  init() throws { daemon = try TinyDaemon() }

  private func overview() async throws -> FolderOverview {
    let settings = try await daemon.settings()
    return try FolderOverview(
      testFolder: settings.testFolder, resultsFolder: settings.resultsFolder, isRecursive: false,
      modelSHA256: sha256Hex(try daemon.modelBytes(seed: 1)), maskSettings: settings.masks)
  }

  /// Every kind of entry that the daemon tells apart is told apart in the same way from outside.
  @Test func theOverviewAgreesWithTheDaemon() async throws {
    try daemon.drop(1, as: "a.jpg")
    try daemon.drop(2, as: "a.png")
    try daemon.drop(try PNGEncoder.encode(DrawnPair(index: 3).image), as: "without-extension")
    try daemon.drop(Array("a letter".utf8), as: "letter.jpg")
    try daemon.drop(Array("a list".utf8), as: "list")
    try daemon.drop(Array("text".utf8), as: "notes.txt")
    daemon.folder.run(#"mkdir "$D/test/folder.jpg"; ln -s a.jpg "$D/test/link.jpg""#)
    #expect(try await overview().counts == WorkList.Counts(toDo: 6))
    try await daemon.run {
      try await daemon.until("masks and notes") {
        try daemon.masks().count == 3 && daemon.notes().count == 3
      }
      let seen = try await overview()
      #expect(seen.counts == WorkList.Counts(done: 3, failed: 3))
      #expect(
        seen.failed.map(\.source.description).sorted() == ["folder.jpg", "letter.jpg", "link.jpg"])
      #expect(seen.failed.allSatisfy { !$0.reason.isEmpty })
    }
  }

  @Test func aPhotographThatIsLeftAloneIsPardonedWhileTheDaemonRuns() async throws {
    try daemon.drop(1, as: "a.png")
    let path = daemon.folder.appending("test").appending(name("a.png"))
    let identity = try #require(try fileStatus(at: path)).identity
    daemon.folder.run(#"mkdir "$D/state""#)
    try publishFile(
      Array("a.png \(identity.sizeBytes) \(identity.modified) 2 2 .\n".utf8),
      at: daemon.folder.appending("state").appending(name("suspects")))
    try await daemon.run {
      try await daemon.until("its note") { daemon.exists("Results/failed/a.png.txt") }
      #expect(try daemon.note("a.png.txt").contains("it leaves it alone"))
      try SecondChance.give(
        to: SourcePath(name("a.png")),
        results: try DirectoryHandle(opening: daemon.folder.appending("Results")),
        state: try DirectoryHandle(opening: daemon.folder.appending("state")))
      try await daemon.until("its mask") { daemon.exists("Results/a_segmentation.png") }
      try await daemon.until("its note gone") { !daemon.exists("Results/failed/a.png.txt") }
    }
    #expect(daemon.folder.run(#"ls "$D/state" | grep -E 'pardon|suspects'"#) == 1)
  }
}
