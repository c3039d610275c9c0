import CLinux
import Glibc
import SystemPackage

extension DirectoryHandle {
  /// Publishes bytes under a name: a reader sees the old file or the whole new one, never a part.
  ///
  /// When this returns, bytes, name and directory are on disk. When it throws, the name is
  /// as it was (except that after a failure to write the directory itself to disk the new file is
  /// visible, whole, but might not survive a power cut).
  ///
  /// What stands under the name is replaced; a symbolic link itself, not what it points to.
  ///
  /// - Parameters:
  ///   - bytes: The whole content.
  ///   - name: The final name.
  ///   - permissions: As for `open(2)`: the process's umask takes bits away.
  /// - Throws: ``FileError/system(_:_:_:)``.
  public func publish(_ bytes: [UInt8], as name: FileName, permissions: UInt32 = 0o640)
    throws(FileError)
  {
    try place(bytes, as: name, permissions: permissions)
    try synchronize()
  }

  /// Gives bytes that are on disk a name that is not on disk before ``synchronize()``, which then does for
  /// several at once; otherwise like ``publish(_:as:permissions:)``.
  public func place(_ bytes: [UInt8], as name: FileName, permissions: UInt32 = 0o640)
    throws(FileError)
  {
    let part = PartFile.randomName()
    do {
      try write(bytes, toNew: part, permissions: permissions)
      try rename(part, to: name)
    } catch {
      // The error that led here is the one to report.
      try? remove(part)
      throw error
    }
  }

  /// Renames within this directory, replacing what stands under the new name.
  ///
  /// The new name is on disk only after ``synchronize()``.
  public func rename(_ name: FileName, to newName: FileName) throws(FileError) {
    _ = try retryingInterrupts(.rename, path.appending(newName)) {
      unsafe name.withCString { old in
        unsafe newName.withCString { new in
          unsafe renameat(descriptor.number, old, descriptor.number, new)
        }
      }
    }
  }

  /// Writes a file that must not exist yet; its bytes are on disk when this returns, its name may not
  /// be.
  private func write(_ bytes: [UInt8], toNew name: FileName, permissions: UInt32)
    throws(FileError)
  {
    let path = path.appending(name)
    let file = try OwnedDescriptor.open(
      name, in: descriptor.number, path: path,
      flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode_t(permissions), as: .create)
    try file.writeAll(bytes, path: path)
    try file.synchronize(path)
    try file.close(path)
  }
}
