import Files
import Images
import Reports
import SystemPackage

/// The folder that masks are published in, with its `failed/` for notes; locked while it is in use.
///
/// Not Sendable: owned by the folder service.
package final class ResultsFolder {
  /// What stands under the name of a mask.
  package enum MaskState: Equatable {
    /// Nothing, or a mask that was damaged after it was made: the name is free.
    case free
    /// A whole mask of ours.
    case ours(MaskRecord)
    /// Something that we did not make, and do not replace.
    case foreign
  }

  package let path: FilePath
  package private(set) var handle: DirectoryHandle
  private var table: ResultsTable
  private var lock: DirectoryLock?
  private let keepsNotes: Bool
  /// Sub-folders whose names are on disk.
  private var durable: Set<SubfolderPath> = []
  private static let failedName = fixedName("failed")

  /// Masks larger than this are not ours: 50 megapixels of noise compress to less.
  private static let maskLimitBytes = 64 << 20
  private static let noteLimitBytes = 64 << 10

  /// Makes the folder if it is missing, locks it, and removes what a killed process left behind.
  package init(_ path: FilePath, keepsNotes: Bool) throws(FileError) {
    self.path = path
    self.keepsNotes = keepsNotes
    handle = try DirectoryHandle.openOrMake(path)
    table = ResultsTable(in: handle)
    lock = try DirectoryLock(handle)
    try sweep()
  }

  /// The folder as somebody sees it who is not its daemon: not made, not locked, nothing removed.
  package init(reading folder: DirectoryHandle) {
    (path, handle, keepsNotes) = (folder.path, folder, true)
    table = ResultsTable(in: folder)
  }

  /// Follows the path if it leads elsewhere by now.
  ///
  /// - Returns: Whether it does, so that nothing known about the folder's content holds any longer.
  package func reopenIfMoved() throws(FileError) -> Bool {
    if handle.isStillAtItsPath { return false }
    let new = try DirectoryHandle.openOrMake(path)
    lock = try DirectoryLock(new)
    handle = new
    table = ResultsTable(in: new)
    durable = []
    try sweep()
    return true
  }

  /// Lets another daemon have the folder; nothing may be published any more.
  package func unlock() { lock = nil }

  /// Removes what a killed process left behind, or we ourselves while nothing could be removed, either.
  package func sweep() throws(FileError) {
    try handle.sweepPartFiles(depth: TestFolderTree.deepest + 1)
  }

  // MARK: - Masks

  /// What stands under the name of a mask in a sub-folder.
  package func state(ofMask name: FileName, in place: SubfolderPath = .top) throws(FileError)
    -> MaskState
  {
    guard let folder = try existing(place), let status = try folder.status(of: name) else {
      return .free
    }
    guard status.kind == .regular, status.identity.sizeBytes <= Self.maskLimitBytes else {
      return .foreign
    }
    if status.identity.sizeBytes == 0 { return .free }
    let bytes = try folder.readRegularFile(name, limitBytes: Self.maskLimitBytes).bytes
    if let record = MaskRecord(PNGText.read(from: bytes)) { return .ours(record) }
    // A whole image, or no PNG at all, is somebody's work. A damaged PNG is nobody's.
    guard PNGHeader.read(from: bytes) != nil else { return .foreign }
    return (try? ImageDecoder.decode(bytes)) == nil ? .free : .foreign
  }

  /// Where the mask of a source is, or where it is to be: at which place of
  /// ``MaskName/candidates(for:)``; nil where every name is taken by somebody else's file.
  ///
  /// - Parameter isMeantForAnother: Whether a name is not to be given although it is free.
  package func place(
    ofMaskFor source: SourcePath, isMeantForAnother: (FileName) -> Bool = { _ in false }
  ) throws(FileError) -> (index: UInt8, record: MaskRecord?)? {
    var free: UInt8?
    for index in 0..<UInt8(MaskName.candidateCount) {
      let candidate = MaskName.candidate(Int(index), for: source.name)
      if isMeantForAnother(candidate) { continue }
      switch try state(ofMask: candidate, in: source.folder) {
      case .ours(let record) where record.sourceName == source.name: return (index, record)
      case .ours, .foreign: continue
      case .free: if free == nil { free = index }
      }
    }
    return free.map { ($0, nil) }
  }

  /// A mask and where it goes.
  package struct Publication {
    package var png: [UInt8]
    package var name: FileName
    package var place: SubfolderPath
    /// What lies beside it; written before it, so that a mask has them.
    package var companions: Companions

    package init(
      _ png: [UInt8], as name: FileName, in place: SubfolderPath = .top,
      companions: Companions = Companions()
    ) {
      (self.png, self.name, self.place, self.companions) = (png, name, place, companions)
    }
  }

  /// When this returns, the mask's bytes, name and folder are on disk; when it throws, no mask of these
  /// bytes is there.
  package func publish(_ png: [UInt8], as name: FileName, in place: SubfolderPath = .top)
    throws(FileError)
  {
    if case .failure(let error) = publish([Publication(png, as: name, in: place)])[0] {
      throw error
    }
  }

  /// Publishes several masks; each folder is written to disk once for all of them.
  ///
  /// - Returns: For each: success when its bytes, name and folder are on disk; on failure no mask of these
  ///   bytes is there.
  package func publish(_ masks: [Publication]) -> [Result<Void, FileError>] {
    var results = [Result<Void, FileError>](repeating: .success(()), count: masks.count)
    for (place, indices) in Dictionary(grouping: masks.indices, by: { masks[$0].place }) {
      do throws(FileError) {
        let folder = try makeDurable(place)
        var placed: [Int] = []
        for index in indices {
          do throws(FileError) {
            try masks[index].companions.write(
              beside: masks[index].name, in: place, of: handle, table: table)
            try folder.place(masks[index].png, as: masks[index].name)
            placed.append(index)
          } catch {
            results[index] = .failure(error)
          }
        }
        if placed.isEmpty { continue }
        do throws(FileError) {
          try folder.synchronize()
        } catch {
          // They are visible, but nobody knows whether they are on disk, and a second fsync would only say
          // that they are. They must not be found and taken for done.
          for index in placed {
            try? folder.remove(masks[index].name)
            results[index] = .failure(error)
          }
        }
      } catch {
        for index in indices { results[index] = .failure(error) }
      }
    }
    return results
  }

  // MARK: - Notes

  /// The note about a source; nil if there is none, or none of ours.
  package func note(about source: SourcePath) throws(FileError) -> FailedNote? {
    try noteFile(about: source).flatMap { FailedNote($0.bytes) }
  }

  /// The text file about a source, and when it was written; nil if there is none.
  package func noteFile(about source: SourcePath) throws(FileError)
    -> (bytes: [UInt8], written: FileTime)?
  {
    let name = MaskName.note(for: source.name)
    guard keepsNotes, let folder = try existing(Self.notes(of: source.folder)),
      try folder.status(of: name)?.kind == .regular
    else { return nil }
    let file = try folder.readRegularFile(name, limitBytes: Self.noteLimitBytes)
    return (file.bytes, file.identity.modified)
  }

  /// Writes the note about a source in a sub-folder, in place of an older one.
  package func write(_ note: FailedNote, reason: String, in place: SubfolderPath = .top)
    throws(FileError)
  {
    guard keepsNotes else { return }
    try makeDurable(Self.notes(of: place))
      .publish(Array(note.text(reason: reason).utf8), as: MaskName.note(for: note.sourceName))
  }

  /// Removes the note about a source, if there is one.
  package func removeNote(about source: SourcePath) throws(FileError) {
    // Asked first, because most have none.
    guard keepsNotes, try handle.status(of: Self.failedName) != nil,
      let folder = try existing(Self.notes(of: source.folder))
    else { return }
    let name = MaskName.note(for: source.name)
    guard try folder.status(of: name) != nil else { return }
    try folder.remove(name, durably: true)
  }

  // MARK: - What is there

  /// The names in a sub-folder and among its notes, as hashes: to tell what is missing.
  package struct Names {
    var masks: Set<Int> = []
    var notes: Set<Int> = []
  }

  package func names(in place: SubfolderPath) throws(FileError) -> Names {
    var names = Names()
    try existing(place)?.forEachEntry { name, _ in names.masks.insert(name.hashValue) }
    try existing(Self.notes(of: place))?.forEachEntry { name, _ in
      names.notes.insert(name.hashValue)
    }
    return names
  }

  /// Changes when a name in a sub-folder or among its notes is made or removed.
  package func changeTimes(of place: SubfolderPath) throws(FileError) -> [FileTime?] {
    [
      try existing(place)?.status().changed,
      try existing(Self.notes(of: place))?.status().changed,
    ]
  }

  /// Throws what publishing a mask would throw, as far as can be told without one.
  package func tryWriting() throws(FileError) { try handle.tryWriting(bytes: 64 << 10) }

  private static func notes(of place: SubfolderPath) -> SubfolderPath {
    SubfolderPath([failedName] + place.names)
  }

  /// Makes what is missing of a sub-folder.
  ///
  /// One that an earlier process made may not be on disk yet: killed, it could not see to that.
  private func makeDurable(_ place: SubfolderPath) throws(FileError) -> DirectoryHandle {
    let folder = try handle.makeDirectory(place)
    guard !durable.contains(place) else { return folder }
    for count in place.names.indices {
      try handle.openDirectory(SubfolderPath(Array(place.names.prefix(count)))).synchronize()
    }
    durable.insert(place)
    return folder
  }

  /// The folder of a sub-folder's masks; nil if it is not there.
  func existing(_ place: SubfolderPath) throws(FileError) -> DirectoryHandle? {
    do {
      return try handle.openDirectory(place)
    } catch .system(_, _, .noSuchFileOrDirectory) {
      return nil
    }
  }
}
