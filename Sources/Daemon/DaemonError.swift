import Files
import ModelStore
import Segmentation
import SystemPackage

/// Why the daemon does not start.
public enum DaemonError: Error, Sendable {
  /// There is no model, or it cannot be used.
  case model(ModelStoreError)
  /// The model's network cannot be laid out.
  case network(SegmentationError)
  /// One of the two folders is, or is inside, the other.
  case foldersOverlap(inner: FilePath, innerRole: String, outer: FilePath, outerRole: String)
  /// Another daemon has the folder.
  case alreadyServed(FilePath, role: String, holder: Int32?)
  /// A folder that is needed cannot be made, opened or locked.
  case folder(FileError, role: String)
}

extension DaemonError: CustomStringConvertible {
  /// What was not done, why, and what to do.
  public var description: String {
    switch self {
    case .model(let error):
      return "Not started: \(error)"
    case .network(let error):
      return "Not started: \(error)"
    case .foldersOverlap(let inner, let innerRole, let outer, let outerRole):
      return "Not started: the \(innerRole) (\(inner.displayed)) is inside the \(outerRole) "
        + "(\(outer.displayed)), or the same. Move one of them."
    case .alreadyServed(let path, let role, let holder):
      let who = holder.map { "process \($0)" } ?? "another process"
      return "Not started: \(who) already works with the \(role) (\(path.displayed)). "
        + "Stop it first, or configure another folder."
    case .folder(let error, let role):
      return "Not started: the \(role): \(error)"
    }
  }

  /// The exit code of sysexits.h that says so.
  public var exitCode: Int32 {
    switch self {
    case .model, .network, .foldersOverlap: return 78
    case .alreadyServed: return 75
    case .folder: return 73
    }
  }
}
