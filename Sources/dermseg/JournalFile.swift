import Daemon
import Files
import FoundationEssentials
import Journal

/// Reads what the daemon said, from its own JSON lines or from `journalctl -o json`.
enum JournalFile {
  /// The outcomes in the lines; what is no JSON, such as the last line of a program that was killed, is
  /// passed over.
  static func claims(in bytes: [UInt8]) -> [JournalClaim] {
    let decoder = JSONDecoder()
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap { line in
      (try? decoder.decode(Line.self, from: Data(line)))?.claim
    }
  }

  /// One entry, with the names that fields have in a line (`file`) and in the journal
  /// (`DERMSEG_FILE`).
  private struct Line: Decodable {
    var fields: [String: Value]

    init(from decoder: any Decoder) throws {
      fields = try decoder.singleValueContainer().decode([String: Value].self)
    }

    var claim: JournalClaim? {
      let kinds: [String: Bool] = [
        MessageKind.segmented.identifier: true, MessageKind.notSegmented.identifier: false,
        MessageKind.quarantined.identifier: false,
      ]
      guard let identifier = fields["MESSAGE_ID"]?.text, let isDone = kinds[identifier],
        let file = name("file", "DERMSEG_FILE")
      else { return nil }
      return JournalClaim(
        isDone: isDone, file: file, mask: name("mask", "DERMSEG_MASK") ?? "",
        sourceSHA256: (fields["sourceSHA256"] ?? fields["DERMSEG_SOURCE_SHA256"])?.text ?? "",
        model: (fields["model"] ?? fields["DERMSEG_MODEL"])?.text ?? "")
    }

    /// A name as the log shows it: escaped already in a line, raw in the journal.
    private func name(_ inLine: String, _ inJournal: String) -> String? {
      if let shown = fields[inLine] { return shown.text }
      return fields[inJournal].flatMap { SourcePath(bytes: $0.bytes)?.description }
    }
  }

  /// Text, or the bytes that the journal writes where a value is no text; anything else is empty.
  private struct Value: Decodable {
    var bytes: [UInt8] = []

    var text: String { String(decoding: bytes, as: UTF8.self) }

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        bytes = Array(text.utf8)
      } else if let raw = try? container.decode([UInt8].self) {
        bytes = raw
      }
    }
  }
}
