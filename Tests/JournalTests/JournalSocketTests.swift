import Journal
import Logging
import TestScaffold
import Testing

/// A journald that takes nothing stops nobody.
@Suite(.timeLimit(.minutes(1))) struct JournalSocketTests {
  private let folder: ScratchDirectory
  private let path: String
  private let entry: JournalEntry

  init() throws {
    folder = try ScratchDirectory()
    path = folder.path.appending("socket").string
    let event = LogEvent(
      level: .warning, message: "two\nlines", metadata: nil, source: nil, file: "F.swift",
      function: "f()", line: 3)
    entry = JournalEntry(event, metadata: ["file": "a.jpg"], identifier: "dermsegd")
  }

  @Test func itsFieldsArrive() throws {
    let journald = try DatagramSocket(at: path)
    #expect(JournalSocket(path: path).send(entry) == .sent)
    let fields = journalFields(try #require(journald.receive()))
    #expect(fields["MESSAGE"] == Array("two\nlines".utf8))
    #expect(fields["DERMSEG_FILE"] == Array("a.jpg".utf8))
    #expect(fields["PRIORITY"] == Array("4".utf8))
    #expect(fields["CODE_LINE"] == Array("3".utf8))
  }

  @Test func whereThereIsNoneItSaysSo() {
    #expect(JournalSocket(path: path).send(entry) == .noJournal)
  }

  @Test func whatAFullQueueDoesNotTakeIsCounted() throws {
    let journald = try DatagramSocket(at: path)
    let socket = JournalSocket(path: path)
    var sent = 0
    while socket.send(entry) == .sent { sent += 1 }
    #expect(socket.send(entry) == .leftOut)
    // It reads on: two were left out, and the third one that comes has room.
    for _ in 0..<sent { _ = journald.receive() }
    #expect(socket.send(entry) == .sent)
    let about = journalFields(try #require(journald.receive()))
    #expect(about["MESSAGE_ID"] == Array(MessageKind.entriesMissing.identifier.utf8))
    #expect(about["DERMSEG_COUNT"] == Array("2".utf8))
    #expect(about["SYSLOG_IDENTIFIER"] == Array("dermsegd".utf8))
    #expect(journalFields(try #require(journald.receive()))["DERMSEG_FILE"] == Array("a.jpg".utf8))
    // And only once.
    #expect(socket.send(entry) == .sent)
    #expect(journalFields(try #require(journald.receive()))["DERMSEG_FILE"] == Array("a.jpg".utf8))
  }
}
