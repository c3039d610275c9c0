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
    /// - Parameter unmounted: The place that was mounted there before and is not any more.
    case watched(RealPlace, unmounted: RealPlace?)
    case gone(reason: String)
  }

  /// Takes note of which folder is there now.
  func follow(_ top: DirectoryHandle) throws(FileError) {
    let identity = try top.status().identity
    if case .watched = folder, tree.folders[.top]?.identity.isSameFile(as: identity) == true {
      return
    }
    let place = RealPlace(of: settings.testFolder)
    let path = settings.testFolder.displayed
    switch folder {
    case .notSeen:
      folder = .watched(place, unmounted: nil)
    case .gone:
      folder = .watched(place, unmounted: nil)
      logger.record(
        .folderBack, level: .notice, "The test folder is back: \(path)",
        fields: ["folder": "\(path)"])
    case .watched(let before, let missing):
      let mounted = missing ?? before
      if mounted.isUnmounted(seenFrom: place) {
        folder = .watched(place, unmounted: mounted)
        guard missing == nil else { return }
        logger.record(
          .folderGone, level: .error,
          "The test folder is gone: what was mounted there is not any more (\(path)). Nothing is "
            + "deleted; until it is mounted again, the folder beneath it is watched.",
          fields: ["folder": "\(path)", "reason": "it is not mounted"])
      } else {
        folder = .watched(place, unmounted: nil)
        logger.record(
          .folderBack, level: .notice,
          missing != nil
            ? "The test folder is back: \(path)"
            : "The test folder was replaced by another one, which is watched from now on: \(path)",
          fields: ["folder": "\(path)"])
      }
    }
  }

  func folderIsGone(reason: String) {
    openFolder = nil
    for path in tree.folders.keys { watcher.detach(path) }
    tree = TestFolderTree()
    wantedNames = [:]
    if case .gone = folder { return }
    folder = .gone(reason: reason)
    logger.record(
      .folderGone, level: .error,
      "The test folder is gone: \(reason) Nothing is deleted; it is looked for every "
        + "\(seconds(searchInterval)) s.",
      fields: ["folder": "\(settings.testFolder.displayed)", "reason": "\(reason)"])
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
    if seen.foldersChanged && settings.recursive { isScanWanted = true }
    if seen.mountsChanged, !isTopTheKnownOne() { isScanWanted = true }
    wantedNames.merge(seen.names) { $0.union($1) }
    // Nobody knows which ones.
    if seen.isIncomplete { (isScanWanted, isCompleteScanWanted) = (true, true) }
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
