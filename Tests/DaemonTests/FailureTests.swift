import Daemon
import Files
import Images
import TemporaryFolders
import TestScaffold
import Testing

/// What cannot be segmented leaves a reason, and nothing else suffers.
@Suite(.timeLimit(.minutes(5))) struct FailureTests {
  let daemon: TinyDaemon

  init() throws { daemon = try TinyDaemon() }

  private func jpeg() throws -> [UInt8] {
    try JPEGEncoder.encode(DrawnPair(index: 1, width: 200, height: 150).image)
  }

  @Test func aTextFileIsExplainedAndTheNextPhotographProcessed() async throws {
    try daemon.drop(Array("hello".utf8), as: "text.jpg")
    try await daemon.run {
      try await daemon.until("note") { daemon.exists("Results/failed/text.jpg.txt") }
      try daemon.drop(1, as: "good.jpg")
      try await daemon.until("mask") { daemon.exists("Results/good_segmentation.png") }
    }
    #expect(
      try daemon.note("text.jpg.txt").hasPrefix(
        "Not segmented: text.jpg\n\nWhy: not a JPEG or PNG image"))
    #expect(try daemon.masks() == ["good_segmentation.png"])
    #expect(daemon.log.count("Not segmented: text.jpg: not a JPEG or PNG image") == 1)
    #expect(daemon.log.fields("Not segmented: text.jpg")?["reason"] != nil)
  }

  @Test func theNoteGoesWhenAGoodFileComes() async throws {
    try daemon.drop(Array("hello".utf8), as: "a.jpg")
    try await daemon.run {
      try await daemon.until("note") { daemon.exists("Results/failed/a.jpg.txt") }
      try daemon.drop(1, as: "a.jpg")
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
      try await daemon.until("no note") { !daemon.exists("Results/failed/a.jpg.txt") }
    }
  }

  @Test func anUnchangedFailureIsNotTriedAgainAfterARestart() async throws {
    try daemon.drop(Array("hello".utf8), as: "a.jpg")
    try await daemon.run {
      try await daemon.until("note") { daemon.exists("Results/failed/a.jpg.txt") }
    }
    try await daemon.run {
      try daemon.drop(1, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
    #expect(daemon.log.count("Not segmented: a.jpg") == 1)
  }

  @Test func deletingTheNoteTriesOnceMore() async throws {
    try daemon.drop(Array("hello".utf8), as: "a.jpg")
    try await daemon.run {
      try await daemon.until("note") { daemon.exists("Results/failed/a.jpg.txt") }
      daemon.folder.run(#"rm "$D/Results/failed/a.jpg.txt""#)
      try await daemon.until("note again") { daemon.exists("Results/failed/a.jpg.txt") }
    }
    #expect(daemon.log.count("Not segmented: a.jpg") == 2)
  }

  @Test func aCutPhotographWaitsForItsRestAndFailsWithoutIt() async throws {
    let whole = try jpeg()
    try daemon.drop(Array(whole.prefix(whole.count / 2)), as: "cut.jpg")
    try daemon.drop([], as: "empty.png")
    try await daemon.run(["settle-max": "1h"]) {
      try daemon.drop(1, as: "good.jpg")
      try await daemon.until("good") { daemon.exists("Results/good_segmentation.png") }
      #expect(!daemon.exists("Results/failed/cut.jpg.txt"), "it may still be in the making")
    }
    try await daemon.run {
      try await daemon.until("notes") {
        daemon.exists("Results/failed/cut.jpg.txt") && daemon.exists("Results/failed/empty.png.txt")
      }
    }
    #expect(try daemon.note("cut.jpg.txt").contains("ends too early"))
    #expect(try daemon.note("empty.png.txt").contains("empty"))
    #expect(try daemon.masks() == ["good_segmentation.png"])
  }

  @Test func theRestMayComeLate() async throws {
    let whole = try jpeg()
    try await daemon.run(["settle-max": "30s"]) {
      daemon.folder.run(#": > "$D/whole""#)
      try daemon.folder.handle.publish(whole, as: name("whole"))
      daemon.folder.run(#"head -c 3000 "$D/whole" > "$D/test/slow.jpg""#)
      // Longer than settle: it is looked at, found to be cut, and left for later.
      try await Task.sleep(for: .milliseconds(300))
      daemon.folder.run(#"tail -c +3001 "$D/whole" >> "$D/test/slow.jpg""#)
      try await daemon.until("mask") { daemon.exists("Results/slow_segmentation.png") }
    }
    #expect(try daemon.readMask("slow_segmentation.png").record.sourceSHA256 == sha256Hex(whole))
    #expect(daemon.log.count("Not segmented") == 0)
  }

  @Test func otherKindsOfFileAreExplainedAndNeverOpened() async throws {
    daemon.folder.run(
      #"cd "$D/test"; mkdir dir.jpg; mkfifo pipe.jpg; ln -s /etc/passwd link.jpg; ln -s x loop.jpg"#
    )
    try daemon.drop(1, as: "good.jpg")
    try await daemon.run {
      try await daemon.until("notes") {
        ["dir", "pipe", "link", "loop"].allSatisfy { daemon.exists("Results/failed/\($0).jpg.txt") }
      }
      try await daemon.until("good") { daemon.exists("Results/good_segmentation.png") }
    }
    #expect(try daemon.note("dir.jpg.txt").contains("it is a folder"))
    #expect(try daemon.note("pipe.jpg.txt").contains("it is a named pipe"))
    #expect(try daemon.note("link.jpg.txt").contains("it is a symbolic link"))
  }

  @Test func namesThatAreNoTextAreOneEntryEach() async throws {
    daemon.folder.run(
      """
      cd "$D/test"; for n in "$(printf 'x\\ny.jpg')" "$(printf '\\377\\376.jpg')" \
      "$(printf '\\033[2J.jpg')" "$(printf 'a%.0s' $(seq 251)).jpg" '-rf.jpg' '$(id).jpg'
      do echo no > "./$n"; done
      """)
    try await daemon.run {
      try await daemon.until("six entries") { daemon.log.count("Not segmented") == 6 }
    }
    #expect(daemon.log.count("Not segmented: x\\ny.jpg: not a JPEG") == 1)
    #expect(daemon.log.count("Not segmented: \\xff\\xfe.jpg: ") == 1)
    #expect(daemon.log.count("Not segmented: \\x1b[2J.jpg: ") == 1)
    #expect(daemon.folder.run(#"test "$(ls "$D/Results/failed" | wc -l)" -ge 6"#) == 0)
  }

  @Test func photographsWithSuchNamesGetMasks() async throws {
    let bytes = try jpeg()
    try daemon.folder.handle.publish(bytes, as: name("good"))
    daemon.folder.run(
      """
      cd "$D/test"; for n in "$(printf 'x\\ny.jpg')" "$(printf '\\377\\376.jpg')" \
      "$(printf 'a%.0s' $(seq 251)).jpg" '-rf.jpg' noextension; do cp ../good "./$n"; done
      """)
    try await daemon.run {
      try await daemon.until("five masks") { daemon.log.count("Segmented") == 5 }
    }
    #expect(try daemon.masks().count == 5)
    #expect(try daemon.masks().contains("noextension_segmentation.png"))
  }

  @Test func aFileWithoutExtensionThatIsNoPhotographIsLeftAlone() async throws {
    try daemon.drop(Array("just text".utf8), as: "README")
    try daemon.drop(Array("a,b".utf8), as: "table.csv")
    try await daemon.run {
      try daemon.drop(1, as: "good.jpg")
      try await daemon.until("good") { daemon.exists("Results/good_segmentation.png") }
    }
    #expect(!daemon.exists("Results/failed"))
    #expect(daemon.log.count("Not segmented") == 0)
  }

  @Test func unfinishedNamesAreIgnoredUntilTheyAreRenamed() async throws {
    try daemon.drop(1, as: "a.jpg.part")
    try daemon.drop(1, as: ".b.jpg.Xy12Zz")
    try await daemon.run {
      try daemon.drop(1, as: "c.jpg")
      try await daemon.until("c") { daemon.exists("Results/c_segmentation.png") }
      #expect(try daemon.masks() == ["c_segmentation.png"])
      #expect(daemon.rename("test/a.jpg.part", "test/a.jpg") == 0)
      try await daemon.until("a") { daemon.exists("Results/a_segmentation.png") }
    }
  }

  @Test func thatARestIsWaitedForIsSaidOnceAndEarly() async throws {
    let whole = try jpeg()
    try daemon.folder.handle.publish(whole, as: name("whole"))
    try await daemon.run(["settle-max": "1h"]) {
      daemon.folder.run(#"head -c 2000 "$D/whole" > "$D/test/slow.jpg""#)
      let words = "Waiting for the rest of slow.jpg: "
      try await daemon.until("told") { daemon.log.count(words) == 1 }
      // It grows, is looked at again, and is still cut.
      daemon.folder.run(
        #"tail -c +2001 "$D/whole" | head -c 500 >> "$D/test/slow.jpg"; : > "$D/test/empty.jpg""#)
      try await daemon.until("told of the other") {
        daemon.log.count("Waiting for the rest of empty.jpg: the file is empty") == 1
      }
      daemon.folder.run(#"tail -c +2501 "$D/whole" >> "$D/test/slow.jpg""#)
      try await daemon.until("mask") { daemon.exists("Results/slow_segmentation.png") }
      #expect(daemon.log.count(words) == 1)
    }
    #expect(daemon.log.count("Not segmented") == 0)
  }

  @Test func aNoteThatAKilledProcessLeftBesideAMaskGoes() async throws {
    try daemon.drop(1, as: "a.png")
    try await daemon.run {
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
    }
    daemon.folder.run(#"mkdir "$D/Results/failed"; echo old > "$D/Results/failed/a.png.txt""#)
    try await daemon.run {
      try await daemon.until("gone") { !daemon.exists("Results/failed/a.png.txt") }
    }
    #expect(daemon.log.count("Segmented: a.png") == 1)
  }

  @Test func aNoteThatCannotBeWrittenIsWrittenLater() async throws {
    daemon.folder.run(#"mkdir "$D/Results"; echo mine > "$D/Results/failed""#)
    try daemon.drop(Array("hello".utf8), as: "bad.jpg")
    try await daemon.run {
      try await daemon.until("told") {
        daemon.log.count("Not segmented yet: bad.jpg: No note") >= 1
      }
      try daemon.drop(1, as: "good.png")
      try await daemon.until("good") { daemon.exists("Results/good_segmentation.png") }
      daemon.folder.run(#"rm "$D/Results/failed""#)
      try await daemon.until("note") { daemon.exists("Results/failed/bad.jpg.txt") }
    }
    #expect(daemon.log.count("Not segmented: bad.jpg: not a JPEG or PNG") == 1, "said once")
  }
}
