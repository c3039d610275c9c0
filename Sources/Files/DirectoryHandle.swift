import CLinux
import Glibc
import SystemPackage

/// An open directory.
///
/// Names are resolved relative to it, so that a path renamed or mounted over in the meantime cannot
/// redirect a read or a write.
///
/// Cost: one file descriptor, closed with the last reference.
public final class DirectoryHandle: Sendable {
  /// The path it was opened by, for messages; the directory may have another name by now.
  public let path: FilePath
  let descriptor: OwnedDescriptor

  /// Opens the directory at `path`; a symbolic link there is followed.
  ///
  /// - Throws: ``FileError/system(_:_:_:)`` if it is absent, not a directory or not readable.
  public init(opening path: FilePath) throws(FileError) {
    self.path = path
    descriptor = try .open(nil, in: nil, path: path, flags: O_RDONLY | O_DIRECTORY)
  }

  private init(path: FilePath, descriptor: consuming OwnedDescriptor) {
    self.path = path
    self.descriptor = descriptor
  }

  /// Opens the directory `name` within this one, never through a symbolic link.
  public func openDirectory(_ name: FileName) throws(FileError) -> DirectoryHandle {
    let path = path.appending(name)
    return DirectoryHandle(
      path: path,
      descriptor: try .open(
        name, in: descriptor.number, path: path, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW))
  }

  /// Makes the directory `name` within this one unless it exists, and opens it.
  ///
  /// The new name is on disk when this returns. Where this directory hands its group on (setgid), so
  /// does the new one; to ask for that bit would be refused under `RestrictSUIDSGID=`.
  public func makeDirectory(_ name: FileName, permissions: UInt32 = 0o775) throws(FileError)
    -> DirectoryHandle
  {
    let path = path.appending(name)
    do throws(FileError) {
      _ = try retryingInterrupts(.create, path) {
        unsafe name.withCString { unsafe mkdirat(descriptor.number, $0, mode_t(permissions)) }
      }
      do throws(FileError) {
        try synchronize()
      } catch {
        // Another try would find it there and take it for being on disk.
        try? unlink(name, flags: AT_REMOVEDIR)
        throw error
      }
    } catch .system(_, _, .fileExists) {
      // What is there is opened below, which fails if it is no directory.
    }
    return try openDirectory(name)
  }

  /// What the kernel says about the directory itself.
  public func status() throws(FileError) -> FileStatus { try descriptor.status(path) }

  /// What the kernel says about the entry `name`, without following a symbolic link; nil if there
  /// is none.
  public func status(of name: FileName) throws(FileError) -> FileStatus? {
    var status = stat()
    do {
      _ = try retryingInterrupts(.examine, path.appending(name)) {
        unsafe name.withCString {
          unsafe fstatat(descriptor.number, $0, &status, AT_SYMLINK_NOFOLLOW)
        }
      }
    } catch .system(_, _, .noSuchFileOrDirectory) {
      return nil
    }
    return FileStatus(status)
  }

  /// Whether the path it was opened by still leads to this directory.
  ///
  /// False after the directory was removed, renamed, or mounted over.
  public var isStillAtItsPath: Bool {
    var status = stat()
    let found = unsafe path.withPlatformString { unsafe stat($0, &status) } == 0
    guard found, let own = try? self.status().identity else { return false }
    let other = FileStatus(status).identity
    return own.inode == other.inode && own.device == other.device
  }

  /// Removes the file `name`; that it is not there is no error.
  ///
  /// - Parameter durably: whether the removal is on disk when this returns.
  public func remove(_ name: FileName, durably: Bool = false) throws(FileError) {
    do {
      try unlink(name, flags: 0)
    } catch .system(_, _, .noSuchFileOrDirectory) {
      return
    }
    if durably { try synchronize() }
  }

  private func unlink(_ name: FileName, flags: CInt) throws(FileError) {
    _ = try retryingInterrupts(.remove, path.appending(name)) {
      unsafe name.withCString { unsafe unlinkat(descriptor.number, $0, flags) }
    }
  }

  /// Writes the directory's own changes (names made, renamed and removed in it) to disk.
  public func synchronize() throws(FileError) { try descriptor.synchronize(path) }

  /// The kind of file system the directory is on.
  public var fileSystem: FileSystemKind {
    FileSystemKind(magic: clinux_file_system_magic(descriptor.number))
  }
}
