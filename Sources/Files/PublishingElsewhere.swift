import SystemPackage

extension DirectoryHandle {
  /// Publishes bytes at a path elsewhere, while the private name they are written under lies in this
  /// directory, whose owner can sweep it.
  ///
  /// On another file system, where that cannot be, the private name lies beside the final one.
  ///
  /// - Throws: ``FileError/system(_:_:_:)``.
  public func publish(_ bytes: [UInt8], at path: FilePath, permissions: UInt32 = 0o644)
    throws(FileError)
  {
    let (folder, name) = try folderAndName(of: path)
    guard try folder.status().identity.device == status().identity.device else {
      return try folder.publish(bytes, as: name, permissions: permissions)
    }
    let file = try StreamedFile(in: self, permissions: permissions)
    try file.append(bytes)
    try file.publish(as: name, in: folder)
  }
}
