import Glibc
import SystemPackage

extension DirectoryHandle {
  /// Reads a whole regular file.
  ///
  /// It is never opened through a symbolic link, never blocks on a named pipe, and what is returned
  /// was one state of the file: its status is the same before and after the reading.
  ///
  /// - Parameters:
  ///   - name: The file in this directory.
  ///   - limitBytes: The most bytes to accept; memory needed is the file's size.
  /// - Returns: All bytes, and the identity they belong to.
  /// - Throws: ``FileError``: not a regular file, empty, too large, changed while it was read, or
  ///   refused by the kernel.
  public func readRegularFile(_ name: FileName, limitBytes: Int) throws(FileError)
    -> (bytes: [UInt8], identity: FileIdentity)
  {
    try readWhole(
      name, in: descriptor.number, path: path.appending(name), limitBytes: limitBytes,
      flags: O_NOFOLLOW)
  }
}

/// Reads a whole regular file by its path.
///
/// See ``DirectoryHandle/readRegularFile(_:limitBytes:)``.
///
/// - Parameter followingLinks: Whether the last component may be a symbolic link: for what an
///   administrator names (a configuration, a model), never for what users drop.
/// - Parameter growing: Whether somebody may be adding to it, as to a log: what is there when it is opened is
///   read, and that it changes meanwhile is no error.
public func readRegularFile(
  at path: FilePath, limitBytes: Int, followingLinks: Bool = false, growing: Bool = false
) throws(FileError) -> (bytes: [UInt8], identity: FileIdentity) {
  try readWhole(
    nil, in: nil, path: path, limitBytes: limitBytes, flags: followingLinks ? 0 : O_NOFOLLOW,
    growing: growing)
}

private func readWhole(
  _ name: FileName?, in directory: CInt?, path: FilePath, limitBytes: Int, flags: CInt,
  growing: Bool = false
) throws(FileError) -> (bytes: [UInt8], identity: FileIdentity) {
  let file: OwnedDescriptor
  do {
    // O_NONBLOCK: a named pipe without a writer would otherwise block for ever.
    file = try .open(
      name, in: directory, path: path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY | flags)
  } catch .system(_, _, .tooManySymbolicLinkLevels) {
    throw .notRegular(path, .symbolicLink)
  } catch .system(_, _, Errno(rawValue: ENXIO)) {
    // What open(2) says about a socket.
    throw .notRegular(path, .socket)
  }
  let before = try file.status(path)
  guard before.kind == .regular else { throw .notRegular(path, before.kind) }
  let sizeBytes = before.identity.sizeBytes
  guard sizeBytes > 0 else { throw .empty(path) }
  guard sizeBytes <= limitBytes else {
    throw .tooLarge(path, bytes: sizeBytes, limitBytes: limitBytes)
  }
  if growing { return (try file.readAll(count: sizeBytes, at: 0, path: path), before.identity) }
  let bytes = try file.readAll(expecting: sizeBytes, limitBytes: limitBytes, path: path)
  // All of the status: a modification time that was set back after writing shows in `changed`.
  guard bytes.count == sizeBytes, try file.status(path) == before else {
    throw .changedWhileReading(path)
  }
  return (bytes, before.identity)
}
