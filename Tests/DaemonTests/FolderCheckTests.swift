import Daemon
import Files
import Images
import ModelStore
import Segmentation
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// The checker that ends every fault test must see each fault.
@Suite(.timeLimit(.minutes(5))) struct FolderCheckTests {
  let daemon: TinyDaemon
  let before: SourceManifest
  var check: FolderCheck

  /// Two masks and one note.
  init() async throws {
    daemon = try TinyDaemon()
    try daemon.drop(1, as: "a.jpg")
    try daemon.drop(2, as: "b.png")
    try daemon.drop(Array("no photograph".utf8), as: "c.jpg")
    before = try SourceManifest(of: DirectoryHandle(opening: daemon.folder.appending("test")))
    let daemon = daemon
    try await daemon.run {
      try await daemon.until("all three") {
        daemon.exists("Results/a_segmentation.png") && daemon.exists("Results/b_segmentation.png")
          && daemon.exists("Results/failed/c.jpg.txt")
      }
    }
    check = FolderCheck(
      testFolder: daemon.folder.appending("test"), resultsFolder: daemon.folder.appending("Results")
    )
    check.stateDirectory = daemon.folder.appending("state")
    check.manifest = before
    check.claims = [claim("a.jpg", "a_segmentation.png"), claim("b.png", "b_segmentation.png")]
    let model = try LoadedModel(file: daemon.folder.appending("tiny.safetensors"))
    check.model = (model.sha256, try Segmenter(model: model.model, threadCount: 1))
  }

  private func claim(_ file: String, _ mask: String) -> JournalClaim {
    JournalClaim(isDone: true, file: file, mask: mask)
  }

  /// The promises that are broken after a shell command.
  private func broken(
    by command: String, sourceLocation: SourceLocation = #_sourceLocation,
    change: (inout FolderCheck) -> Void = { _ in }
  ) throws -> [FolderReport.Promise] {
    #expect(daemon.folder.run("cd \"$D\"; " + command) == 0, sourceLocation: sourceLocation)
    var check = check
    change(&check)
    let violations = try check.run().violations
    for violation in violations {
      #expect(violation.description.hasPrefix("Violation: "), sourceLocation: sourceLocation)
    }
    return violations.map(\.promise)
  }

  @Test func whatIsRightIsRight() throws {
    let report = try check.run()
    #expect(report.violations.isEmpty)
    #expect(report.sourceCount == 3 && report.maskCount == 2 && report.refusedCount == 1)
    #expect(report.recomputedCount == 2 && report.claimCount == 2 && report.repeatedCount == 0)
    #expect(
      report.summary
        == "3 sources, 2 whole masks, 1 with a reason, 2 computed once more, "
        + "2 done by the journal: 0 violations.")
  }

  @Test(arguments: [
    "rm test/b.png", "mv test/b.png test/d.png", "printf x >> test/b.png", "touch test/b.png",
    "chmod 600 test/b.png; chmod 604 test/b.png",
    "printf x | dd of=test/b.png bs=1 seek=40 conv=notrunc 2> /dev/null",
    "rm test/b.png; mkdir test/b.png", "cp test/b.png x; rm test/b.png; ln -s ../x test/b.png",
  ])
  func everyChangeOfASourceIsSeen(_ change: String) throws {
    #expect(try broken(by: change).contains(.sourceChanged))
  }

  @Test(arguments: [
    ": > MASK", "truncate -s -1 MASK", "truncate -s -50 MASK", "truncate -s 5 MASK",
    "s=$(stat -c %s MASK); : > MASK; truncate -s $s MASK",
    "printf x | dd of=MASK bs=1 seek=60 conv=notrunc 2> /dev/null",
  ])
  func aMaskThatIsNotWholeIsSeen(_ damage: String) throws {
    let command = damage.replacing("MASK", with: "Results/a_segmentation.png")
    let promises = try broken(by: command)
    #expect(promises == [.maskBroken, .forgotten, .doneWithoutMask])
    #expect(try broken(by: ":") { $0.isUnderWay = true } == [.maskBroken, .doneWithoutMask])
  }

  @Test func aMaskOfAnotherSourceIsSeen() throws {
    #expect(
      try broken(by: "cp Results/b_segmentation.png Results/a_segmentation.png")
        == [.maskWrong, .forgotten, .doneWithoutMask])
    // A whole mask whose size, values or bytes are not right, with a record that says they are.
    let folder = try DirectoryHandle(opening: daemon.folder.appending("Results"))
    let name = name("a_segmentation.png")
    let (image, record, _) = try {
      daemon.folder.run(#"rm "$D/Results/a_segmentation.png""#)
      return try daemon.readMask("b_segmentation.png")
    }()
    var own = record
    let bytes = try readRegularFile(at: daemon.folder.appending("test/a.jpg"), limitBytes: 1 << 20)
    own.sourceName = fixedName("a.jpg")
    own.sourceSHA256 = sha256Hex(bytes.bytes)
    func brokenWith(_ image: Image, _ record: MaskRecord) throws -> [FolderReport.Promise] {
      try folder.publish(try PNGEncoder.encode(image, text: record.texts), as: name)
      return try self.broken(by: ":") { $0.claims = [] }
    }
    var other = image
    other.pixels[0] = 255 - other.pixels[0]
    #expect(try brokenWith(other, own) == [.maskWrong, .forgotten], "one pixel")
    other.pixels[0] = 7
    #expect(try brokenWith(other, own) == [.maskWrong, .forgotten], "neither 0 nor 255")
    let small = Image(width: 8, height: 8, channels: 1, filledWith: 0)
    #expect(try brokenWith(small, own) == [.maskWrong, .forgotten], "another size")
    own.sourceSHA256 = String(own.sourceSHA256.reversed())
    #expect(try brokenWith(image, own) == [.maskWrong, .forgotten], "of other bytes")
  }

  @Test func aMaskOfAReplacedSourceIsSeenUnlessWorkIsUnderWay() throws {
    #expect(
      try broken(by: "cp test/a.jpg test/b.png") { $0.manifest = nil }
        == [.maskWrong, .forgotten, .doneWithoutMask])
    #expect(
      try broken(by: ":") {
        $0.manifest = nil
        $0.isUnderWay = true
      }.isEmpty)
  }

  @Test func aMaskOfWhatWasReplacedByNoPhotographMayStay() async throws {
    daemon.folder.run(#"echo no > "$D/test/b.png""#)
    try await daemon.run {
      try await daemon.until("note") { daemon.exists("Results/failed/b.png.txt") }
    }
    var check = check
    check.manifest = nil
    let report = try check.run()
    #expect(report.violations.isEmpty)
    #expect(report.outdatedCount == 1)
  }

  @Test func aClaimWithoutAMaskIsSeen() throws {
    #expect(
      try broken(by: ":") { $0.claims.append(claim("c.jpg", "c_segmentation.png")) }
        == [.doneWithoutMask])
    #expect(
      try broken(by: ":") { $0.claims.append(claim("c.jpg", "a_segmentation.png")) }
        == [.doneWithoutMask])
    #expect(
      try broken(by: "rm Results/a_segmentation.png") { $0.isUnderWay = true }
        == [.doneWithoutMask])
    var check = check
    check.claims += check.claims
    #expect(try check.run().repeatedCount == 2)
  }

  @Test(arguments: [
    "cp test/a.jpg test/new.jpg", "mkdir test/dir.jpg", "echo no > test/text.jpg",
    "cp test/a.jpg test/noextension", "rm Results/failed/c.jpg.txt",
    "printf more >> test/c.jpg", "cp Results/failed/c.jpg.txt Results/failed/x; : > test/x.jpg",
  ])
  func aSourceWithoutMaskAndReasonIsSeen(_ command: String) throws {
    #expect(try broken(by: command) { $0.manifest = nil } == [.forgotten])
    #expect(
      try broken(by: ":") {
        $0.manifest = nil
        $0.isUnderWay = true
      }.isEmpty)
  }

  @Test func aReasonInTheJournalIsAReason() throws {
    #expect(
      try broken(by: "rm -r Results/failed") {
        $0.claims.append(JournalClaim(isDone: false, file: "c.jpg"))
      }.isEmpty)
  }

  @Test(arguments: [
    "Results/.dermseg-0123456789abcdef.part", "Results/failed/.dermseg-0123456789abcdef.part",
    "state/.dermseg-0123456789abcdef.part",
  ])
  func aPartFileIsSeen(_ path: String) throws {
    #expect(try broken(by: ": > \(path)") == [.leftover])
    #expect(try broken(by: ":") { $0.isUnderWay = true }.isEmpty)
  }

  @Test func whatIsNotOursIsLeftOut() throws {
    let report = try {
      daemon.folder.run(
        """
        cd "$D"; echo text > Results/x_segmentation.png; cp test/a.jpg Results/mine.jpg; \
        cp test/b.png Results/y_segmentation.png; mkdir Results/z_segmentation.png; \
        echo text > test/README; echo 1,2 > test/table.csv; cp test/a.jpg test/.hidden.jpg; \
        cp test/a.jpg test/x.part; ln -s /etc/passwd Results/link_segmentation.png
        """)
      var check = check
      check.manifest = nil
      return try check.run()
    }()
    #expect(report.violations.isEmpty)
    #expect(report.foreignCount == 3)
  }

  @Test func aMaskWithoutItsSourceIsNoViolation() throws {
    #expect(try broken(by: "rm test/a.jpg") { $0.manifest = nil }.isEmpty)
  }

  @Test func subFoldersAreCheckedWhereTheyAreWatched() async throws {
    daemon.folder.run(
      #"cd "$D/test"; mkdir -p sub/deep; cp b.png sub/deep/x.png; echo no > sub/y.jpg"#)
    try await daemon.run(["recursive": "true"]) {
      try await daemon.until("both") {
        daemon.exists("Results/sub/deep/x_segmentation.png")
          && daemon.exists("Results/failed/sub/y.jpg.txt")
      }
    }
    let more = [claim("sub/deep/x.png", "sub/deep/x_segmentation.png")]
    func brokenBelow(_ command: String) throws -> [FolderReport.Promise] {
      try broken(by: command) {
        $0.isRecursive = true
        $0.claims += more
      }
    }
    #expect(try brokenBelow(":") == [])
    #expect(try brokenBelow("truncate -s -1 Results/sub/deep/x_segmentation.png").count == 3)
    daemon.folder.run(#"cd "$D"; mkdir Results/other; rm Results/sub/deep/x_segmentation.png"#)
    #expect(try brokenBelow(":") == [.forgotten, .doneWithoutMask])
    #expect(
      try brokenBelow("rm Results/failed/sub/y.jpg.txt") == [
        .forgotten, .forgotten, .doneWithoutMask,
      ])
    #expect(
      try brokenBelow(": > Results/failed/sub/.dermseg-0123456789abcdef.part").contains(.leftover))
  }

  @Test func aManifestSurvivesBeingWritten() throws {
    daemon.folder.run(
      #"cd "$D/test"; mkdir -p sub/sub; mkfifo sub/p; cp a.jpg "sub/$(printf 'a b\n\377%%.jpg')""#)
    let folder = try DirectoryHandle(opening: daemon.folder.appending("test"))
    let manifest = try SourceManifest(of: folder)
    #expect(manifest.entries.count == 7)
    #expect(manifest.entries["sub/a%20b%0A%FF%25.jpg"]?.kind == "file")
    #expect(SourceManifest(text: manifest.text) == manifest)
    // Fuzzing found it: "\r\n" is one character, and no "\n".
    for end in ["\r\n", "\r", "\n\n"] {
      #expect(SourceManifest(text: manifest.text.replacing("\n", with: end)) == manifest)
    }
    #expect(SourceManifest(text: "file x 1 2\n") == nil)
    #expect(manifest.differences(to: manifest).isEmpty)
  }
}
