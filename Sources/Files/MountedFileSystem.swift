import Glibc
import SystemPackage

/// The file system that a path leads to, as it is mounted here.
public struct MountedFileSystem: Sendable, Equatable {
  /// Where it is mounted.
  public var mountPoint: FilePath
  /// The kernel's name for its kind: `ext4`, `nfs4`, `tmpfs`.
  public var type: String
  /// Whether nothing can be written there.
  public var isReadOnly: Bool
  /// Bytes that an ordinary user can still write.
  public var freeBytes: UInt64
  /// Files that can still be made; nil where there is no such limit.
  public var freeFiles: UInt64?

  /// Asks the kernel; nil where nothing is known.
  public init?(of path: FilePath) {
    guard let mount = RealPlace.mount(of: path) else { return nil }
    (mountPoint, type) = (mount.point, mount.type)
    var status = statvfs()
    guard unsafe path.withPlatformString({ unsafe statvfs($0, &status) }) == 0 else { return nil }
    isReadOnly = status.f_flag & UInt(ST_RDONLY) != 0
    freeBytes = UInt64(status.f_bavail) * UInt64(status.f_frsize)
    freeFiles = status.f_files == 0 ? nil : UInt64(status.f_favail)
  }
}
