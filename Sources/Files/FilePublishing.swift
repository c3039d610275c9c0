import Glibc
import SystemPackage

/// Publishes bytes at a path; see ``DirectoryHandle/publish(_:as:permissions:)``. The folder must exist.
///
/// - Throws: ``FileError/system(_:_:_:)``.
public func publishFile(_ bytes: [UInt8], at path: FilePath, permissions: UInt32 = 0o644)
  throws(FileError)
{
  let (folder, name) = try folderAndName(of: path)
  try folder.publish(bytes, as: name, permissions: permissions)
}

/// Removes the file at a path; that it is not there is no error.
///
/// - Throws: ``FileError/system(_:_:_:)``.
public func removeFile(at path: FilePath) throws(FileError) {
  let (folder, name) = try folderAndName(of: path)
  try folder.remove(name)
}

/// What the kernel says about the entry at a path, without following a symbolic link; nil if there is none.
///
/// - Throws: ``FileError/system(_:_:_:)``.
public func fileStatus(at path: FilePath) throws(FileError) -> FileStatus? {
  let (folder, name) = try folderAndName(of: path)
  return try folder.status(of: name)
}

/// Finds out, before long work, whether a file could be published at a path.
///
/// - Throws: ``FileError`` when the folder is not there or not writable, or when a folder has the name.
public func requirePublishable(at path: FilePath) throws(FileError) {
  let (folder, name) = try folderAndName(of: path)
  if let kind = try folder.status(of: name)?.kind, kind == .directory {
    throw .notRegular(path, kind)
  }
  _ = try retryingInterrupts(.write, folder.path) {
    unsafe faccessat(folder.descriptor.number, ".", W_OK | X_OK, AT_EACCESS)
  }
}

/// The folder that holds what a path names, opened, and the name in it.
func folderAndName(of path: FilePath) throws(FileError) -> (DirectoryHandle, FileName) {
  guard let name = FileName(lastComponentOf: path) else { throw .notRegular(path, .directory) }
  let parent = path.removingLastComponent()
  return (try DirectoryHandle(opening: parent.isEmpty ? "." : parent), name)
}
