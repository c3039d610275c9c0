import Glibc
import SystemPackage

// Writing of files that can be made again: whole or absent whatever becomes of the process, but after a
// power cut the newest may be missing or empty.

extension DirectoryHandle {
  /// Gives a name new content by one rename: a reader sees the old file or the whole new one. Nothing is
  /// synchronised, see ``publish(_:as:permissions:)`` for what has to last.
  ///
  /// - Throws: ``FileError/system(_:_:_:)``; the name is then as it was.
  public func replace(_ bytes: [UInt8], as name: FileName, permissions: UInt32 = 0o640)
    throws(FileError)
  {
    let part = PartFile.randomName()
    let path = path.appending(part)
    do {
      let file = try OwnedDescriptor.open(
        part, in: descriptor.number, path: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW,
        mode: mode_t(permissions), as: .create)
      try file.writeAll(bytes, path: path)
      try file.close(path)
      try rename(part, to: name)
    } catch {
      // The error that led here is the one to report.
      try? remove(part)
      throw error
    }
  }

  /// Adds bytes at the end of a file that exists.
  ///
  /// - Returns: its status afterwards.
  /// - Throws: ``FileError/system(_:_:_:)``; a part of the bytes may then be there.
  public func append(_ bytes: [UInt8], to name: FileName) throws(FileError) -> FileStatus {
    let path = path.appending(name)
    let file = try OwnedDescriptor.open(
      name, in: descriptor.number, path: path, flags: O_WRONLY | O_APPEND | O_NOFOLLOW)
    try file.writeAll(bytes, path: path)
    let status = try file.status(path)
    try file.close(path)
    return status
  }
}
