import CSystemd
import Files

/// The last photographs of which the journal says that they were segmented.
///
/// Read with libsystemd (sd-journal(3)), so that no program has to be run; who may not read the
/// system's journal gets none.
package struct JournalTail: Sendable {
  /// One entry.
  package struct Entry: Sendable, Equatable {
    /// The photograph.
    package var source: SourcePath
    /// From being found quiet to the mask on disk, in milliseconds.
    package var durationMilliseconds: Int?

    package init(source: SourcePath, durationMilliseconds: Int?) {
      (self.source, self.durationMilliseconds) = (source, durationMilliseconds)
    }
  }

  /// Newest first.
  package var entries: [Entry] = []

  package init(entries: [Entry]) { self.entries = entries }

  /// Reads the newest entries of a kind.
  ///
  /// - Parameters:
  ///   - messageID: The kind, 32 hexadecimal digits.
  ///   - count: How many entries at most.
  package init(messageID: String, count: Int) {
    var opened: OpaquePointer?
    guard unsafe sd_journal_open(&opened, CInt(SD_JOURNAL_LOCAL_ONLY)) == 0,
      let journal = unsafe opened
    else { return }
    defer { unsafe sd_journal_close(journal) }
    let match = Array("MESSAGE_ID=\(messageID)".utf8)
    guard unsafe sd_journal_add_match(journal, match, match.count) == 0,
      unsafe sd_journal_seek_tail(journal) == 0
    else { return }
    while entries.count < count, unsafe sd_journal_previous(journal) > 0 {
      guard let file = unsafe Self.field("DERMSEG_FILE", journal),
        let source = SourcePath(bytes: file)
      else { continue }
      let duration = unsafe Self.field("DERMSEG_DURATION_MS", journal)
        .flatMap { Int(String(decoding: $0, as: UTF8.self)) }
      entries.append(Entry(source: source, durationMilliseconds: duration))
    }
  }

  private static func field(_ name: String, _ journal: OpaquePointer) -> [UInt8]? {
    var start: UnsafeRawPointer?
    var length = 0
    guard unsafe sd_journal_get_data(journal, name, &start, &length) == 0,
      let base = unsafe start, length > name.utf8.count
    else { return nil }
    let bytes = unsafe [UInt8](UnsafeRawBufferPointer(start: base, count: length))
    // NAME=value
    return Array(bytes.dropFirst(name.utf8.count + 1))
  }
}
