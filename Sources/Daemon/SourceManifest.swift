import Files
import SystemPackage

/// What was in a folder at one time, to show later that nothing of it was changed.
///
/// As text: one line per entry, `KIND SHA256 SIZE MODIFIED PERMISSIONS NAME`, the name percent-encoded,
/// sorted by name. Sub-folders are listed with everything in them.
package struct SourceManifest: Sendable, Equatable {
  /// One entry of the folder.
  package struct Entry: Sendable, Equatable {
    package var kind: String
    /// `-` for what is not read: folders, pipes, links, files that are larger than any photograph.
    package var sha256: String
    package var sizeBytes: Int
    package var modified: FileTime
    package var permissions: UInt32
  }

  /// By percent-encoded path within the folder.
  package var entries: [String: Entry] = [:]

  /// Larger files are told apart by size and time alone.
  private static let readLimitBytes = 256 << 20

  /// Reads everything in a folder.
  ///
  /// Cost: every file is read once.
  package init(of folder: DirectoryHandle) throws(FileError) { try add(folder, prefix: "") }

  private mutating func add(_ folder: DirectoryHandle, prefix: String) throws(FileError) {
    for name in try folder.names() {
      guard let status = try folder.status(of: name) else { continue }
      let path = prefix + percentEncoded(name)
      entries[path] = Entry(
        kind: Self.word(for: status.kind), sha256: Self.sha256(of: name, status, in: folder),
        // Of a folder neither says anything about what the daemon did.
        sizeBytes: status.kind == .directory ? 0 : status.identity.sizeBytes,
        modified: status.kind == .directory
          ? FileTime(seconds: 0, nanoseconds: 0) : status.identity.modified,
        permissions: status.permissions)
      if status.kind == .directory, let inner = try? folder.openDirectory(name) {
        try add(inner, prefix: path + "/")
      }
    }
  }

  private static func sha256(
    of name: FileName, _ status: FileStatus, in folder: DirectoryHandle
  ) -> String {
    guard status.kind == .regular, status.identity.sizeBytes <= readLimitBytes else { return "-" }
    if status.identity.sizeBytes == 0 { return sha256Hex([]) }
    let bytes = try? folder.readRegularFile(name, limitBytes: readLimitBytes).bytes
    return bytes.map { sha256Hex($0) } ?? "-"
  }

  private static func word(for kind: FileKind) -> String {
    switch kind {
    case .regular: "file"
    case .directory: "folder"
    case .symbolicLink: "link"
    case .namedPipe: "pipe"
    case .socket: "socket"
    case .device: "device"
    }
  }
}

extension SourceManifest {
  /// The manifest as text.
  package var text: String {
    entries.sorted { $0.key < $1.key }.map { name, entry in
      "\(entry.kind) \(entry.sha256) \(entry.sizeBytes) \(entry.modified) "
        + "\(String(entry.permissions, radix: 8)) \(name)\n"
    }.joined()
  }

  /// Reads what ``text`` wrote.
  ///
  /// - Returns: nil if a line is anything else.
  package init?(text: String) {
    // Also with other line ends: "\r\n" is one character.
    for line in text.split(whereSeparator: \.isNewline) {
      let fields = line.split(separator: " ").map(String.init)
      guard fields.count == 6, let size = Int(fields[2]), let modified = FileTime(fields[3]),
        let permissions = UInt32(fields[4], radix: 8)
      else { return nil }
      entries[fields[5]] = Entry(
        kind: fields[0], sha256: fields[1], sizeBytes: size, modified: modified,
        permissions: permissions)
    }
  }

  /// What is different in a folder now: the path of each entry that is missing or changed, and how.
  ///
  /// What is new is no change: users add photographs.
  package func differences(to now: SourceManifest) -> [(path: String, change: String)] {
    entries.sorted { $0.key < $1.key }.compactMap { path, before in
      guard let after = now.entries[path] else { return (path, "it is gone.") }
      if before.kind != after.kind {
        return (path, "it was a \(before.kind), it is a \(after.kind).")
      }
      if before.sha256 != after.sha256 { return (path, "its bytes are others.") }
      if before.sizeBytes != after.sizeBytes {
        return (path, "it had \(before.sizeBytes) bytes, it has \(after.sizeBytes).")
      }
      if before.modified != after.modified { return (path, "its time of modification is another.") }
      if before.permissions != after.permissions { return (path, "its permissions are others.") }
      return nil
    }
  }
}
