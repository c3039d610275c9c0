/// How often a method asked to look at a mask, and how often it was right to.
public struct FlagCounts: Sendable, Equatable, Codable {
  /// Photographs with a Jaccard index below 0.65.
  public var failures: Int
  /// Those of them that it asked to look at.
  public var caught: Int
  /// The other photographs.
  public var others: Int
  /// Those of the others that it asked to look at.
  public var flaggedOthers: Int

  enum CodingKeys: String, CodingKey {
    case failures, caught, others
    case flaggedOthers = "flagged_others"
  }

  /// Counts; nil if the method never says whether to look.
  init?(_ images: [ImageScores]) {
    let known = images.filter { $0.pleaseLook != nil }
    if known.isEmpty { return nil }
    let flags = known.map { (isFailure: $0.model.isFailure, isFlagged: $0.pleaseLook != []) }
    failures = flags.count { $0.isFailure }
    caught = flags.count { $0.isFailure && $0.isFlagged }
    others = flags.count - failures
    flaggedOthers = flags.count { !$0.isFailure && $0.isFlagged }
  }
}
