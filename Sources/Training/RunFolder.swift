import Files
import Images
import SystemPackage

/// The folder of one training run: its checkpoints, curves, table and split.
///
/// It is locked as long as this value lives, so that two runs never share one, and what a killed run left
/// half-written in it is removed.
public final class RunFolder: Sendable {
  /// Where it is.
  public var path: FilePath { directory.path }
  let directory: DirectoryHandle
  private let lock: DirectoryLock

  /// Opens a folder, which is made if it is missing, and locks it.
  ///
  /// - Throws: `FileError.locked` when another run is at work in it.
  public init(_ path: FilePath) throws(FileError) {
    directory = try .openOrMake(path)
    lock = try DirectoryLock(directory)
    try directory.sweepPartFiles()
  }

  /// Where an interrupted run goes on from.
  public var checkpoints: CheckpointSlots { CheckpointSlots(path.appending("checkpoint")) }

  /// Writes curves and table anew.
  ///
  /// - Throws: `FileError`, or `ImageError` when there is no memory for a picture.
  public func write(_ curves: TrainingCurves) throws {
    for file in try curves.files() { try write(file.bytes, as: file.name) }
  }

  /// Writes which photographs are learnt from.
  public func write(_ split: SplitRecord) throws(FileError) {
    try write(split.json, as: SplitRecord.fileName)
  }

  private func write(_ bytes: [UInt8], as name: String) throws(FileError) {
    guard let name = FileName(name) else { return }
    try directory.publish(bytes, as: name, permissions: 0o644)
  }

  /// Publishes a model elsewhere; what a kill leaves of it lies in this folder, where the next run removes
  /// it.
  public func publish(_ model: [UInt8], at path: FilePath) throws(FileError) {
    try directory.publish(model, at: path)
  }
}

/// Keeps the curves in a run's folder up to date with what the run tells.
public final class CurveWriter {
  private let folder: RunFolder
  private var history: [EpochReport] = []

  /// Begins with no epoch.
  public init(in folder: RunFolder) {
    self.folder = folder
  }

  /// Writes the curves anew after each epoch; other events cost nothing.
  ///
  /// - Throws: as `RunFolder.write`.
  public func follow(_ event: TrainingEvent) throws {
    switch event {
    case .resumed(let earlier): history = earlier
    case .epoch(let report, _):
      history.append(report)
      try folder.write(TrainingCurves(history))
    default: break
    }
  }
}
