import Daemon
import Files
import Images
import Masks
import TemporaryFolders
import Testing

/// Names that are awkward to write down.
private let awkwardNames = [
  name("a.jpg"), name("a b%41\n.jpg"), name("皮肤.png"), name("-rf"), name("\u{1b}[2J\"';$(id)"),
  FileName(bytes: [0xff, 0xfe, 0x2e, 0x6a, 0x70, 0x67]) ?? name("x"),
]

@Suite struct MaskRecordTests {
  private func record(_ source: FileName) -> MaskRecord {
    MaskRecord(
      sourceName: source, sourceSHA256: String(repeating: "ab", count: 32), sourceSizeBytes: 12345,
      sourceModified: FileTime(seconds: -1, nanoseconds: 5), modelID: "default-1a2b",
      modelSHA256: String(repeating: "cd", count: 32),
      settings: MaskSettings(threshold: 0.25, components: .all, smallestSpeck: 1.5),
      pleaseLook: [.touchesBorder, .unsureBorder])
  }

  @Test(arguments: awkwardNames)
  func survivesBeingWrittenInAPNG(_ source: FileName) throws {
    let record = record(source)
    let image = Image(width: 3, height: 2, channels: 1, filledWith: 255)
    let png = try PNGEncoder.encode(image, text: record.texts)
    #expect(MaskRecord(PNGText.read(from: png)) == record)
  }

  @Test func aMaskThatIsGoodSaysSo() throws {
    var record = record(name("a.jpg"))
    record.pleaseLook = []
    let image = Image(width: 3, height: 2, channels: 1)
    let png = try PNGEncoder.encode(image, text: record.texts)
    #expect(MaskRecord(PNGText.read(from: png))?.pleaseLook == [])
  }

  @Test func masksOfVersion010DidNotSayHowTheyWereMade() {
    var record = record(name("a.jpg"))
    let texts = record.texts.filter { !["Mask-Settings", "Please-Look"].contains($0.keyword) }
    (record.settings, record.pleaseLook) = (nil, nil)
    #expect(MaskRecord(texts) == record)
    #expect(record.texts == texts)
  }

  @Test func everyPartIsNeeded() {
    let texts = record(name("a.jpg")).texts.filter {
      !["Mask-Settings", "Please-Look"].contains($0.keyword)
    }
    #expect(MaskRecord(texts) != nil)
    for index in texts.indices {
      var fewer = texts
      fewer.remove(at: index)
      #expect(MaskRecord(fewer) == nil, "without \(texts[index].keyword)")
    }
  }

  @Test func theMaskOfAnotherProgramIsNotOurs() {
    var texts = record(name("a.jpg")).texts
    texts[0].value = "GIMP 2.10"
    #expect(MaskRecord(texts) == nil)
  }

  @Test(arguments: ["%", "%4", "%zz", "a/b", "%2F", "%00", ""])
  func whatWeDidNotEncodeIsRefused(_ text: String) {
    #expect(percentDecoded(text) == nil)
  }
}

@Suite struct FailedNoteTests {
  private func note(_ source: FileName) -> FailedNote {
    FailedNote(
      sourceName: source, sourceSizeBytes: 7, sourceModified: FileTime(seconds: 9, nanoseconds: 1),
      modelSHA256: "cd")
  }

  @Test(arguments: ["\r\n", "\r", "\n\n"])
  func survivesAnEditorWithOtherLineEnds(_ end: String) {
    let text = note(name("a.jpg")).text(reason: "It is empty.").replacing("\n", with: end)
    #expect(FailedNote(Array(text.utf8)) == note(name("a.jpg")))
  }

  @Test(arguments: awkwardNames)
  func survivesBeingWritten(_ source: FileName) {
    let text = note(source).text(reason: "1,204 progressive scans, limit 100. Save it again.")
    #expect(FailedNote(Array(text.utf8)) == note(source))
    #expect(text.hasPrefix("Not segmented: \(source)\n\nWhy: 1,204 progressive scans, limit 100."))
  }

  @Test func aReasonCannotForgeTheLastLines() {
    let text = note(name("a.jpg")).text(reason: "x\nSource-Size: 1\nSource-Name: b.jpg\n")
    #expect(FailedNote(Array(text.utf8)) == note(name("a.jpg")))
  }

  @Test func anotherFileIsNoNote() {
    #expect(FailedNote(Array("shopping list".utf8)) == nil)
    #expect(FailedNote([]) == nil)
    #expect(FailedNote([0xff, 0x00, 0x0a]) == nil)
  }
}

@Suite struct BackoffTests {
  @Test func doublesUpToFiveMinutesForEver() {
    let seconds = (1...12).map { Backoff.delay(after: $0).components.seconds }
    #expect(seconds == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300])
    #expect(Backoff.delay(after: 1_000_000) == .seconds(300))
    #expect(Backoff.delay(after: 0) == .seconds(1))
  }
}
