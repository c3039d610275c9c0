import Files
import SystemPackage

/// Training pairs that were all decoded once; small copies of the good ones are kept.
///
/// Decoding a photograph takes far longer than a network's step on it needs from the loader, so the copies
/// are made once, at a moderate size, as bytes: in memory up to a limit, beyond which pairs are decoded
/// again whenever they are needed, or in arrays on disk, where the next run finds them too.
public struct PreparedDataset: Sendable {
  /// The usable pairs, in the order given.
  public let pairs: [TrainingPair]
  /// Pairs that could not be used, and why.
  public let skipped: [SkippedPair]
  /// Usable pairs about which something should be said.
  public let remarks: [SkippedPair]
  /// Side K of the copies in memory, in pixels.
  public let side: Int
  /// Channels of the copies in memory.
  public let channels: Int
  private let copies: [Copy]
  private let digests: [String]

  /// Number of usable pairs.
  public var count: Int { pairs.count }

  /// Where a pair's small copy is.
  private enum Copy: Sendable {
    case memory(DecodedPair)
    case row(Int, of: DatasetArrays)
    /// Nowhere: the pair is decoded whenever it is needed.
    case none
  }

  /// Bytes of decoded copies held in memory.
  public var byteCount: Int {
    copies.reduce(0) { sum, copy in
      if case .memory(let pair) = copy { return sum + pair.byteCount }
      return sum
    }
  }

  /// SHA-256 over the names and contents of all usable pairs, in the order of their names.
  public var contentDigest: String {
    let lines = zip(pairs, digests).map { "\($0.name) \($1)\n" }.sorted()
    return sha256Hex(Array(lines.joined().utf8))
  }

  /// Decodes all pairs.
  ///
  /// - Parameters:
  ///   - pairs: what to decode.
  ///   - side: K, the side of the copies, in pixels.
  ///   - channels: 1 or 3.
  ///   - memoryLimitBytes: what the copies may take.
  ///   - concurrency: how many pairs are decoded at once; each takes a decoded photograph's memory.
  ///   - progress: called after each pair with the number done.
  public init(
    decoding pairs: [TrainingPair], side: Int, channels: Int,
    memoryLimitBytes: Int = 1 << 30, concurrency: Int,
    progress: @Sendable (_ done: Int) -> Void = { _ in }
  ) async {
    let bytesPerPair = side * side * (channels + 1)
    let keptCount = min(pairs.count, memoryLimitBytes / max(1, bytesPerPair))
    var results = [Prepared?](repeating: nil, count: pairs.count)
    await withTaskGroup(of: (Int, Prepared).self) { group in
      var next = 0
      var done = 0
      func add() {
        guard next < pairs.count else { return }
        let index = next
        next += 1
        group.addTask {
          (index, Prepared(pairs[index], side: side, channels: channels, kept: index < keptCount))
        }
      }
      for _ in 0..<max(1, concurrency) { add() }
      while let (index, result) = await group.next() {
        results[index] = result
        done += 1
        progress(done)
        add()
      }
    }
    self.init(pairs: pairs, results: results.compactMap { $0 }, side: side, channels: channels)
  }

  private init(pairs: [TrainingPair], results: [Prepared], side: Int, channels: Int) {
    self.side = side
    self.channels = channels
    let good = results.indices.filter { results[$0].fault == nil }
    self.pairs = good.map { pairs[$0] }
    copies = good.map { index in results[index].decoded.map { .memory($0) } ?? .none }
    digests = good.map { results[$0].digest }
    skipped = results.indices.compactMap { index in
      results[index].fault.map { SkippedPair(name: pairs[index].name, reason: $0) }
    }
    remarks = good.compactMap { index in
      results[index].remark.map { SkippedPair(name: pairs[index].name, reason: $0) }
    }
  }

  /// Takes the copies from a folder of arrays, which is brought up to date first.
  ///
  /// Memory: of the copies none; the kernel keeps them as long as it has room.
  ///
  /// - Parameters:
  ///   - pairs: what to decode as far as the folder lacks it.
  ///   - folder: where the arrays are.
  ///   - progress: called after each pair with the number done.
  /// - Throws: `FileError` when the folder or an array cannot be written.
  public init(
    _ pairs: [TrainingPair], arraysIn folder: ArrayFolder,
    progress: @escaping @Sendable (_ done: Int) -> Void = { _ in }
  ) async throws(FileError) {
    let made = try await folder.prepareTraining(pairs, progress: progress)
    side = folder.side
    channels = folder.channels
    self.pairs = made.kept.map { pairs[$0] }
    skipped = made.skipped
    remarks = made.remarks
    let rows = made.arrays?.rows ?? []
    digests = rows.map { $0.imageDigest + " " + $0.maskDigest }
    copies = rows.indices.map { row in made.arrays.map { .row(row, of: $0) } ?? .none }
  }

  /// The part of this dataset whose names are in `names`; nothing is decoded again.
  public func filtered(to names: Set<String>) -> PreparedDataset {
    PreparedDataset(keeping: pairs.indices.filter { names.contains(pairs[$0].name) }, of: self)
  }

  private init(keeping kept: [Int], of whole: PreparedDataset) {
    pairs = kept.map { whole.pairs[$0] }
    copies = kept.map { whole.copies[$0] }
    digests = kept.map { whole.digests[$0] }
    skipped = []
    remarks = []
    side = whole.side
    channels = whole.channels
  }

  /// The decoded copy of a pair: from memory or the arrays, or else from its files.
  func decoded(at index: Int) throws(LostPair) -> DecodedPair {
    switch copies[index] {
    case .memory(let pair): return pair
    case .row(let row, let arrays):
      if let pair = DecodedPair(row: row, of: arrays) { return pair }
    case .none: break
    }
    let again = Prepared(pairs[index], side: side, channels: channels, kept: true)
    if let pair = again.decoded { return pair }
    throw LostPair(name: pairs[index].name, reason: again.fault ?? "not decoded")
  }
}

/// A pair that was good when the training began and is not any more.
public struct LostPair: Error, Sendable, Equatable, CustomStringConvertible {
  /// The pair's name.
  public let name: String
  /// What is wrong with it now.
  public let reason: String

  /// `name: reason`
  public var description: String { "\(name): \(reason)" }
}

/// What came of one pair.
private struct Prepared: Sendable {
  var decoded: DecodedPair?
  var digest = ""
  var remark: String?
  var fault: String?

  init(_ pair: TrainingPair, side: Int, channels: Int, kept: Bool) {
    do {
      let imageBytes = try PairFiles.read(pair.imagePath)
      let maskBytes = try PairFiles.read(pair.maskPath)
      let result = try DecodedPair.decode(
        imageBytes: imageBytes, maskBytes: maskBytes, side: side, channels: channels)
      digest = sha256Hex(imageBytes) + " " + sha256Hex(maskBytes)
      remark = result.remark
      if kept { decoded = result.pair }
    } catch {
      fault = error.reason
    }
  }
}
