import Files
import FolderWatching
import Journal
import Logging
import SystemPackage

/// Finding the folders, and what is in them.
extension FolderService {
  /// Lists the test folder, and those below it if they are wanted, and notes what there is.
  ///
  /// - Parameter complete: Whether every file is examined, not only those that are new, in work, or have
  ///   their turn.
  func scan(complete: Bool) {
    tellLostEvents()
    do throws(FileError) {
      let top = try DirectoryHandle(opening: settings.testFolder)
      guard try follow(top) else { return }
      openFolder = top
      followResults()
      list.beginPass(complete: complete)
      var found: Set<SubfolderPath> = []
      try visit(top, .top, above: [], found: &found)
      list.endPass(folders: found)
      forgetFolders(except: found)
      tellPolling()
    } catch {
      folderIsGone(reason: error.description, unmounted: nil)
    }
  }

  /// Looks at the names that events told of, without listing anything.
  func examineWantedNames() {
    let wanted = wantedNames
    wantedNames = [:]
    for (path, names) in wanted where tree.folders[path] != nil {
      do throws(FileError) {
        let folder = try testFolder().openDirectory(path)
        for name in names where SourceName(name) != .ignored {
          try examine(SourcePath(name, in: path), folder)
        }
      } catch {
        isScanWanted = true
      }
    }
  }

  /// Lists one folder again for sources that had no room in the queue.
  func fillQueue(from path: SubfolderPath) {
    do throws(FileError) {
      _ = try look(at: path, try testFolder().openDirectory(path), expecting: nil)
    } catch {
      isScanWanted = true
    }
  }

  // MARK: - Folders

  /// Visits a folder and those below it.
  ///
  /// - Parameters:
  ///   - above: The folders that this one is in, so that a mount of one of them ends the walk.
  ///   - found: Gets the folders that are there.
  private func visit(
    _ handle: DirectoryHandle, _ path: SubfolderPath, above: [FileIdentity],
    found: inout Set<SubfolderPath>
  ) throws(FileError) {
    let identity = try handle.status().identity
    if let objection = objection(to: identity, path, above: above) {
      say(objection, about: path)
      return
    }
    found.insert(path)
    watch(handle, path, identity)
    let subfolders = try look(at: path, handle, expecting: namesToExpect(in: path))
    tree.said[path] = nil
    for name in subfolders {
      let below = path.appending(name)
      do throws(FileError) {
        try visit(
          try handle.openDirectory(name), below, above: above + [identity], found: &found)
      } catch {
        // What went away since is not there; what cannot be read keeps what is known about it.
        if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { continue }
        say(error.reason, about: below)
        found.formUnion(tree.folders.keys.filter { $0.names.starts(with: below.names) })
      }
    }
  }

  /// Why a folder below the test folder is left out; nil if it is not.
  private func objection(
    to identity: FileIdentity, _ path: SubfolderPath, above: [FileIdentity]
  ) -> String? {
    if path.names.count > TestFolderTree.deepest {
      return "it is more than \(TestFolderTree.deepest) folders deep. Move it up."
    }
    // Both can be mounted here while the daemon runs.
    if let own = try? results.handle.status().identity, own.isSameFile(as: identity) {
      return "it is the Results folder. Mount that somewhere else."
    }
    if above.contains(where: { $0.isSameFile(as: identity) }) {
      return "it is a folder that it is in itself. Unmount it."
    }
    return nil
  }

  private func say(_ reason: String, about path: SubfolderPath) {
    guard tree.said.updateValue(reason, forKey: path) != reason else { return }
    logger.record(
      .postponed, level: .warning, "Left out for now: folder \(path): \(reason)",
      fields: ["file": "\(path)", "reason": "\(reason)"])
  }

  private func watch(_ handle: DirectoryHandle, _ path: SubfolderPath, _ identity: FileIdentity) {
    guard !tree.isWatched(path, identity) else { return }
    let mode = watcher.attach(to: handle, as: path, tellingOfNewFolders: settings.recursive)
    tree.folders[path] = TestFolderTree.Folder(identity: identity, mode: mode)
    // Replaced between being opened and being watched: nothing would tell of that.
    if !handle.isStillAtItsPath { isScanWanted = true }
  }

  private func forgetFolders(except found: Set<SubfolderPath>) {
    for path in tree.folders.keys where !found.contains(path) {
      watcher.detach(path)
      tree.folders[path] = nil
      tree.said[path] = nil
    }
  }

  private func tellPolling() {
    let reason = tree.pollingReason
    defer { toldPolling = reason }
    guard let reason, reason != toldPolling else { return }
    logger.record(
      .polling, level: .warning,
      "The test folder is looked at every \(seconds(settings.pollInterval)) s: \(reason). "
        + settings.testFolder.displayed)
  }

  // MARK: - Names

  /// Lists a folder and notes what there is.
  ///
  /// - Parameter expecting: What the Results folder has for it; nil: not to be compared.
  /// - Returns: The folders in it, if they are wanted.
  private func look(
    at path: SubfolderPath, _ handle: DirectoryHandle, expecting present: ResultsFolder.Names?
  ) throws(FileError) -> [FileName] {
    var subfolders: [FileName] = []
    var trouble: FileError?
    list.beginListing(of: path)
    try handle.forEachEntry { name, kind in
      do throws(FileError) {
        if settings.recursive, SourceName.isUsersFolder(name),
          try isFolder(name, kind, in: handle)
        {
          subfolders.append(name)
        } else if SourceName(name) != .ignored {
          let source = SourcePath(name, in: path)
          let meeting = list.meet(source)
          if let present, present.lacks(meeting.expects, of: name) {
            try examine(source, handle, isChanged: true)
          } else if meeting.needsExamination {
            try examine(source, handle)
          }
        }
      } catch {
        trouble = error
      }
    }
    list.endListing(of: path)
    if let trouble { say(trouble.description, about: path) }
    return subfolders
  }

  private func isFolder(_ name: FileName, _ kind: FileKind?, in handle: DirectoryHandle)
    throws(FileError) -> Bool
  {
    if let kind { return kind == .directory }
    return try handle.status(of: name)?.kind == .directory
  }

  /// Finds out which state a source is in.
  ///
  /// - Parameter isChanged: Whether it has to be worked on even if it is in the same state as before.
  private func examine(_ source: SourcePath, _ folder: DirectoryHandle, isChanged: Bool = false)
    throws(FileError)
  {
    guard let status = try folder.status(of: source.name) else {
      list.forget(source)
      return
    }
    if settings.recursive, status.kind == .directory { return }
    if isChanged {
      list.settle(source, identity(of: status), at: clock.now)
    } else {
      list.observe(source, identity(of: status), at: clock.now)
    }
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

  /// The test folder, open while there is work in it.
  func testFolder() throws(FileError) -> DirectoryHandle {
    if let openFolder { return openFolder }
    let folder = try DirectoryHandle(opening: settings.testFolder)
    openFolder = folder
    return folder
  }

  /// What the kernel says about a source; nil if it is not there.
  func currentStatus(of source: SourcePath) throws(FileError) -> FileStatus? {
    do {
      return try testFolder().openDirectory(source.folder).status(of: source.name)
    } catch .system(_, _, .noSuchFileOrDirectory) where source.folder != .top {
      return nil
    }
  }
}
