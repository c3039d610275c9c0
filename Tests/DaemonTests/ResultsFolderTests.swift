import Daemon
import Files
import Images
import Masks
import TemporaryFolders
import Testing

@Suite struct ResultsFolderTests {
  let folder: TemporaryFolder
  let results: ResultsFolder

  init() throws {
    folder = try TemporaryFolder()
    results = try ResultsFolder(folder.appending("Results"), keepsNotes: true)
  }

  private var record: MaskRecord {
    MaskRecord(
      sourceName: name("a.jpg"), sourceSHA256: "ab", sourceSizeBytes: 1,
      sourceModified: FileTime(seconds: 1, nanoseconds: 2), modelID: "m", modelSHA256: "cd",
      settings: .standard)
  }

  private func png(_ texts: [PNGText]) throws -> [UInt8] {
    try PNGEncoder.encode(Image(width: 9, height: 9, channels: 1, filledWith: 255), text: texts)
  }

  private func state(_ text: String) throws -> ResultsFolder.MaskState {
    try results.state(ofMask: name(text))
  }

  @Test func tellsOursForeignAndFree() throws {
    #expect(try state("absent") == .free)
    try results.publish(try png(record.texts), as: name("ours"))
    #expect(try state("ours") == .ours(record))
    try results.publish(try png([]), as: name("drawn by hand"))
    #expect(try state("drawn by hand") == .foreign)
    folder.run(#"cd "$D/Results"; echo text > text; : > empty; mkdir dir; ln -s ours link"#)
    #expect(try state("text") == .foreign)
    #expect(try state("empty") == .free)
    #expect(try state("dir") == .foreign)
    #expect(try state("link") == .foreign)
  }

  @Test func aMaskWithAnyByteChangedIsNotTakenForWhole() throws {
    let bytes = try png(record.texts)
    for index in stride(from: 8, to: bytes.count, by: 3) {
      var damaged = bytes
      damaged[index] ^= 0x10
      try results.publish(damaged, as: name("m"))
      #expect(try state("m") != .ours(record), "byte \(index)")
    }
    for length in stride(from: 1, to: bytes.count, by: 7) {
      try results.publish(Array(bytes.prefix(length)), as: name("m"))
      #expect(try state("m") != .ours(record), "cut at \(length)")
    }
  }

  @Test func ofSeveralMasksEachSucceedsOrFailsByItself() throws {
    let below = SubfolderPath([name("ward")])
    folder.run(#"cd "$D/Results"; mkdir dir; : > file"#)
    let masks: [ResultsFolder.Publication] = [
      .init([1], as: name("a")), .init([2], as: name("dir")), .init([3], as: name("a"), in: below),
      .init([4], as: name("b"), in: SubfolderPath([name("file")])), .init([5], as: name("c")),
    ]
    let isDone = results.publish(masks).map { (try? $0.get()) != nil }
    #expect(isDone == [true, false, true, false, true])
    let here =
      #"cd "$D/Results"; test "$(ls | sort | tr '\n' ' ')" = "a c dir file ward " && test -e ward/a"#
    #expect(folder.run(here) == 0)
    #expect(folder.run(#"test -z "$(find "$D/Results" -name '.*part')""#) == 0)
  }

  @Test func notesAreFoundByTheirSource() throws {
    let note = FailedNote(
      sourceName: name("a.jpg"), sourceSizeBytes: 1,
      sourceModified: FileTime(seconds: 1, nanoseconds: 2), modelSHA256: "cd")
    #expect(try results.note(about: SourcePath(name("a.jpg"))) == nil)
    try results.write(note, reason: "why")
    #expect(try results.note(about: SourcePath(name("a.jpg"))) == note)
    #expect(try results.note(about: SourcePath(name("b.jpg"))) == nil)
    try results.removeNote(about: SourcePath(name("a.jpg")))
    #expect(try results.note(about: SourcePath(name("a.jpg"))) == nil)
    try results.removeNote(about: SourcePath(name("a.jpg")))
  }

  @Test func removalsChangeTheTimes() throws {
    try results.publish([1], as: name("m"))
    let before = try results.changeTimes(of: .top)
    #expect(try results.changeTimes(of: .top) == before)
    folder.run(#"sleep 0.02; rm "$D/Results/m""#)
    #expect(try results.changeTimes(of: .top) != before)
  }

  @Test func followsItsPathToANewFolder() throws {
    #expect(try !results.reopenIfMoved())
    folder.run(#"cd "$D"; mv Results old; mkdir Results"#)
    #expect(try results.reopenIfMoved())
    try results.publish([1], as: name("m"))
    #expect(folder.run(#"test -e "$D/Results/m" -a ! -e "$D/old/m""#) == 0)
  }
}
