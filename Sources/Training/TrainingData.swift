import Datasets
import Files
import SystemPackage

/// The two parts that a model is made from: one to learn from and one to check with.
public struct TrainingData: Sendable {
  /// Photographs to learn from, decoded.
  public let training: PreparedDataset
  /// Photographs held out, decoded at the network's size.
  public let validation: PreparedDataset
  /// Pairs that were of no use, and why.
  public let skipped: [SkippedPair]
  /// Pairs about which something should be said.
  public let remarks: [SkippedPair]

  /// SHA-256 over the names and contents of both parts.
  public let contentDigest: String

  /// Puts ready parts together.
  package init(
    training: PreparedDataset, validation: PreparedDataset, skipped: [SkippedPair],
    remarks: [SkippedPair], contentDigest: String
  ) {
    self.training = training
    self.validation = validation
    self.skipped = skipped
    self.remarks = remarks
    self.contentDigest = contentDigest
  }

  /// Decodes what is listed and splits it.
  ///
  /// Unusable pairs are found before the split, so that both parts have their share of usable ones.
  ///
  /// - Parameters:
  ///   - listing: pairs found in the folders.
  ///   - options: channels, size, ratio and seed.
  ///   - holdingOut: names to hold out, and the list's path for messages; nil to split at random.
  ///   - concurrency: photographs decoded at once.
  ///   - cache: a folder in which the small copies are kept as arrays, so that the next run only reads what
  ///     changed; nil to keep them in memory. It can be deleted at any time; where it cannot be written, a
  ///     remark says so and the copies are kept in memory.
  ///   - progress: called after each photograph with the number done and their whole number.
  /// - Throws: `DatasetError` when either part would be empty.
  public static func prepare(
    _ listing: PairListing, options: TrainingOptions,
    holdingOut: (names: Set<String>, path: String)? = nil, folders: String, concurrency: Int,
    cache: FilePath? = nil,
    progress: @escaping @Sendable (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) async throws(DatasetError) -> TrainingData {
    let count = listing.pairs.count
    let source = Source(channels: options.channels, concurrency: concurrency, cache: cache)
    let (all, problem) = await source.copies(
      of: listing.pairs, side: options.storedSide, progress: { progress($0, count) })
    let skipped = listing.skipped + all.skipped
    guard all.count >= 2 else {
      throw .tooFewPairs(usable: all.count, needed: 2, folders: folders, skipped: skipped)
    }
    let split: DatasetSplit
    if let holdingOut {
      split = DatasetSplit(all.pairs, holdingOut: holdingOut.names)
      guard !split.validation.isEmpty, !split.training.isEmpty else {
        throw .badList(
          path: holdingOut.path, names: holdingOut.names.count, pairs: all.count,
          heldOut: split.validation.count)
      }
    } else {
      split = DatasetSplit(all.pairs, ratio: options.splitRatio, seed: options.seed)
    }
    let held = all.filtered(to: Set(split.validation.map(\.name)))
    let validation =
      all.side == options.inputSize
      ? held
      : await source.copies(of: split.validation, side: options.inputSize) { _ in }.dataset
    return TrainingData(
      training: all.filtered(to: Set(split.training.map(\.name))), validation: validation,
      skipped: skipped, remarks: all.remarks + (problem.map { [$0] } ?? []),
      contentDigest: all.contentDigest)
  }

  /// Where small copies come from.
  private struct Source {
    var channels: Int
    var concurrency: Int
    var cache: FilePath?

    /// Copies of one size, and what is wrong with the cache, if anything is.
    func copies(
      of pairs: [TrainingPair], side: Int, progress: @escaping @Sendable (_ done: Int) -> Void
    ) async -> (dataset: PreparedDataset, problem: SkippedPair?) {
      var problem: SkippedPair?
      if let cache {
        let folder = ArrayFolder(
          cache.appending("\(side)x\(side)x\(channels)"), side: side, channels: channels,
          concurrency: concurrency)
        do throws(FileError) {
          return (
            try await PreparedDataset(pairs, arraysIn: folder, progress: progress), nil
          )
        } catch {
          problem = SkippedPair(
            name: error.path.displayed,
            reason: "\(error.reason) The photographs are not cached in this run.")
        }
      }
      let dataset = await PreparedDataset(
        decoding: pairs, side: side, channels: channels, concurrency: concurrency,
        progress: progress)
      return (dataset, problem)
    }
  }
}
