import CLinux
import SystemPackage

/// Why a file operation was not done.
public enum FileError: Error, Equatable, Sendable {
  /// The kernel refused a call.
  case system(FileOperation, FilePath, Errno)
  /// The name belongs to something other than a regular file.
  case notRegular(FilePath, FileKind)
  /// The file has no bytes.
  case empty(FilePath)
  /// The file is larger than the caller accepts.
  case tooLarge(FilePath, bytes: Int, limitBytes: Int)
  /// The file was written to, or replaced, while it was read.
  case changedWhileReading(FilePath)
  /// Another process holds the lock.
  case locked(FilePath, holder: Int32?)
}

/// What was being done when a call failed.
public enum FileOperation: String, Sendable {
  case open, read, write, list, rename, remove, lock, examine
  case synchronize = "write to disk"
  case close = "finish writing"
  case create = "create"
}

extension FileError {
  /// The file or directory it happened to.
  public var path: FilePath {
    switch self {
    case .system(_, let path, _), .notRegular(let path, _), .empty(let path),
      .tooLarge(let path, _, _), .changedWhileReading(let path), .locked(let path, _):
      return path
    }
  }

  /// The kernel's error number, if it was the kernel that refused.
  public var errno: Errno? {
    if case .system(_, _, let errno) = self { return errno }
    return nil
  }

  /// Whether the same call may succeed later without anything being done to this file: a disk that
  /// is full, permissions that are being repaired, a share that is away, a file still in the making.
  public var isTransient: Bool {
    switch self {
    case .system(_, _, let errno):
      return errno != .fileNameTooLong && errno != .tooManySymbolicLinkLevels
    case .changedWhileReading, .locked: return true
    case .notRegular, .empty, .tooLarge: return false
    }
  }

  /// Why, with numbers, and what to do; without the file's name.
  public var reason: String {
    switch self {
    case .system(let operation, _, let errno):
      let name = unsafe clinux_errno_name(errno.rawValue).map { unsafe String(cString: $0) }
      return "cannot \(operation.rawValue) it: \(errno) (\(name ?? String(errno.rawValue)))."
        + (remedy(for: errno).map { " " + $0 } ?? "")
    case .notRegular(_, let kind):
      return "it is \(kind), not a regular file. Put the file itself there."
    case .empty:
      return "the file is empty (0 bytes). Copy it again."
    case .tooLarge(_, let bytes, let limitBytes):
      return "\(bytes) bytes, limit \(limitBytes). Save it smaller."
    case .changedWhileReading:
      return "it changed while it was being read. It will be looked at again."
    case .locked(_, let holder?):
      return "process \(holder) is using it. Stop that process first."
    case .locked(_, nil):
      return "another process is using it. Stop that process first."
    }
  }
}

extension FileError: CustomStringConvertible {
  /// Which file, why, and what to do.
  public var description: String { "\(path.displayed): \(reason)" }
}

private func remedy(for errno: Errno) -> String? {
  switch errno {
  case .noSpace: return "Free some space on this file system."
  case .diskQuotaExceeded: return "Free some space, or raise the disk quota."
  case .permissionDenied, .notPermitted:
    return "Give the user that runs this program access to it."
  case .readOnlyFileSystem: return "Mount the file system writable."
  case .tooManyOpenFiles: return "Raise LimitNOFILE= of the service."
  case .tooManyOpenFilesInSystem: return "Raise the sysctl fs.file-max."
  case .ioError: return "Check the disk: journalctl -k."
  case .staleNFSFileHandle: return "Mount the network share again."
  case .noSuchFileOrDirectory: return "Create it, or correct the path."
  case .notDirectory: return "Correct the path: a folder is needed here."
  case .isDirectory: return "Move the folder of this name away."
  case .fileNameTooLong: return "Give it a shorter name."
  default: return nil
  }
}
