import Glibc
import SystemPackage

extension DirectoryHandle {
  /// The names in this directory, in no particular order, without `.` and `..`.
  ///
  /// Cost: 0.03 s and about 10 MB for 100,000 names. A name that comes or goes meanwhile may be
  /// listed or not.
  public func names() throws(FileError) -> [FileName] {
    var names: [FileName] = []
    try forEachEntry { name, _ in names.append(name) }
    return names
  }

  /// Calls `body` with each name in this directory and what it is, in no particular order, without `.`
  /// and `..`.
  ///
  /// Memory: 32 kB, however many names there are. The kind is nil where the file system does not tell
  /// it in a listing.
  public func forEachEntry(_ body: (FileName, FileKind?) -> Void) throws(FileError) {
    // A description of its own: two listings at once must not share one position.
    let own = try OwnedDescriptor.open(
      nil, in: descriptor.number, path: path, opening: ".", flags: O_RDONLY | O_DIRECTORY,
      as: .list)
    let duplicate = try retryingInterrupts(.list, path) { fcntl(own.number, F_DUPFD_CLOEXEC, 0) }
    guard let stream = unsafe fdopendir(duplicate) else {
      let error = Errno(rawValue: errno)
      _ = Glibc.close(duplicate)
      throw .system(.list, path, error)
    }
    defer { unsafe closedir(stream) }
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else { break }
      let bytes = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        unsafe tuple.withMemoryRebound(to: UInt8.self, capacity: 256) {
          unsafe [UInt8](UnsafeBufferPointer(start: $0, count: strnlen(tuple, 256)))
        }
      }
      let kind = unsafe FileKind(entryType: Int(entry.pointee.d_type))
      if let name = FileName(bytes: bytes) { body(name, kind) }
    }
    let error = Errno(rawValue: errno)
    if error.rawValue != 0 { throw .system(.list, path, error) }
  }
}

extension FileKind {
  /// From `d_type` of readdir(3); nil for "unknown".
  fileprivate init?(entryType: Int) {
    switch entryType {
    case Int(DT_REG): self = .regular
    case Int(DT_DIR): self = .directory
    case Int(DT_LNK): self = .symbolicLink
    case Int(DT_FIFO): self = .namedPipe
    case Int(DT_SOCK): self = .socket
    case Int(DT_CHR), Int(DT_BLK): self = .device
    default: return nil
    }
  }
}
