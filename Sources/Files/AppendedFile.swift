import Glibc
import SystemPackage

/// A new file that only grows, for a reader that follows it. Not synchronised: after a power cut its end
/// may be missing.
public final class AppendedFile: Sendable {
  private let descriptor: OwnedDescriptor
  /// Where it is.
  public let path: FilePath

  /// Makes the file, which must not exist yet.
  public init(_ path: FilePath, permissions: UInt32 = 0o644) throws(FileError) {
    self.path = path
    descriptor = try .open(
      nil, in: nil, path: path, flags: O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW,
      mode: mode_t(permissions), as: .create)
  }

  /// Adds bytes at the end.
  public func append(_ bytes: [UInt8]) throws(FileError) {
    try descriptor.writeAll(bytes, path: path)
  }
}
