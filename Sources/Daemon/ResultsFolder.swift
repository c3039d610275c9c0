import Files
import Images
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
  private var lock: DirectoryLock?
  private let keepsNotes: Bool
  private static let failedName = fixedName("failed")

  /// Masks larger than this are not ours: 50 megapixels of noise compress to less.
  private static let maskLimitBytes = 64 << 20
  private static let noteLimitBytes = 64 << 10

  /// Makes the folder if it is missing, locks it, and removes what a killed process left behind.
  package init(_ path: FilePath, keepsNotes: Bool) throws(FileError) {
    self.path = path
    self.keepsNotes = keepsNotes
    handle = try DirectoryHandle.openOrMake(path)
    lock = try DirectoryLock(handle)
    try sweep()
  }

  /// Follows the path if it leads elsewhere by now.
  ///
  /// - Returns: Whether it does, so that nothing known about the folder's content holds any longer.
  package func reopenIfMoved() throws(FileError) -> Bool {
    if handle.isStillAtItsPath { return false }
    let new = try DirectoryHandle.openOrMake(path)
    lock = try DirectoryLock(new)
    handle = new
    try sweep()
    return true
  }

  /// Lets another daemon have the folder; nothing may be published any more.
  package func unlock() { lock = nil }

  private func sweep() throws(FileError) {
    try handle.sweepPartFiles()
    try existingFailedFolder()?.sweepPartFiles()
  }

  // MARK: - Masks

  package func state(ofMask name: FileName) throws(FileError) -> MaskState {
    guard let status = try handle.status(of: name) else { return .free }
    guard status.kind == .regular, status.identity.sizeBytes <= Self.maskLimitBytes else {
      return .foreign
    }
    if status.identity.sizeBytes == 0 { return .free }
    let bytes = try handle.readRegularFile(name, limitBytes: Self.maskLimitBytes).bytes
    if let record = MaskRecord(PNGText.read(from: bytes)) { return .ours(record) }
    // A whole image, or no PNG at all, is somebody's work. A damaged PNG is nobody's.
    guard PNGHeader.read(from: bytes) != nil else { return .foreign }
    return (try? ImageDecoder.decode(bytes)) == nil ? .free : .foreign
  }

  /// When this returns, the mask's bytes, name and folder are on disk; when it throws, no mask of these
  /// bytes is there.
  package func publish(_ png: [UInt8], as name: FileName) throws(FileError) {
    do {
      try handle.publish(png, as: name)
    } catch .system(.synchronize, handle.path, let errno) {
      // It is visible, but nobody knows whether it is on disk, and a second fsync would only say that it
      // is. It must not be found and taken for done.
      try? handle.remove(name)
      throw .system(.synchronize, handle.path, errno)
    }
  }

  // MARK: - Notes

  /// The note about a source; nil if there is none, or none of ours.
  package func note(about source: FileName) throws(FileError) -> FailedNote? {
    let name = MaskName.note(for: source)
    guard keepsNotes, let folder = try existingFailedFolder(),
      try folder.status(of: name)?.kind == .regular
    else { return nil }
    return FailedNote(try folder.readRegularFile(name, limitBytes: Self.noteLimitBytes).bytes)
  }

  /// Writes the note about a source, in place of an older one.
  package func write(_ note: FailedNote, reason: String) throws(FileError) {
    guard keepsNotes else { return }
    try handle.makeDirectory(Self.failedName)
      .publish(Array(note.text(reason: reason).utf8), as: MaskName.note(for: note.sourceName))
  }

  /// Removes the note about a source, if there is one.
  package func removeNote(about source: FileName) throws(FileError) {
    guard keepsNotes, let folder = try existingFailedFolder() else { return }
    try folder.remove(MaskName.note(for: source), durably: true)
  }

  /// Changes when a name in the folder or in `failed/` is made or removed.
  package func modificationTimes() throws(FileError) -> [FileTime?] {
    [
      try handle.status().identity.modified,
      try handle.status(of: Self.failedName)?.identity.modified,
    ]
  }

  /// Throws what publishing a mask would throw, as far as can be told without one.
  package func tryWriting() throws(FileError) {
    let name = fixedName(".dermseg-0000000000000000.part")
    try handle.publish([UInt8](repeating: 0, count: 64 << 10), as: name)
    try handle.remove(name)
  }

  /// The names of all notes.
  package func noteNames() throws(FileError) -> [FileName] {
    try existingFailedFolder()?.names() ?? []
  }

  private func existingFailedFolder() throws(FileError) -> DirectoryHandle? {
    guard try handle.status(of: Self.failedName)?.kind == .directory else { return nil }
    return try handle.openDirectory(Self.failedName)
  }
}
