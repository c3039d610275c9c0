import SystemPackage

/// How changes of a folder are noticed.
public enum WatchMode: Sendable, Equatable {
  /// The kernel tells of them.
  case inotify
  /// The folder is listed regularly, for a reason that users should know.
  case polling(PollingReason)
}

/// Why inotify is not used.
public enum PollingReason: Sendable, Equatable {
  /// The file system tells only of changes made on this machine.
  case remoteFileSystem(name: String)
  /// The user's inotify instances are used up.
  case noInstances
  /// The user's inotify watches are used up.
  case noWatches
  /// The kernel refuses for another reason.
  case refused(Errno)
}

extension PollingReason: CustomStringConvertible {
  /// Why, and what to do.
  public var description: String {
    switch self {
    case .remoteFileSystem(let name):
      return "it is on a network or user file system (\(name)), where inotify is silent"
    case .noInstances:
      return "this user's inotify instances are used up. Raise them: "
        + "sysctl fs.inotify.max_user_instances=1024"
    case .noWatches:
      return "this user's inotify watches are used up. Raise them: "
        + "sysctl fs.inotify.max_user_watches=524288"
    case .refused(let errno):
      return "inotify is refused: \(errno)"
    }
  }
}
