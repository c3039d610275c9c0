import Datasets

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

  /// Decodes what is listed and splits it.
  ///
  /// Unusable pairs are found before the split, so that both parts have their share of usable ones.
  ///
  /// - Parameters:
  ///   - listing: pairs found in the folders.
  ///   - options: channels, size, ratio and seed.
  ///   - holdingOut: names to hold out, and the list's path for messages; nil to split at random.
  ///   - concurrency: photographs decoded at once.
  ///   - progress: called after each photograph with the number done and their whole number.
  /// - Throws: `DatasetError` when either part would be empty.
  public static func prepare(
    _ listing: PairListing, options: TrainingOptions,
    holdingOut: (names: Set<String>, path: String)? = nil, folders: String, concurrency: Int,
    progress: @escaping @Sendable (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) async throws(DatasetError) -> TrainingData {
    let count = listing.pairs.count
    let all = await PreparedDataset(
      decoding: listing.pairs, side: options.storedSide, channels: options.channels,
      concurrency: concurrency, progress: { progress($0, count) })
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
      : await PreparedDataset(
        decoding: split.validation, side: options.inputSize, channels: options.channels,
        concurrency: concurrency)
    return TrainingData(
      training: all.filtered(to: Set(split.training.map(\.name))), validation: validation,
      skipped: skipped, remarks: all.remarks, contentDigest: all.contentDigest)
  }
}
