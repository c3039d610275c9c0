import Files
import SystemPackage

/// Two files in which a run's checkpoints take turns.
///
/// Each is written under a private name and renamed, so that a process that is killed at any instant leaves
/// whole files, and each has a check sum and says how far its run is: should the newest be damaged
/// nevertheless, the one before it is there.
public struct CheckpointSlots: Sendable {
  /// The first file; the second one's name has `.2` behind it.
  public let path: FilePath

  /// Describes the files; nothing is read or made.
  public init(_ path: FilePath) {
    self.path = path
  }

  private var paths: [FilePath] {
    guard let last = path.lastComponent else { return [path] }
    return [path, path.removingLastComponent().appending("\(last).2")]
  }

  /// The newest whole checkpoint.
  struct Newest {
    var checkpoint: Checkpoint
    /// Why the other file could not be read, if it was there.
    var damage: TrainingError?
    /// Where the next checkpoint goes.
    var nextSlot: Int
  }

  /// Finds the newest whole checkpoint; nil if there is no file.
  ///
  /// - Throws: `TrainingError.badCheckpoint` when there are files and none of them is whole.
  func newest() throws(TrainingError) -> Newest? {
    var found: Newest?
    var damage: TrainingError?
    for (slot, path) in paths.enumerated() {
      do throws(TrainingError) {
        guard let checkpoint = try Checkpoint.read(from: path) else { continue }
        if let other = found, !other.checkpoint.isOlder(than: checkpoint) { continue }
        found = Newest(checkpoint: checkpoint, damage: nil, nextSlot: 1 - slot)
      } catch {
        damage = error
      }
    }
    guard var newest = found else {
      if let damage { throw damage }
      return nil
    }
    newest.damage = damage
    return newest
  }

  /// Writes a checkpoint; it is on disk when this returns.
  ///
  /// - Throws: `TrainingError.notWritten`; the other file is then as it was.
  func write(_ checkpoint: Checkpoint, slot: Int) throws(TrainingError) {
    do throws(FileError) {
      try publishFile(checkpoint.serialized(), at: paths[slot % paths.count])
    } catch {
      throw .notWritten(reason: error.description)
    }
  }

  /// Removes both files; that they are not there is no error.
  public func remove() throws(FileError) {
    for path in paths { try removeFile(at: path) }
  }
}
