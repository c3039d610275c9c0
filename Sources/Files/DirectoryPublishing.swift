import CLinux
import Glibc
import SystemPackage

extension DirectoryHandle {
  /// Publishes a whole directory under a name: a reader sees nothing or all of it, never a part.
  ///
  /// It is filled under a private name, written to disk and renamed. When this returns, everything in it
  /// and its name are on disk; when it throws, or the process is killed, the name is as it was. What a killed
  /// process leaves behind is removed by ``sweepParts()``.
  ///
  /// - Parameters:
  ///   - name: The final name; a directory with something in it must not have it.
  ///   - permissions: As for `mkdir(2)`: the process's umask takes bits away.
  ///   - fill: Writes what is to be in it, with ``publish(_:as:permissions:)`` and the like.
  /// - Throws: ``FileError/system(_:_:_:)``, and what `fill` throws.
  public func publishDirectory(
    as name: FileName, permissions: UInt32 = 0o755,
    _ fill: (DirectoryHandle) throws(FileError) -> Void
  ) throws(FileError) {
    let part = PartFile.randomName()
    let folder = try makeDirectory(part, permissions: permissions)
    do {
      try fill(folder)
      try folder.synchronize()
      try rename(part, to: name)
    } catch {
      // The error that led here is the one to report.
      try? removeTree(part)
      throw error
    }
    try synchronize()
  }

  /// Removes a directory and everything in it; that it is not there is no error.
  ///
  /// It loses its name by one rename first, so that a reader never sees a part of it.
  public func removeDirectory(_ name: FileName) throws(FileError) {
    guard try status(of: name) != nil else { return }
    let part = PartFile.randomName()
    try rename(name, to: part)
    try synchronize()
    try removeTree(part)
    try synchronize()
  }

  /// Removes what a killed process left behind under private names: folders, files and links.
  ///
  /// Only for the holder of the directory's lock: another process's work would be lost.
  ///
  /// - Returns: How many were removed.
  @discardableResult
  public func sweepParts() throws(FileError) -> Int {
    var count = 0
    for name in try names() where PartFile.isOne(name) {
      if try status(of: name)?.kind == .directory {
        try removeTree(name)
      } else {
        try remove(name)
      }
      count += 1
    }
    return count
  }

  /// Removes the directory `name` with everything in it. Symbolic links are removed, never followed.
  private func removeTree(_ name: FileName) throws(FileError) {
    let folder = try openDirectory(name)
    for entry in try folder.names() {
      if try folder.status(of: entry)?.kind == .directory {
        try folder.removeTree(entry)
      } else {
        try folder.remove(entry)
      }
    }
    _ = try retryingInterrupts(.remove, path.appending(name)) {
      unsafe name.withCString { unsafe unlinkat(descriptor.number, $0, AT_REMOVEDIR) }
    }
  }
}
