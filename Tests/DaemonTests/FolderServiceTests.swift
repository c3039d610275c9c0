import Daemon
import Files
import Images
import TemporaryFolders
import TestScaffold
import Testing

/// Every photograph gets a mask, once, and nothing happens to it.
@Suite(.timeLimit(.minutes(5))) struct FolderServiceTests {
  let daemon: TinyDaemon

  init() throws { daemon = try TinyDaemon() }

  private func checksums() -> String {
    daemon.folder.run(#"cd "$D/test" && find . -type f -exec sha256sum {} + | sort > "$D/sums""#)
    let bytes = try? readRegularFile(at: daemon.folder.appending("sums"), limitBytes: 1 << 20).bytes
    return String(decoding: bytes ?? [], as: UTF8.self)
  }

  @Test func photographsBeforeAndAfterTheStartGetMasksOfTheirSize() async throws {
    try daemon.drop(1, as: "before.jpg", width: 100, height: 50)
    let before = checksums()
    try await daemon.run {
      try await daemon.until("first mask") { daemon.exists("Results/before_segmentation.png") }
      #expect(checksums() == before, "sources are sacred")
      try daemon.drop(2, as: "after.png", width: 33, height: 77)
      try await daemon.until("second mask") { daemon.exists("Results/after_segmentation.png") }
    }
    let mask = try daemon.readMask("before_segmentation.png")
    #expect([mask.image.width, mask.image.height, mask.image.channels] == [100, 50, 1])
    #expect(mask.image.pixels.allSatisfy { $0 == 0 || $0 == 255 })
    let source = try readRegularFile(
      at: daemon.folder.appending("test").appending("before.jpg"), limitBytes: 1 << 20)
    #expect(mask.record.sourceName == name("before.jpg"))
    #expect(mask.record.sourceSHA256 == sha256Hex(source.bytes))
    #expect(mask.record.sourceSizeBytes == source.bytes.count)
    #expect(mask.record.sourceModified == source.identity.modified)
    #expect(mask.record.modelID.hasPrefix("tiny-"))
    let other = try daemon.readMask("after_segmentation.png").image
    #expect([other.width, other.height] == [33, 77])
    #expect(try daemon.masks() == ["after_segmentation.png", "before_segmentation.png"])
    #expect(daemon.log.count("Segmented: ") == 2)
  }

  @Test func theEntryOfAMaskHasItsNumbers() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("entry") { daemon.log.count("Segmented: a.jpg") == 1 }
    }
    let fields = try #require(daemon.log.fields("Segmented: a.jpg"))
    #expect(fields["file"] == "a.jpg")
    #expect(fields["mask"] == "a_segmentation.png")
    #expect(fields["width"] == "48")
    #expect(fields["height"] == "36")
    #expect(fields["MESSAGE_ID"]?.count == 32)
    for key in ["areaPercent", "durationMs", "decodeMs", "inferMs", "queue"] {
      #expect(fields[key].flatMap(Double.init) != nil, "\(key)")
    }
    // A network that has learnt nothing is not to be trusted, and the entry says why, as does the mask.
    let reasons = try #require(daemon.readMask("a_segmentation.png").record.pleaseLook)
    #expect(!reasons.isEmpty && fields["pleaseLook"] == reasons.codes)
    let entry = try #require(daemon.log.entries.first { $0.message.hasPrefix("Segmented: a.jpg") })
    #expect(entry.message.hasSuffix(". Please look: \(reasons.text).") && entry.level == .notice)
  }

  @Test func onceIsEnough() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
    }
    let inode = try daemon.readMask("a_segmentation.png").inode
    try await daemon.run {
      try await daemon.until("second start") { daemon.log.count("Ready") == 2 }
      // Something later in the queue shows that the first was looked at.
      try daemon.drop(2, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
    #expect(try daemon.readMask("a_segmentation.png").inode == inode)
    #expect(daemon.log.count("Segmented: a.jpg") == 1)
  }

  @Test func aTouchedPhotographIsNotComputedAgain() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
      daemon.folder.run(#"touch -d '1999-01-01' "$D/test/a.jpg""#)
      try daemon.drop(2, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
    #expect(daemon.log.count("Segmented: a.jpg") == 1)
  }

  @Test func theLastContentWins() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
      for index in 2...6 {
        try daemon.drop(index, as: "a.jpg", width: 40 + index)
        try await daemon.until("mask \(index)") {
          try daemon.readMask("a_segmentation.png").image.width == 40 + index
        }
      }
    }
  }

  @Test func aRemovedMaskIsMadeAgain() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
      daemon.folder.run(#"rm "$D/Results/a_segmentation.png""#)
      try await daemon.until("mask again") { daemon.exists("Results/a_segmentation.png") }
    }
  }

  @Test(arguments: [
    "printf x | dd of=M bs=1 seek=60 conv=notrunc 2>/dev/null", "truncate -s -20 M", ": > M",
  ])
  func aDamagedMaskIsMadeAgainAfterAStart(_ damage: String) async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
    }
    daemon.folder.run(
      "cd \"$D/Results\"; " + damage.replacing("M", with: "a_segmentation.png"))
    try await daemon.run {
      try await daemon.until("second mask") { daemon.log.count("Segmented: a.jpg") == 2 }
    }
    #expect(try daemon.masks() == ["a_segmentation.png"])
    #expect(try daemon.readMask("a_segmentation.png").image.width == 48)
  }

  @Test func anotherModelMakesAllMasksAnew() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
    }
    let first = try daemon.readMask("a_segmentation.png").record
    try daemon.writeModel(seed: 2)
    try await daemon.run {
      try await daemon.until("mask of the new model") {
        try daemon.readMask("a_segmentation.png").record.modelSHA256 != first.modelSHA256
      }
    }
  }

  @Test func twoSourcesWithOneStemHaveTwoMasks() async throws {
    try daemon.drop(1, as: "a.png", width: 41)
    try await daemon.run {
      try await daemon.until("first") { daemon.exists("Results/a_segmentation.png") }
      try daemon.drop(2, as: "a.jpg", width: 42)
      try await daemon.until("second") { try daemon.masks().count == 2 }
    }
    #expect(try daemon.readMask("a_segmentation.png").record.sourceName == name("a.png"))
    #expect(try daemon.readMask("a.jpg_segmentation.png").record.sourceName == name("a.jpg"))
    #expect(try daemon.readMask("a.jpg_segmentation.png").image.width == 42)
    try await daemon.run {
      try daemon.drop(3, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
    #expect(daemon.log.count("Segmented: a.") == 2, "after a restart each still has its own")
  }

  @Test func arrivingTogetherTheyDoNotOverwriteEachOther() async throws {
    for index in 0..<10 {
      try daemon.drop(index, as: "p\(index).png", width: 50)
      try daemon.drop(index, as: "p\(index).jpg", width: 60)
    }
    try await daemon.run {
      try await daemon.until("all") { try daemon.masks().count == 20 }
    }
    let sources = try daemon.masks().map { try daemon.readMask($0).record.sourceName }
    #expect(Set(sources).count == 20)
  }

  @Test func aForeignFileUnderTheMasksNameStays() async throws {
    daemon.folder.run(#"mkdir "$D/Results"; echo mine > "$D/Results/a_segmentation.png""#)
    daemon.folder.run(#"mkdir "$D/Results/b_segmentation.png""#)
    daemon.folder.run(#"ln -s /etc/passwd "$D/Results/c_segmentation.png""#)
    for text in ["a", "b", "c"] { try daemon.drop(1, as: text + ".jpg") }
    try await daemon.run {
      try await daemon.until("masks beside them") {
        try ["a", "b", "c"].allSatisfy {
          try daemon.masks().contains("\($0).jpg_segmentation.png")
        }
      }
    }
    #expect(
      daemon.folder.run(#"cd "$D/Results"; test "$(cat a_segmentation.png)" = mine"#) == 0)
    #expect(daemon.folder.run(#"test -L "$D/Results/c_segmentation.png""#) == 0)
  }

  @Test func everyOrientationIsCopiedAndTheStoredSizeKept() async throws {
    for orientation in UInt8(1)...8 {
      var image = DrawnPair(index: 1, width: 50, height: 30).image
      image.orientation = orientation
      try daemon.drop(try JPEGEncoder.encode(image), as: "turned\(orientation).jpg")
    }
    try await daemon.run { try await daemon.until("masks") { try daemon.masks().count == 8 } }
    for orientation in 1...8 {
      let mask = try daemon.readMask("turned\(orientation)_segmentation.png").image
      #expect([mask.width, mask.height, Int(mask.orientation)] == [50, 30, orientation])
    }
  }

  @Test func leftoversOfAKilledProcessAreSwept() async throws {
    daemon.folder.run(
      #"mkdir -p "$D/Results/failed"; touch "$D/Results/.dermseg-0123456789abcdef.part""#)
    daemon.folder.run(#"touch "$D/Results/failed/.dermseg-0123456789abcdef.part""#)
    try await daemon.run { try await daemon.until("ready") { daemon.log.count("Ready") == 1 } }
    #expect(daemon.folder.run(#"test -z "$(find "$D/Results" -name '*.part')""#) == 0)
  }
}
