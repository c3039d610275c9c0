import CLinux
import Glibc
import SystemPackage

/// A small file that is rewritten in place, over and over, for a process's own successor.
///
/// It costs two system calls per change and is not synchronised: it has to survive the end of the
/// process, not that of the machine. Its content may be lost or cut; readers must take that.
public final class StateFile: Sendable {
  private let descriptor: OwnedDescriptor
  private let path: FilePath

  /// Opens or makes the file.
  public init(_ name: FileName, in directory: DirectoryHandle) throws(FileError) {
    path = directory.path.appending(name)
    descriptor = try .open(
      name, in: directory.descriptor.number, path: path,
      flags: O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, mode: 0o600, as: .create)
  }

  /// The content, at most `limitBytes` of it.
  public func read(limitBytes: Int = 1 << 20) throws(FileError) -> [UInt8] {
    _ = try retryingInterrupts(.read, path) { lseek(descriptor.number, 0, SEEK_SET) }
    return try descriptor.readAll(expecting: limitBytes, limitBytes: limitBytes, path: path)
  }

  /// Replaces the content.
  public func replace(with bytes: [UInt8]) throws(FileError) {
    _ = try retryingInterrupts(.write, path) { ftruncate(descriptor.number, 0) }
    if !bytes.isEmpty { try descriptor.writeAll(bytes, path: path) }
  }

  /// From now on a crash of this process adds one byte to the file.
  ///
  /// For one file per process, which must live as long as the process.
  public func markCrashesOfThisProcess() throws(FileError) {
    _ = try retryingInterrupts(.write, path) { clinux_mark_crashes(descriptor.number) }
  }
}
