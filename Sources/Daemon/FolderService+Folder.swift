import Files
import FolderWatching
import Journal
import Logging
import SystemPackage

extension FolderService {
  /// Lists the test folder and notes what there is.
  func scan() {
    let folder: DirectoryHandle
    let names: [FileName]
    do throws(FileError) {
      folder = try DirectoryHandle(opening: settings.testFolder)
      try attach(to: folder)
      names = try folder.names()
    } catch {
      folderIsGone(error)
      return
    }
    openFolder = folder
    list.beginListing()
    for name in names where SourceName(name) != .ignored {
      // One that vanished since, or that cannot be asked about, is not there for this listing.
      guard let status = try? folder.status(of: name) else { continue }
      list.observe(name, identity(of: status), at: clock.now)
    }
    list.endListing()
    checkResults()
  }

  /// What makes a source another one.
  ///
  /// Of a folder or pipe with the name of a photograph, only which one it is: what happens inside is
  /// no reason to speak of it again.
  func identity(of status: FileStatus) -> FileIdentity {
    var identity = status.identity
    if status.kind != .regular {
      (identity.sizeBytes, identity.modified) = (0, FileTime(seconds: 0, nanoseconds: 0))
    }
    return identity
  }

  /// Watches the folder unless it is the one that is watched.
  private func attach(to opened: DirectoryHandle) throws(FileError) {
    let identity = try opened.status().identity
    switch folder {
    case .watched(let known, let mode)
    where known.inode == identity.inode && known.device == identity.device:
      // Polling for want of watches: perhaps there are some by now.
      guard case .polling(let reason) = mode, case .remoteFileSystem = reason else { break }
      return
    case .watched, .notSeen: break
    case .gone:
      logger.record(
        .folderBack, level: .notice, "The test folder is back: \(settings.testFolder.displayed)")
    }
    if case .watched(let known, .inotify) = folder, known.inode == identity.inode,
      known.device == identity.device
    {
      return
    }
    let mode = watcher.attach(to: opened)
    if case .polling(let reason) = mode, !wasPolling(for: reason) {
      logger.record(
        .polling, level: .warning,
        "The test folder is looked at every \(seconds(settings.pollInterval)) s: \(reason). "
          + settings.testFolder.displayed)
    }
    folder = .watched(identity, mode)
  }

  private func wasPolling(for reason: PollingReason) -> Bool {
    if case .watched(_, .polling(reason)) = folder { return true }
    return false
  }

  private func folderIsGone(_ error: FileError) {
    openFolder = nil
    if case .gone = folder { return }
    watcher.detach()
    folder = .gone(error)
    logger.record(
      .folderGone, level: .error,
      "The test folder is gone: \(error) Nothing is deleted; it is looked for every "
        + "\(seconds(settings.pollInterval)) s.",
      fields: ["reason": "\(error.reason)"])
  }

  // MARK: - Results

  /// Finds masks and notes that are not there any more: their photographs are worked on again.
  private func checkResults() {
    do throws(FileError) {
      if try results.reopenIfMoved() { forgetResults() }
      let modified = try results.modificationTimes()
      // Unchanged since the last look: no name was removed.
      guard modified != resultsModified else { return }
      let masks = Set(try results.handle.names())
      for (name, identity, mask) in list.done where !masks.contains(mask) {
        list.settle(name, identity, at: clock.now)
      }
      let notes = Set(try results.noteNames())
      for (name, identity) in list.noted where !notes.contains(MaskName.note(for: name)) {
        list.settle(name, identity, at: clock.now)
      }
      resultsModified = modified
    } catch {
      resultsFailed(error)
    }
  }

  private func forgetResults() {
    list.forgetAll()
    isScanWanted = true
  }

  /// Notes that masks cannot be written now, and when to try again.
  func resultsFailed(_ error: FileError) {
    let attempts = (trouble?.attempts ?? 0) + 1
    let delay = Backoff.delay(after: attempts)
    trouble = Trouble(error: error, attempts: attempts, until: clock.now + delay)
    logger.record(
      .postponed, level: .error,
      "Waiting: \(error) Nothing is lost; next try in \(delay.components.seconds) s.",
      fields: [
        "reason": "\(error.reason)", "attempt": "\(attempts)", "queue": "\(list.counts.toDo)",
      ])
    tellStatus()
  }

  /// Whether work can go on after trouble: tries it with one photograph.
  func resultsAreBack() -> Bool {
    guard let ended = trouble else { return true }
    do throws(FileError) {
      if try results.reopenIfMoved() { forgetResults() }
      try results.tryWriting()
    } catch {
      resultsFailed(error)
      return false
    }
    trouble = nil
    logger.record(
      .folderBack, level: .notice,
      "Going on: \(ended.error.path.displayed) can be written again after \(ended.attempts) tries.")
    return true
  }
}

extension FolderWatcher {
  /// Reports what the kernel said beyond "look again".
  ///
  /// - Returns: Whether the folder should be listed.
  func takeObservationsOfInterest(_ logger: Logger) -> Bool {
    let seen = takeObservations()
    if seen.overflowCount > 0 {
      logger.record(
        .eventsLost, level: .notice,
        "The kernel dropped events \(seen.overflowCount) times (queue full): the test folder is "
          + "listed instead, nothing is lost.",
        fields: ["count": "\(seen.overflowCount)"])
    }
    return seen.eventCount > 0
  }
}
