import Glibc
import Journal
import Logging
import Testing

/// A value whose bytes are not its text.
private struct RawName: JournalBytes {
  var journalBytes: [UInt8]
  var description: String { "shown" }
}

private func event(
  _ message: String, level: Logger.Level = .info, metadata: Logger.Metadata? = nil
) -> LogEvent {
  LogEvent(
    level: level, message: "\(message)", metadata: metadata, source: nil, file: "Daemon/A.swift",
    function: "f()", line: 7)
}

@Suite struct JournalEntryTests {
  private func fields(_ entry: JournalEntry) -> [String: [UInt8]] {
    Dictionary(entry.fields.map { ($0.name, $0.value) }) { first, _ in first }
  }

  @Test func hasTheFieldsThatJournalctlShowsAndFinds() {
    let entry = JournalEntry(
      event("Segmented: a.jpg", level: .notice),
      metadata: [
        "MESSAGE_ID": "\(MessageKind.segmented.identifier)", "areaPercent": "12.5", "width": "64",
      ], identifier: "dermsegd")
    let expected = [
      "MESSAGE": "Segmented: a.jpg", "PRIORITY": "5", "SYSLOG_IDENTIFIER": "dermsegd",
      "CODE_FILE": "Daemon/A.swift", "CODE_LINE": "7", "CODE_FUNC": "f()",
      "MESSAGE_ID": MessageKind.segmented.identifier, "DERMSEG_AREA_PERCENT": "12.5",
      "DERMSEG_WIDTH": "64",
    ]
    #expect(fields(entry) == expected.mapValues { Array($0.utf8) })
  }

  @Test func keepsTheBytesOfAName() {
    let entry = JournalEntry(
      event("x"),
      metadata: ["file": .stringConvertible(RawName(journalBytes: [0x61, 0x0a, 0xff]))],
      identifier: "t")
    #expect(fields(entry)["DERMSEG_FILE"] == [0x61, 0x0a, 0xff])
  }

  @Test(arguments: [
    (Logger.Level.trace, "7"), (.debug, "7"), (.info, "6"), (.notice, "5"), (.warning, "4"),
    (.error, "3"), (.critical, "2"),
  ])
  func levelsAreSyslogPriorities(_ level: Logger.Level, _ priority: String) {
    let entry = JournalEntry(event("x", level: level), metadata: [:], identifier: "t")
    #expect(fields(entry)["PRIORITY"] == Array(priority.utf8))
  }

  @Test(arguments: [
    ("areaPercent", "DERMSEG_AREA_PERCENT"), ("sourceSHA256", "DERMSEG_SOURCE_SHA256"),
    ("file", "DERMSEG_FILE"), ("MESSAGE_ID", "MESSAGE_ID"),
    ("decode-ms", "DERMSEG_DECODE_MS"), ("_PID", "DERMSEG___PID"), ("1st", "DERMSEG_1ST"),
    ("a=b\n", "DERMSEG_A_B_"),
    (String(repeating: "x", count: 80), "DERMSEG_" + String(repeating: "X", count: 56)),
  ])
  func keysBecomeFieldNamesThatJournaldAccepts(_ key: String, _ name: String) {
    #expect(fieldName(for: key) == name)
  }

  @Test func everyKindHasAnIdentifierOfItsOwn() {
    let identifiers = MessageKind.allCases.map(\.identifier)
    #expect(Set(identifiers).count == identifiers.count)
    #expect(identifiers.allSatisfy { $0.count == 32 && $0.allSatisfy(\.isHexDigit) })
    #expect(identifiers.allSatisfy { $0 == $0.lowercased() })
  }
}

@Suite struct LogDestinationTests {
  /// What a logger with a destination on a pipe writes.
  private func written(
    _ destination: (Int32) -> LogDestination, _ body: (Logger) -> Void
  ) -> String {
    var ends: [Int32] = [0, 0]
    unsafe pipe(&ends)
    body(Logger(destination: destination(ends[1]), identifier: "dermsegd"))
    close(ends[1])
    defer { close(ends[0]) }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = unsafe read(ends[0], &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  @Test func plainLinesHaveTimeLevelAndMessage() {
    let text = written({ .text(descriptor: $0, coloured: false) }) {
      $0.record(.segmented, level: .info, "Segmented: a.jpg", fields: ["width": "3"])
      $0.debug("not written at this level")
      $0.warning("second")
    }
    let lines = text.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines.first?.hasSuffix(" info: Segmented: a.jpg") == true)
    #expect(lines.last?.hasSuffix(" warning: second") == true)
    // 2026-11-23T02:33:03+0000
    #expect(
      lines.allSatisfy { $0.prefix(25).filter { $0 == "-" || $0 == ":" || $0 == "T" }.count >= 5 })
  }

  @Test func aMessageCannotForgeALineOrDriveATerminal() {
    let text = written({ .text(descriptor: $0, coloured: false) }) {
      $0.info("a\nb\u{1b}[2J\r\u{9b}c")
    }
    #expect(text.hasSuffix(" info: a\\nb\\x1b[2J\\x0d\\x9bc\n"))
    #expect(text.filter(\.isNewline).count == 1)
  }

  @Test func colouredLinesMarkWhatMatters() {
    let text = written({ .text(descriptor: $0, coloured: true) }) {
      $0.info("fine")
      $0.error("bad")
    }
    let lines = text.split(separator: "\n")
    #expect(lines.first?.hasSuffix("\u{1b}[0m fine") == true)
    // The time of day, dim: 02:33:03.
    let time = lines.first?.dropFirst(4).prefix(8) ?? ""
    #expect(time.filter { $0 == ":" }.count == 2 && time.filter(\.isNumber).count == 6)
    #expect(lines.last?.hasSuffix(" \u{1b}[31mbad\u{1b}[0m") == true)
  }

  @Test func jsonLinesKeepFieldsAndEscape() {
    let text = written({ .json(descriptor: $0) }) {
      $0.info("say \"hi\"\n\\", metadata: ["file": "a\u{01}b", "n": "1"])
    }
    #expect(
      text.hasSuffix(
        #","level":"info","program":"dermsegd","message":"say \"hi\"\u000a\\","file":"a\u0001b","n":"1"}"#
          + "\n"))
    #expect(text.hasPrefix("{\"time\":\"20"))
  }

  @Test func standardErrorIsTheJournalOnlyIfTheVariableNamesIt() throws {
    var status = stat()
    try #require(unsafe fstat(STDERR_FILENO, &status) == 0)
    let own = "\(status.st_dev):\(status.st_ino)"
    #expect(LogDestination.leadsToJournal(STDERR_FILENO, own))
    #expect(LogDestination.automatic(environment: ["JOURNAL_STREAM": own]) == .journal)
    #expect(!LogDestination.leadsToJournal(STDERR_FILENO, "\(status.st_dev):\(status.st_ino + 1)"))
    #expect(!LogDestination.leadsToJournal(STDERR_FILENO, nil))
    #expect(!LogDestination.leadsToJournal(-1, own))
  }

  @Test func withoutAServiceManagerNotifyingDoesNothing() {
    let notifier = ServiceNotifier()
    notifier.ready(status: "a\nREADY=1")
    #expect(notifier.watchdogInterval == nil)
  }
}
