import Files
import Images
import Reports

/// Checks what lies beside the masks.
struct CompanionCheck {
  let results: DirectoryHandle

  /// Files of ours beside masks that are not there.
  func withoutMask() throws(FileError) -> [String] {
    var found: [String] = []
    for kind in CompanionKind.allCases {
      guard try results.status(of: kind.folder)?.kind == .directory else { continue }
      try look(kind, results.openDirectory(kind.folder), masks: results, &found)
    }
    return found
  }

  private func look(
    _ kind: CompanionKind, _ folder: DirectoryHandle, masks: DirectoryHandle?,
    _ found: inout [String]
  ) throws(FileError) {
    for name in try folder.names().sorted() {
      if try folder.status(of: name)?.kind == .directory {
        try look(
          kind, folder.openDirectory(name), masks: try? masks?.openDirectory(name), &found)
      } else if let mask = kind.mask(of: name), try masks?.status(of: mask) == nil {
        found.append(folder.path.appending(name).displayed)
      }
    }
  }

  /// What a mask lacks of what is wanted; nil if it is all there and whole.
  func missing(
    beside mask: FileName, in place: SubfolderPath, _ record: MaskRecord,
    _ wanted: Set<CompanionKind>
  ) -> String? {
    for kind in CompanionKind.allCases where wanted.contains(kind) {
      let name = kind.name(beside: mask)
      let folder = try? results.openDirectory(SubfolderPath([kind.folder] + place.names))
      guard let bytes = try? folder?.readRegularFile(name, limitBytes: 512 << 20).bytes else {
        return "it has no \(kind.folder)/\(name)."
      }
      let isWhole =
        switch kind {
        case .report: ImageReport(bytes)?.source.sha256 == record.sourceSHA256
        case .overlay, .probabilities: (try? ImageDecoder.decode(bytes)) != nil
        }
      if !isWhole { return "\(kind.folder)/\(name) is not whole, or of another photograph." }
    }
    return nil
  }

  /// What stands in the first column of the table: photographs, as the log calls them.
  func filesOfTable() -> Set<String> {
    guard
      let bytes = try? results.readRegularFile(ResultsTable.name, limitBytes: 1 << 30).bytes,
      let rows = CommaSeparated.rows(of: String(decoding: bytes, as: UTF8.self))
    else { return [] }
    return Set(rows.dropFirst().compactMap(\.first))
  }
}
