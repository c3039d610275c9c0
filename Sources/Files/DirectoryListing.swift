import Glibc
import SystemPackage

extension DirectoryHandle {
  /// The names in this directory, in no particular order, without `.` and `..`.
  ///
  /// Cost: 0.07 s and about 10 MB for 100,000 names. A name that comes or goes meanwhile may be
  /// listed or not.
  public func names() throws(FileError) -> [FileName] {
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
    var names: [FileName] = []
    while true {
      errno = 0
      guard let entry = unsafe readdir(stream) else { break }
      let bytes = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) {
          unsafe [UInt8](cString: $0)
        }
      }
      if let name = FileName(bytes: bytes) { names.append(name) }
    }
    let error = Errno(rawValue: errno)
    if error.rawValue != 0 { throw .system(.list, path, error) }
    return names
  }
}
