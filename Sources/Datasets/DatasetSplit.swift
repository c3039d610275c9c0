/// Training pairs in two parts: one to learn from, one to check with.
public struct DatasetSplit: Sendable, Equatable {
  /// Pairs to learn from, in the order of the listing.
  public var training: [TrainingPair]
  /// Pairs held out, in the order of the listing.
  public var validation: [TrainingPair]

  /// Puts two ready parts together.
  public init(training: [TrainingPair], validation: [TrainingPair]) {
    self.training = training
    self.validation = validation
  }

  /// Splits `pairs` by image, at random, `ratio` to 1.
  ///
  /// Each name gets a random rank from the seed and the name alone; the lowest ranks are held out. A pair
  /// that is added later therefore moves few others from one part to the other, and a rebuilt model is
  /// checked on nearly the same images as the one before it.
  ///
  /// - Parameters:
  ///   - pairs: at least two, or the validation part is empty.
  ///   - ratio: training pairs per held-out pair, at least 1.
  ///   - seed: another seed gives another split.
  public init(_ pairs: [TrainingPair], ratio: Int = 4, seed: UInt64) {
    precondition(ratio >= 1, "a split needs a ratio of at least 1")
    let ranked = pairs.indices.sorted { a, b in
      let (rankA, rankB) = (
        Self.rank(of: pairs[a].name, seed: seed), Self.rank(of: pairs[b].name, seed: seed)
      )
      return rankA == rankB ? a < b : rankA < rankB
    }
    let wanted = pairs.count / (ratio + 1)
    let heldOutCount = pairs.count < 2 ? 0 : max(1, wanted)
    let heldOut = Set(ranked.prefix(heldOutCount))
    training = pairs.indices.filter { !heldOut.contains($0) }.map { pairs[$0] }
    validation = pairs.indices.filter { heldOut.contains($0) }.map { pairs[$0] }
  }

  /// Holds out exactly the pairs whose names are in `names`.
  public init(_ pairs: [TrainingPair], holdingOut names: Set<String>) {
    training = pairs.filter { !names.contains($0.name) }
    validation = pairs.filter { names.contains($0.name) }
  }

  /// FNV-1a over the name's bytes, mixed with the seed.
  private static func rank(of name: String, seed: UInt64) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 {
      hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    var generator = SeededGenerator(seed: seed ^ hash)
    return generator.next()
  }
}
