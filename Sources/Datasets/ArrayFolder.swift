import Files
import Images
import SystemPackage

/// A folder of NumPy arrays made from photographs: the paper's dataset step, and the trainer's cache.
///
/// `imgs_train.npy` `[N, K, K, C]`, `imgs_mask_train.npy` `[N, K, K, 1]` and `imgs_test.npy`
/// `[N, K, K, C]`, unsigned bytes, which `numpy.load` opens; `imgs_train.csv` and `imgs_test.csv` say what
/// each row is. A file whose size, time and inode are as noted is not read again, one whose bytes are as
/// noted is not decoded again; a row whose check sum is wrong is made anew. The folder can be deleted at
/// any time. While it is brought up to date it is locked.
public struct ArrayFolder: Sendable {
  /// Where the arrays are; made if it is missing.
  public let path: FilePath
  /// Side K of the square copies, in pixels.
  public let side: Int
  /// Channels C of the photographs: 1 or 3.
  public let channels: Int
  /// Photographs decoded at once; each takes a decoded photograph's memory.
  public let concurrency: Int

  /// Describes a folder; nothing is read or made.
  public init(_ path: FilePath, side: Int, channels: Int, concurrency: Int) {
    self.path = path
    self.side = side
    self.channels = channels
    self.concurrency = concurrency
  }

  /// Brings the training arrays up to date with `pairs`, in their order.
  ///
  /// Memory: a few rows and `concurrency` decoded photographs, whatever the number of pairs.
  ///
  /// - Parameter progress: called after each pair with the number done.
  /// - Throws: `FileError` when the folder or an array cannot be written.
  public func prepareTraining(
    _ pairs: [TrainingPair], progress: @escaping @Sendable (_ done: Int) -> Void = { _ in }
  ) async throws(FileError) -> PreparedArrays {
    try await prepare(
      pairs.map { ArraySource(name: $0.name, imagePath: $0.imagePath, maskPath: $0.maskPath) },
      .training, progress)
  }

  /// Brings the test array up to date with photographs that have no masks.
  ///
  /// - Parameters:
  ///   - photographs: their files, in the order of the rows.
  ///   - progress: called after each photograph with the number done.
  /// - Throws: `FileError` when the folder or the array cannot be written.
  public func prepareTest(
    _ photographs: [FilePath], progress: @escaping @Sendable (_ done: Int) -> Void = { _ in }
  ) async throws(FileError) -> PreparedArrays {
    let sources = photographs.map { path in
      let stem = FileName(lastComponentOf: path)?.stem ?? []
      return ArraySource(
        name: String(decoding: stem, as: UTF8.self), imagePath: path, maskPath: nil)
    }
    return try await prepare(sources, .test, progress)
  }

  private func prepare(
    _ sources: [ArraySource], _ names: ArrayNames,
    _ progress: @escaping @Sendable (_ done: Int) -> Void
  ) async throws(FileError) -> PreparedArrays {
    let folder = try DirectoryHandle.openOrMake(path)
    let lock = try DirectoryLock(folder)
    defer { withExtendedLifetime(lock) {} }
    try folder.sweepPartFiles()
    let old = DatasetArrays(opening: folder, names: names, side: side, channels: channels)
    let maker = RowMaker(old: old, side: side, channels: channels)
    var writer = ArrayWriter(
      folder: folder, names: names, side: side, channels: channels, old: old)
    var made = PreparedArrays()
    // Rows arrive out of order; so many may wait for the one before them.
    let window = 4 * max(1, concurrency)
    let failure: FileError? = await withTaskGroup(of: (Int, RowMaker.Outcome).self) { group in
      var (next, written) = (0, 0)
      var waiting: [Int: RowMaker.Outcome] = [:]
      func add() {
        while next < sources.count, next - written < window,
          next - written - waiting.count < max(1, concurrency)
        {
          let index = next
          next += 1
          group.addTask { (index, maker.row(for: sources[index])) }
        }
      }
      add()
      while let (index, outcome) = await group.next() {
        waiting[index] = outcome
        while let ready = waiting.removeValue(forKey: written) {
          do throws(FileError) {
            try made.take(ready, of: sources[written], at: written, into: &writer)
          } catch {
            group.cancelAll()
            return error
          }
          written += 1
          progress(written)
        }
        add()
      }
      return nil
    }
    if let failure { throw failure }
    try writer.finish()
    made.arrays = DatasetArrays(opening: folder, names: names, side: side, channels: channels)
    guard made.arrays?.rows.count == made.kept.count else {
      throw .changedWhileReading(folder.path.appending(names.index))
    }
    return made
  }
}

/// What came of a folder of arrays.
public struct PreparedArrays: Sendable {
  /// Positions of the photographs that became rows, in their order.
  public internal(set) var kept: [Int] = []
  /// Photographs that could not be used, and why.
  public internal(set) var skipped: [SkippedPair] = []
  /// Photographs about which something should be said.
  public internal(set) var remarks: [SkippedPair] = []
  /// Rows that were there already.
  public internal(set) var reusedCount = 0
  var arrays: DatasetArrays?

  /// The shape of the photographs' array: `[N, K, K, C]`.
  public var shape: [Int] {
    arrays.map { [$0.rows.count, $0.side, $0.side, $0.channels] } ?? []
  }

  mutating func take(
    _ outcome: RowMaker.Outcome, of source: ArraySource, at position: Int,
    into writer: inout ArrayWriter
  ) throws(FileError) {
    switch outcome {
    case .fault(let reason):
      skipped.append(SkippedPair(name: source.name, reason: reason))
    case .row(let row, let pixels, let oldRow):
      try writer.add(row, pixels, oldRow: oldRow)
      kept.append(position)
      if oldRow != nil { reusedCount += 1 }
      if !row.remark.isEmpty {
        remarks.append(SkippedPair(name: source.name, reason: row.remark))
      }
    }
  }
}
