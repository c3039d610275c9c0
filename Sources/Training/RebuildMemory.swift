import Datasets
import Files
import SystemPackage

/// What the trainer remembers between two rebuilds: a directory of its own inside the state directory.
struct RebuildMemory {
  /// Checkpoints and curves. Its lock is held while a rebuild is at work: a second one is refused.
  let run: RunFolder
  private var directory: DirectoryHandle { run.directory }

  /// Where small copies of the photographs are kept as arrays; can be deleted at any time.
  var cachePath: FilePath { directory.path.appending("cache") }

  /// Opens the memory, which is made if it is missing, and locks it.
  ///
  /// - Throws: `FileError.locked` when another rebuild is at work.
  init(in stateDirectory: FilePath) throws(FileError) {
    run = try RunFolder(stateDirectory.appending("trainer"))
  }

  private static let recordName = "last-rebuild.txt"

  /// What the last rebuild that came to an end saw and did; nil if there was none or the note is
  /// damaged: then a rebuild does no harm.
  func lastRebuild() -> RebuildRecord? {
    let path = directory.path.appending(Self.recordName)
    guard let bytes = try? readRegularFile(at: path, limitBytes: 1 << 16).bytes else { return nil }
    return RebuildRecord(text: String(decoding: bytes, as: UTF8.self))
  }

  /// Remembers a rebuild that came to an end, and forgets its checkpoints.
  func remember(_ record: RebuildRecord) throws(FileError) {
    try publishFile(Array(record.text.utf8), at: directory.path.appending(Self.recordName))
    try run.checkpoints.remove()
  }
}

/// A rebuild that came to an end.
struct RebuildRecord: Sendable, Equatable {
  /// Of the options and of all files in the training folder.
  var fingerprint: String
  /// Whether a model was published.
  var published: Bool
  /// What was said at its end.
  var message: String

  var text: String {
    "fingerprint \(fingerprint)\npublished \(published)\nmessage \(message)\n"
  }

  init(fingerprint: String, published: Bool, message: String) {
    self.fingerprint = fingerprint
    self.published = published
    self.message = message
  }

  init?(text: String) {
    let lines = text.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
    guard lines.count == 3, lines.allSatisfy({ $0.count == 2 }), lines[0][0] == "fingerprint",
      lines[1][0] == "published", lines[2][0] == "message",
      let published = Bool(String(lines[1][1]))
    else { return nil }
    self.init(
      fingerprint: String(lines[0][1]), published: published, message: String(lines[2][1]))
  }
}

extension PairListing {
  /// SHA-256 over the names, sizes and modification times of everything listed, without reading a file: what
  /// tells whether anything in the training folder changed.
  func fingerprint(with options: TrainingOptions) -> String {
    var lines = [options.fingerprint, "\(options.splitRatio)"]
    for pair in pairs {
      lines.append("\(pair.name) \(identity(pair.imagePath)) \(identity(pair.maskPath))")
    }
    lines += skipped.map(\.description)
    return sha256Hex(Array(lines.joined(separator: "\n").utf8))
  }

  private func identity(_ path: FilePath) -> String {
    guard let status = try? fileStatus(at: path) else { return "-" }
    let identity = status.identity
    return "\(identity.sizeBytes) \(identity.modified) \(identity.inode)"
  }
}
