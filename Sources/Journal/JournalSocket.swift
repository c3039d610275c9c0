import CLinux
import Glibc
import Synchronization

/// The way to journald, which waits for it for a second at most.
///
/// `sd_journal_sendv` waits while journald's queue is full, and so a journald that hangs would hang everybody
/// who has something to say. Here an entry that finds no room for a second is left out and counted, and so are
/// those after it, at once; the next one that finds room goes after one that says how many are missing.
///
/// Source: https://systemd.io/JOURNAL_NATIVE_PROTOCOL
package final class JournalSocket: Sendable {
  /// What became of an entry.
  package enum Outcome: Sendable, Equatable {
    /// journald has it, or one that begins again will.
    case sent
    /// It was left out and counted.
    case leftOut
    /// There is no journald, or it cannot be told.
    case noJournal
  }

  private struct State {
    var descriptor: Int32 = -1
    var leftOut = 0
  }

  /// journald's own.
  static let system = JournalSocket(path: "/run/systemd/journal/socket")

  private let path: String
  private let state = Mutex(State())

  package init(path: String) { self.path = path }

  deinit {
    let descriptor = state.withLock { $0.descriptor }
    if descriptor >= 0 { close(descriptor) }
  }

  /// Sends an entry, or leaves it out.
  package func send(_ entry: JournalEntry) -> Outcome {
    state.withLock { state in
      if state.descriptor < 0 { state.descriptor = clinux_datagram_socket() }
      guard state.descriptor >= 0 else { return .noJournal }
      if state.leftOut > 0 {
        let missing = JournalEntry.missing(state.leftOut, besides: entry)
        guard post(missing, state.descriptor, waits: false) == .sent else {
          state.leftOut += 1
          return .leftOut
        }
        state.leftOut = 0
      }
      let outcome = post(entry, state.descriptor, waits: true)
      if outcome == .leftOut { state.leftOut += 1 }
      return outcome
    }
  }

  private func post(_ entry: JournalEntry, _ descriptor: Int32, waits: Bool) -> Outcome {
    let bytes = entry.datagram
    while true {
      let result = unsafe bytes.withUnsafeBytes {
        unsafe clinux_send_datagram(
          descriptor, path, $0.baseAddress, $0.count, waits ? 1 : 0)
      }
      if result == 0 { return .sent }
      switch errno {
      case EINTR: continue
      case EAGAIN, ENOBUFS: return .leftOut
      // Also EMSGSIZE, hundreds of kilobytes: its line of text has still room elsewhere.
      default: return .noJournal
      }
    }
  }
}

extension JournalEntry {
  /// The entry about others that were left out before `next`.
  fileprivate static func missing(_ count: Int, besides next: JournalEntry) -> JournalEntry {
    var entry = next
    entry.fields = [
      Field(
        name: "MESSAGE",
        value: Array("\(count) entries are missing here: journald took none for a while.".utf8)),
      Field(name: "PRIORITY", value: Array("\(priority(of: .warning))".utf8)),
      Field(name: "MESSAGE_ID", value: Array(MessageKind.entriesMissing.identifier.utf8)),
      Field(name: "DERMSEG_COUNT", value: Array("\(count)".utf8)),
    ]
    entry.fields += next.fields.filter { $0.name == "SYSLOG_IDENTIFIER" }
    return entry
  }

  /// The entry in the native protocol: `NAME=value`, or, where a value holds a line feed, its name, its length
  /// as 64 bits little-endian, and the value.
  fileprivate var datagram: [UInt8] {
    var bytes: [UInt8] = []
    for field in fields {
      bytes += field.name.utf8
      if field.value.contains(0x0A) {
        bytes.append(0x0A)
        let length = UInt64(field.value.count)
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
      } else {
        bytes.append(UInt8(ascii: "="))
      }
      bytes += field.value
      bytes.append(0x0A)
    }
    return bytes
  }
}
