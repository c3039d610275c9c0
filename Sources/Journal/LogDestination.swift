import Glibc
import Logging

/// Where log events go, and in which form.
public enum LogDestination: Sendable, Equatable {
  /// Entries with fields in the journal; where there is no journald, plain lines to standard error.
  case journal
  /// Lines of text to a file descriptor, coloured or not.
  case text(descriptor: Int32, coloured: Bool)
  /// One JSON object per line to a file descriptor.
  case json(descriptor: Int32)

  /// What suits the place the process was started in.
  ///
  /// The journal if standard error leads to it (`JOURNAL_STREAM`, systemd.exec(5)); coloured lines
  /// on a terminal, unless `NO_COLOR` is set or `TERM` is `dumb`; plain lines otherwise.
  public static func automatic(environment: [String: String]) -> LogDestination {
    if leadsToJournal(STDERR_FILENO, environment["JOURNAL_STREAM"]) { return .journal }
    let wantsColour = environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    return .text(
      descriptor: STDERR_FILENO, coloured: wantsColour && isatty(STDERR_FILENO) == 1)
  }

  /// Whether a descriptor is the stream that `JOURNAL_STREAM` names by `DEVICE:INODE`.
  package static func leadsToJournal(_ descriptor: Int32, _ journalStream: String?) -> Bool {
    guard let journalStream else { return false }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return false }
    return journalStream == "\(status.st_dev):\(status.st_ino)"
  }

  func write(_ event: LogEvent, metadata: Logger.Metadata, identifier: String) {
    let now = WallClock.now()
    switch self {
    case .journal:
      let entry = JournalEntry(event, metadata: metadata, identifier: identifier)
      if JournalSocket.system.send(entry) == .noJournal {
        writeLine(LogLine.plain(event, time: now), to: STDERR_FILENO)
      }
    case .text(let descriptor, let coloured):
      writeLine(
        coloured ? LogLine.coloured(event, time: now) : LogLine.plain(event, time: now),
        to: descriptor)
    case .json(let descriptor):
      let line = LogLine.json(event, metadata: metadata, identifier: identifier, time: now)
      writeLine(line, to: descriptor)
    }
  }
}

/// Writes a line in one call, so that lines of several threads do not mix.
///
/// An error is nowhere to be reported to: it is dropped.
private func writeLine(_ line: String, to descriptor: Int32) {
  var rest = Array(line.utf8)[...]
  while !rest.isEmpty {
    let count = unsafe rest.withUnsafeBytes {
      unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
    }
    if count > 0 {
      rest = rest.dropFirst(count)
    } else if errno != EINTR {
      return
    }
  }
}
