import Glibc

/// What a directory entry is.
public enum FileKind: Sendable, Equatable, CustomStringConvertible {
  case regular, directory, symbolicLink, namedPipe, socket, device

  init(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .directory
    case S_IFLNK: self = .symbolicLink
    case S_IFIFO: self = .namedPipe
    case S_IFSOCK: self = .socket
    default: self = .device
    }
  }

  /// The kind with its article, for messages.
  public var description: String {
    switch self {
    case .regular: return "a regular file"
    case .directory: return "a folder"
    case .symbolicLink: return "a symbolic link"
    case .namedPipe: return "a named pipe"
    case .socket: return "a socket"
    case .device: return "a device"
    }
  }
}

/// A point in time as the file system keeps it.
public struct FileTime: Hashable, Sendable {
  /// Whole seconds since 1970, rounded down.
  public var seconds: Int
  /// Nanoseconds within the second, 0 to 999,999,999.
  public var nanoseconds: Int

  /// Creates a time from seconds since 1970 and nanoseconds within the second.
  public init(seconds: Int, nanoseconds: Int) {
    self.seconds = seconds
    self.nanoseconds = nanoseconds
  }
}

extension FileTime: Comparable {
  /// Orders by time.
  public static func < (left: FileTime, right: FileTime) -> Bool {
    (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
  }
}

extension FileTime: LosslessStringConvertible {
  /// `SECONDS.NANOSECONDS`, with nine digits after the point.
  public var description: String {
    let digits = String(nanoseconds)
    return "\(seconds)." + String(repeating: "0", count: max(0, 9 - digits.count)) + digits
  }

  /// Reads what ``description`` wrote.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].count == 9, let seconds = Int(parts[0]),
      let nanoseconds = Int(parts[1]), nanoseconds >= 0
    else { return nil }
    self.init(seconds: seconds, nanoseconds: nanoseconds)
  }
}

/// What makes a file the same file with the same bytes, as far as can be told without reading it.
public struct FileIdentity: Hashable, Sendable {
  /// The size.
  public var sizeBytes: Int
  /// When the bytes were last changed, as the file system says.
  public var modified: FileTime
  /// The number of the file within its file system.
  public var inode: UInt64
  /// The number of the file system.
  public var device: UInt64

  /// Creates an identity from its parts.
  public init(sizeBytes: Int, modified: FileTime, inode: UInt64, device: UInt64) {
    self.sizeBytes = sizeBytes
    self.modified = modified
    self.inode = inode
    self.device = device
  }
}

/// What the kernel says about one file.
public struct FileStatus: Equatable, Sendable {
  /// What the entry is.
  public var kind: FileKind
  /// Which file it is, and which state of it.
  public var identity: FileIdentity
  /// Permission bits, set-user-ID and the like: the lower 12 bits of `st_mode`.
  public var permissions: UInt32
  /// The user that owns it.
  public var owner: UInt32
  /// The group that owns it.
  public var group: UInt32
  /// When the bytes, the names in a directory, or anything else about it were last changed; unlike the
  /// modification time nobody can set it.
  public var changed: FileTime

  init(_ status: stat) {
    kind = FileKind(mode: status.st_mode)
    identity = FileIdentity(
      sizeBytes: Int(status.st_size),
      modified: FileTime(
        seconds: Int(status.st_mtim.tv_sec), nanoseconds: Int(status.st_mtim.tv_nsec)),
      inode: UInt64(status.st_ino), device: UInt64(status.st_dev))
    permissions = UInt32(status.st_mode & 0o7777)
    owner = UInt32(status.st_uid)
    group = UInt32(status.st_gid)
    changed = FileTime(
      seconds: Int(status.st_ctim.tv_sec), nanoseconds: Int(status.st_ctim.tv_nsec))
  }
}
