import CLinux
import Glibc
import SystemPackage

/// A file that is written piece by piece under a private name and then published whole.
///
/// For files that are too large to be put together in memory. Not Sendable. Dropped before it is
/// published, it is removed.
public final class StreamedFile {
  private let directory: DirectoryHandle
  private let part: FileName
  private let path: FilePath
  private let descriptor: OwnedDescriptor
  private var isPublished = false
  /// Bytes whose way to the disk has begun.
  private var begun = 0
  private static let piece = 16 << 20
  /// Bytes that were appended until now.
  public private(set) var count = 0

  /// Makes the file under a private name, which `DirectoryHandle.sweepPartFiles` knows.
  public init(in directory: DirectoryHandle, permissions: UInt32 = 0o644) throws(FileError) {
    self.directory = directory
    part = PartFile.randomName()
    path = directory.path.appending(part)
    descriptor = try .open(
      part, in: directory.descriptor.number, path: path,
      flags: O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode_t(permissions), as: .create)
  }

  deinit {
    if !isPublished { try? directory.remove(part) }
  }

  /// Adds bytes at the end. What has come together is on its way to the disk while the next is made.
  public func append(_ bytes: [UInt8]) throws(FileError) {
    try descriptor.writeAll(bytes, path: path, at: count)
    count += bytes.count
    guard count - begun >= Self.piece else { return }
    // A hint only: whether all of it is there is asked when the file is published.
    clinux_begin_writing(descriptor.number, Int64(begun), Int64(count - begun))
    begun = count
  }

  /// Writes over bytes at the beginning.
  public func overwriteBeginning(with bytes: [UInt8]) throws(FileError) {
    precondition(bytes.count <= count, "only what is there can be written over")
    try descriptor.writeAll(bytes, path: path, at: 0)
  }

  /// Gives the file its name; bytes, name and directory are on disk when this returns.
  ///
  /// - Parameter folder: Where it gets its name, on the same file system; nil for its own directory.
  public func publish(as name: FileName, in folder: DirectoryHandle? = nil) throws(FileError) {
    let folder = folder ?? directory
    try descriptor.synchronize(path)
    try descriptor.reportLostWrites(path)
    _ = try retryingInterrupts(.rename, folder.path.appending(name)) {
      unsafe part.withCString { old in
        unsafe name.withCString { new in
          unsafe renameat(
            directory.descriptor.number, old, folder.descriptor.number, new)
        }
      }
    }
    isPublished = true
    try folder.synchronize()
  }
}

/// A regular file that is read piece by piece, also after its name is gone.
public final class RandomAccessFile: Sendable {
  private let descriptor: OwnedDescriptor
  private let path: FilePath
  /// The size when it was opened.
  public let sizeBytes: Int

  /// Opens a regular file; a symbolic link at the end of the path is not followed.
  public init(opening path: FilePath) throws(FileError) {
    self.path = path
    descriptor = try .open(
      nil, in: nil, path: path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW)
    let status = try descriptor.status(path)
    guard status.kind == .regular else { throw .notRegular(path, status.kind) }
    sizeBytes = status.identity.sizeBytes
  }

  /// Reads `count` bytes from `offset` on; fewer where the file ends.
  public func read(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    try descriptor.readAll(count: count, at: offset, path: path)
  }
}
