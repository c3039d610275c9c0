import Files
import FolderWatching
import Journal
import Logging
import SystemPackage

/// Finding the folders, and what is in them.
extension FolderService {
  /// Lists the test folder, and those below it if they are wanted, and notes what there is.
  ///
  /// - Parameter complete: Whether every file is examined, not only those that are new or in work.
  func scan(complete: Bool) {
    tellLostEvents()
    do throws(FileError) {
      let top = try DirectoryHandle(opening: settings.testFolder)
      try follow(top)
      openFolder = top
      followResults()
      tree.forbidden = forbiddenFolders()
      list.beginPass(at: clock.now, complete: complete)
      var found: Set<SubfolderPath> = []
      try visit(top, .top, above: [], found: &found)
      list.endPass(folders: found)
      forgetFolders(except: found)
      tellPolling()
    } catch {
      folderIsGone(reason: error.description)
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
        (isScanWanted, isCompleteScanWanted) = (true, true)
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
    let status = try handle.status()
    let identity = status.identity
    if let objection = objection(to: identity, path, above: above) {
      say(objection, about: path)
      return
    }
    found.insert(path)
    watch(handle, path, identity)
    let present = namesToExpect(in: path)
    if mustBeListed(path, handle, status) || present != nil {
      let subfolders = try look(at: path, handle, expecting: present)
      tree.folders[path]?.subfolders = subfolders
    }
    for name in tree.folders[path]?.subfolders ?? [] {
      let below = path.appending(name)
      do throws(FileError) {
        try visit(
          try handle.openDirectory(name), below, above: above + [identity], found: &found)
      } catch {
        // What went away since is not there; what cannot be read keeps what is known about it.
        if error.errno == .noSuchFileOrDirectory || error.errno == .notDirectory { continue }
        say(error.reason, about: below)
        tree.folders[below]?.names = UnchangedFolder()
        found.formUnion(tree.folders.keys.filter { $0.names.starts(with: below.names) })
      }
    }
  }

  /// Whether a folder can hold something that is not known yet.
  ///
  /// To list 100,000 names takes 0.05 s. Where the kernel keeps the time at which names came or went, and
  /// it is as it was, that is only done when the files themselves are to be examined.
  private func mustBeListed(
    _ path: SubfolderPath, _ handle: DirectoryHandle, _ status: FileStatus
  ) -> Bool {
    let isChanged = tree.folders[path]?.names.mustBeListed([status.changed], at: clock.now) ?? true
    return isChanged || list.examinesSettled || list.hasDeferred(in: path)
      || handle.fileSystem != .local
  }

  /// Why a folder below the test folder is left out; nil if it is not.
  private func objection(
    to identity: FileIdentity, _ path: SubfolderPath, above: [FileIdentity]
  ) -> String? {
    if path.names.count > TestFolderTree.deepest {
      return "it is more than \(TestFolderTree.deepest) folders deep. Move it up."
    }
    // Both can be mounted here while the daemon runs.
    if tree.forbidden.contains(path) {
      return "it is the Results folder, or a part of it. Mount that somewhere else."
    }
    if above.contains(where: { $0.isSameFile(as: identity) }) {
      return "it is a folder that it is in itself. Unmount it."
    }
    return nil
  }

  /// Sub-folders that lead to the Results folder: in them, masks would be taken for photographs.
  private func forbiddenFolders() -> Set<SubfolderPath> {
    guard settings.recursive else { return [] }
    let mounts = RealPlace.mounts(below: settings.testFolder)
    if mounts.isEmpty { return [] }
    let own = RealPlace(of: settings.resultsFolder)
    return Set(mounts.filter { $0.place.overlaps(own) }.map(\.folder))
  }

  private func say(_ reason: String, about path: SubfolderPath) {
    guard tree.said.updateValue(reason, forKey: path) != reason else { return }
    logger.record(
      .folderLeftOut, level: .warning, "Left out for now: folder \(path): \(reason)",
      fields: ["folder": "\(path)", "reason": "\(reason)"])
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
    let before = polling
    polling = tree.pollingReason
    guard let reason = polling, reason != before else { return }
    logger.record(
      .polling, level: .warning,
      "The test folder is looked at every \(seconds(settings.pollInterval)) s: \(reason). "
        + settings.testFolder.displayed,
      fields: ["folder": "\(settings.testFolder.displayed)", "reason": "\(reason)"])
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
    guard let trouble else {
      tree.said[path] = nil
      return subfolders
    }
    say(trouble.description, about: path)
    tree.folders[path]?.names = UnchangedFolder()
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
