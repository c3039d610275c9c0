import SystemPackage

extension DirectoryHandle {
  /// Opens the directory at `path`, which is made if it is not there, with those above it.
  ///
  /// - Parameters:
  ///   - path: A symbolic link there is followed.
  ///   - permissions: Of the directories that are made.
  /// - Throws: ``FileError/system(_:_:_:)``.
  public static func openOrMake(_ path: FilePath, permissions: UInt32 = 0o775)
    throws(FileError) -> DirectoryHandle
  {
    do {
      return try DirectoryHandle(opening: path)
    } catch .system(_, _, .noSuchFileOrDirectory) {
      guard let name = FileName(lastComponentOf: path) else {
        return try DirectoryHandle(opening: path)
      }
      let above = path.removingLastComponent()
      return try openOrMake(above.isEmpty ? "." : above, permissions: permissions)
        .makeDirectory(name, permissions: permissions)
    }
  }
}
