import Files
import FolderWatching
import Journal
import Logging
import SystemPackage

/// The test folder's coming and going, and what the kernel tells of it.
extension FolderService {
  /// Whether the test folder is there.
  enum FolderState {
    case notSeen
    case watched(RealPlace)
    /// - Parameter unmounted: The place that was mounted there and is not any more.
    case gone(reason: String, unmounted: RealPlace?)
  }

  /// Takes note of which folder is there now.
  ///
  /// - Returns: Whether it is the test folder, and not what lay hidden beneath its file system.
  func follow(_ top: DirectoryHandle) throws(FileError) -> Bool {
    let identity = try top.status().identity
    if case .watched = folder, let known = tree.folders[.top],
      known.identity.isSameFile(as: identity)
    {
      return true
    }
    let place = RealPlace(of: settings.testFolder)
    switch folder {
    case .notSeen: break
    case .watched(let before):
      if before.isUnmounted(seenFrom: place) {
        folderIsGone(
          reason:
            "its file system is not mounted any more. Mount it again; to use the folder beneath "
            + "it, restart the service.", unmounted: before)
        return false
      }
      logger.record(
        .folderBack, level: .notice,
        "The test folder was replaced by another one, which is watched from now on: "
          + settings.testFolder.displayed)
    case .gone(_, let before?) where before.isUnmounted(seenFrom: place): return false
    case .gone:
      logger.record(
        .folderBack, level: .notice, "The test folder is back: \(settings.testFolder.displayed)")
    }
    folder = .watched(place)
    return true
  }

  func folderIsGone(reason: String, unmounted: RealPlace?) {
    openFolder = nil
    for path in tree.folders.keys { watcher.detach(path) }
    tree = TestFolderTree()
    wantedNames = [:]
    if case .gone = folder { return }
    folder = .gone(reason: reason, unmounted: unmounted)
    logger.record(
      .folderGone, level: .error,
      "The test folder is gone: \(reason) Nothing is deleted; it is looked for every "
        + "\(seconds(searchInterval)) s.",
      fields: ["reason": "\(reason)"])
  }

  /// How often a test folder that is gone is looked for.
  var searchInterval: Duration { min(settings.pollInterval, .seconds(2)) }

  /// Takes what the kernel told since the last time.
  func takeObservations() {
    let seen = watcher.takeObservations()
    guard seen != WatchObservations() else { return }
    lostEvents.overflows += seen.overflowCount
    lostEvents.endings += seen.endings[.top] ?? 0
    for path in seen.endings.keys {
      watcher.detach(path)
      tree.folders[path] = nil
      isScanWanted = true
    }
    if seen.overflowCount > 0 { isCompleteScanWanted = true }
    if seen.isIncomplete || seen.foldersChanged && settings.recursive { isScanWanted = true }
    if seen.mountsChanged, !isTopTheKnownOne() { isScanWanted = true }
    wantedNames.merge(seen.names) { $0.union($1) }
    if isScanWanted { wantedNames = [:] }
  }

  private func isTopTheKnownOne() -> Bool {
    guard let known = tree.folders[.top],
      let identity = try? DirectoryHandle(opening: settings.testFolder).status().identity
    else { return false }
    return known.identity.isSameFile(as: identity)
  }

  /// Says once, with numbers, that events were lost or the folder moved.
  func tellLostEvents() {
    var sentences: [String] = []
    if lostEvents.overflows > 0 {
      sentences.append("The kernel dropped events \(lostEvents.overflows) times (queue full)")
    }
    if lostEvents.endings > 0 {
      sentences.append(
        "The test folder was removed, moved or unmounted (\(lostEvents.endings) events)")
    }
    guard !sentences.isEmpty else { return }
    logger.record(
      .eventsLost, level: .notice,
      "\(sentences.joined(separator: ". ")): it is looked at from the beginning, nothing is lost.",
      fields: ["count": "\(lostEvents.overflows + lostEvents.endings)"])
    lostEvents = LostEvents()
  }

  /// Events that a listing has to make good for.
  struct LostEvents {
    var overflows = 0
    var endings = 0
  }
}
