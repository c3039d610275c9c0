import Files
import FolderWatching

/// The folders that are watched: the test folder and, if they are wanted, those below it.
struct TestFolderTree {
  /// Folders further below the test folder than this are left out.
  static let deepest = 32

  struct Folder {
    var identity: FileIdentity
    var mode: WatchMode
    /// Whether names came to or went from it since it was listed last.
    var names = UnchangedFolder()
    /// The folders in it, when it was listed last.
    var subfolders: [FileName] = []
    /// Whether names went from its part of the Results folder since that was listed last.
    var results = UnchangedFolder()
  }

  var folders: [SubfolderPath: Folder] = [:]
  /// Those below it that are not entered.
  var forbidden: Set<SubfolderPath> = []
  /// What was said about folders that cannot be watched, so that it is said once.
  var said: [SubfolderPath: String] = [:]

  /// Why some folder has to be listed regularly; nil if inotify tells of all.
  var pollingReason: PollingReason? {
    for folder in folders.values {
      if case .polling(let reason) = folder.mode { return reason }
    }
    return nil
  }

  /// Whether a folder is watched as the one it is, so that nothing is to be done about it.
  func isWatched(_ path: SubfolderPath, _ identity: FileIdentity) -> Bool {
    guard let known = folders[path], known.identity.isSameFile(as: identity) else { return false }
    switch known.mode {
    case .inotify, .polling(.remoteFileSystem): return true
    // Perhaps there are some watches by now.
    case .polling: return false
    }
  }
}

extension FileIdentity {
  /// Whether both are states of one file.
  func isSameFile(as other: FileIdentity) -> Bool {
    inode == other.inode && device == other.device
  }
}

/// Tells whether a folder may have changed since it was listed, by the times that the kernel keeps.
package struct UnchangedFolder {
  private var times: [FileTime?] = []
  private var since: ContinuousClock.Instant?
  private var listed: ContinuousClock.Instant?

  /// File systems keep times to 2 s (FAT) or better: what happens within that after a listing may leave
  /// the time as it was.
  private static let resolution = Duration.seconds(3)

  /// Whether the folder has to be listed; it is taken for listed then.
  package init() {}

  package mutating func mustBeListed(_ now: [FileTime?], at instant: ContinuousClock.Instant)
    -> Bool
  {
    if times != now {
      (times, since, listed) = (now, instant, instant)
      return true
    }
    if let since, let listed, listed - since >= Self.resolution { return false }
    listed = instant
    return true
  }
}
