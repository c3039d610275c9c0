import Files
import FolderWatching
import Images
import Masks
import SystemPackage

/// What there is to see from outside: which photographs are done, which failed, which wait.
///
/// It asks the folders, not the daemon, and judges each photograph as the daemon does when it meets it
/// for the first time. Nothing is written, made or locked.
package struct FolderOverview: Sendable {
  /// A photograph that has its mask.
  package struct Done: Sendable, Equatable {
    package var source: SourcePath
    package var mask: SourcePath
    package var record: MaskRecord
    /// When the mask was published.
    package var published: FileTime
  }

  /// A photograph that was refused.
  package struct Failed: Sendable, Equatable {
    package var source: SourcePath
    package var reason: String
    /// When its note was written.
    package var noted: FileTime
  }

  /// How many photographs are in which state.
  package var counts = WorkList.Counts()
  /// Those that are done, newest mask first.
  package var done: [Done] = []
  /// Those that failed, newest note first.
  package var failed: [Failed] = []
  /// Those without a mask of the model and the settings, and without a note, by name.
  package var waiting: [SourcePath] = []
  /// How many of the waiting ones have a mask, of another model or made with other settings.
  package var toBeRemade = 0
  /// Sub-folders that could not be looked into, each with its reason.
  package var unreadable: [String] = []

  /// Looks at the folders.
  ///
  /// Cost: each mask and note is read once: about 8 s for 100,000 masks, and 300 bytes of memory each.
  ///
  /// - Parameters:
  ///   - modelSHA256: Of the model in service: masks of another model are made anew, and wait. nil: any.
  ///   - maskSettings: How masks are made: those made otherwise wait, too. nil: any.
  ///   - progress: Called with how many photographs were judged, of how many.
  /// - Throws: `FileError` when the test folder cannot be listed.
  package init(
    testFolder: FilePath, resultsFolder: FilePath, isRecursive: Bool, modelSHA256: String?,
    maskSettings: MaskSettings?,
    progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws(FileError) {
    let sources = try DirectoryHandle(opening: testFolder)
    var results: ResultsFolder?
    do throws(FileError) {
      results = ResultsFolder(reading: try DirectoryHandle(opening: resultsFolder))
    } catch .system(_, _, .noSuchFileOrDirectory) {
      // No daemon has run yet.
    }
    // The daemon's own list, whose photographs are all quiet at once.
    var list = WorkList(settle: .zero, limit: .max)
    let now = ContinuousClock().now
    list.beginPass(at: now, complete: true)
    try enter(sources, .top, isRecursive: isRecursive, into: &list, at: now)
    let count = list.counts.toDo
    var judged = 0
    while let item = list.next(at: now, isSuspect: { _, _ in false }) {
      do throws(FileError) {
        try judge(item, sources, results, modelSHA256, maskSettings, &list)
      } catch {
        unreadable.append("\(item.path): \(error)")
      }
      judged += 1
      progress(judged, count)
    }
    counts = list.counts
    done.sort { isNewer(($0.published, $0.source), than: ($1.published, $1.source)) }
    failed.sort { isNewer(($0.noted, $0.source), than: ($1.noted, $1.source)) }
    waiting.sort { $0.bytes.lexicographicallyPrecedes($1.bytes) }
  }

  private mutating func enter(
    _ folder: DirectoryHandle, _ place: SubfolderPath, isRecursive: Bool,
    into list: inout WorkList, at now: WorkList.Instant
  ) throws(FileError) {
    var subfolders: [FileName] = []
    list.beginListing(of: place)
    for name in try folder.names() {
      guard let status = try folder.status(of: name) else { continue }
      if isRecursive, status.kind == .directory {
        if SourceName.isUsersFolder(name) { subfolders.append(name) }
      } else if SourceName(name) != .ignored {
        list.observe(SourcePath(name, in: place), status.identity, at: now)
      }
    }
    list.endListing(of: place)
    guard place.names.count < TestFolderTree.deepest else { return }
    for name in subfolders.sorted() {
      let below = place.appending(name)
      do throws(FileError) {
        let handle = try folder.openDirectory(name)
        try enter(handle, below, isRecursive: true, into: &list, at: now)
      } catch {
        unreadable.append("\(below): \(error.reason)")
      }
    }
  }

  private mutating func judge(
    _ item: WorkList.Item, _ sources: DirectoryHandle, _ results: ResultsFolder?,
    _ modelSHA256: String?, _ maskSettings: MaskSettings?, _ list: inout WorkList
  ) throws(FileError) {
    var isToBeRemade = false
    if let results {
      let place = try results.place(ofMaskFor: item.path)
      let record = place?.record.flatMap { $0.describes(item.identity) ? $0 : nil }
      isToBeRemade =
        record.map {
          modelSHA256 != nil && modelSHA256 != $0.modelSHA256
            || maskSettings != nil && maskSettings != $0.settings
        } ?? false
      if let place, let record, !isToBeRemade {
        let mask = MaskName.candidate(Int(place.index), for: item.name)
        let status = try results.existing(item.path.folder)?.status(of: mask)
        done.append(
          Done(
            source: item.path, mask: SourcePath(mask, in: item.path.folder), record: record,
            published: status?.identity.modified ?? FileTime(seconds: 0, nanoseconds: 0)))
        return list.finish(item.path, .done(item.identity, maskIndex: place.index))
      }
      if let file = try results.noteFile(about: item.path), let note = FailedNote(file.bytes),
        try note.explains(item, in: sources, modelSHA256)
      {
        failed.append(
          Failed(
            source: item.path, reason: FailedNote.reason(in: file.bytes) ?? "", noted: file.written)
        )
        return list.finish(item.path, .failed(item.identity, hasNote: true))
      }
    }
    if SourceName(item.name) == .unknown {
      let folder = try sources.openDirectory(item.path.folder)
      guard let status = try folder.status(of: item.name),
        FolderCheck.isImage(item.name, status, in: folder)
      else { return list.finish(item.path, .ignored(item.identity)) }
    }
    waiting.append(item.path)
    if isToBeRemade { toBeRemade += 1 }
  }
}

/// Newest first, and by name where several are of one time.
private func isNewer(
  _ first: (time: FileTime, path: SourcePath), than second: (time: FileTime, path: SourcePath)
) -> Bool {
  first.time != second.time
    ? first.time > second.time : first.path.bytes.lexicographicallyPrecedes(second.path.bytes)
}

extension FailedNote {
  /// Whether the daemon would take this note for one about the present state of a source.
  fileprivate func explains(
    _ item: WorkList.Item, in sources: DirectoryHandle, _ modelSHA256: String?
  ) throws(FileError) -> Bool {
    guard modelSHA256 == nil || modelSHA256 == self.modelSHA256 else { return false }
    let status = try sources.openDirectory(item.path.folder).status(of: item.name)
    // Of a folder or pipe with the name of a photograph the note keeps neither size nor time.
    if let status, status.kind != .regular { return true }
    return sourceSizeBytes == item.identity.sizeBytes && sourceModified == item.identity.modified
  }
}

extension FolderOverview {
  /// How many masks were published in the last so many seconds before a time.
  package func publishedCount(within seconds: Int, before now: FileTime) -> Int {
    // Newest first: those in question are at the beginning.
    done.prefix { now.seconds - $0.published.seconds <= seconds }.count
  }
}
