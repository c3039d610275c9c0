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
    let path = path.appending(name)
    let file: OwnedDescriptor
    do {
      file = try .open(
        name, in: descriptor.number, path: path,
        flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
    } catch .system(_, _, .tooManySymbolicLinkLevels) {
      throw .notRegular(path, .symbolicLink)
    } catch .system(_, _, Errno(rawValue: ENXIO)) {
      // What open(2) says about a socket, and about a device without a driver.
      throw .notRegular(path, try status(of: name)?.kind ?? .socket)
    }
    return try readWhole(file, path: path, limitBytes: limitBytes)
  }
}

/// Reads a whole regular file by its path; the last component may not be a symbolic link.
///
/// See ``DirectoryHandle/readRegularFile(_:limitBytes:)``.
public func readRegularFile(at path: FilePath, limitBytes: Int) throws(FileError)
  -> (bytes: [UInt8], identity: FileIdentity)
{
  guard let name = FileName(lastComponentOf: path) else {
    throw .notRegular(path, .directory)
  }
  let parent = path.removingLastComponent()
  return try DirectoryHandle(opening: parent.isEmpty ? "." : parent)
    .readRegularFile(name, limitBytes: limitBytes)
}

private func readWhole(_ file: borrowing OwnedDescriptor, path: FilePath, limitBytes: Int)
  throws(FileError) -> (bytes: [UInt8], identity: FileIdentity)
{
  let before = try file.status(path)
  guard before.kind == .regular else { throw .notRegular(path, before.kind) }
  let sizeBytes = before.identity.sizeBytes
  guard sizeBytes > 0 else { throw .empty(path) }
  guard sizeBytes <= limitBytes else {
    throw .tooLarge(path, bytes: sizeBytes, limitBytes: limitBytes)
  }
  let bytes = try file.readAll(expecting: sizeBytes, limitBytes: limitBytes, path: path)
  guard bytes.count == sizeBytes, try file.status(path).identity == before.identity else {
    throw .changedWhileReading(path)
  }
  return (bytes, before.identity)
}
