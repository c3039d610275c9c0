import Evaluation

/// Whether a new model is good enough, and the numbers that say so.
///
/// It goes into service if it is better than the rule that has learnt nothing, and not worse than the model in
/// service beyond noise: the 95 % bootstrap interval of the paired mean difference of the Jaccard index must
/// reach 0, and the mean difference itself must not be below -0.01. The second keeps a few photographs, whose
/// interval is wide, from carrying a worse model in, and many small steps from going far down.
public struct PromotionDecision: Sendable, Equatable {
  /// Photographs that were compared on.
  public var imageCount: Int
  /// Mean Jaccard index of the new model.
  public var newJaccard: Double
  /// The comparison with the model in service; nil if there is none that works.
  public var current: Comparison?
  /// Mean Jaccard index of the rule that has learnt nothing.
  public var floorJaccard: Double
  /// The new model's Jaccard index minus that rule's, paired by photograph.
  public var floorDifference: MeanInterval

  /// How the new model compares with the one in service.
  public struct Comparison: Sendable, Equatable {
    /// The model in service.
    public var id: String
    /// Its mean Jaccard index on the same photographs.
    public var jaccard: Double
    /// The new model's Jaccard index minus its, paired by photograph.
    public var difference: MeanInterval
    /// Held-out photographs that were not compared on because the model in service has learnt from them.
    public var leftOut: Int
    /// Photographs that were compared on although it has learnt from them, too few others being there: that
    /// favours the model in service.
    public var known: Int

    /// Whether the new model is not worse beyond noise.
    public var isNotWorse: Bool {
      difference.high >= 0 && difference.mean >= -PromotionDecision.toleratedLoss
    }
  }

  /// What the mean may fall by where noise would allow more.
  public static let toleratedLoss = 0.01

  /// Whether the new model should be put into service.
  public var isPromoted: Bool {
    floorDifference.mean > 0 && current.map(\.isNotWorse) ?? true
  }

  /// Why, in a few words.
  public var reason: String {
    guard floorDifference.mean > 0 else {
      return "not better than the rule that has learnt nothing"
    }
    guard let current else { return "better than the rule that has learnt nothing" }
    if current.difference.high < 0 { return "worse than the model in service" }
    if !current.isNotWorse {
      return "worse than the model in service by more than \(Self.toleratedLoss)"
    }
    return current.difference.low > 0
      ? "better than the model in service" : "not worse than the model in service beyond noise"
  }

  /// One line with all numbers.
  public var message: String {
    var text = "\(reason): Jaccard \(decimal(newJaccard)) on \(imageCount) held-out photographs"
    if let current {
      text +=
        ", \(current.id) has \(decimal(current.jaccard)), difference \(spelled(current.difference))"
    }
    text += ", the rule that has learnt nothing \(decimal(floorJaccard))."
    if let current, current.leftOut > 0 {
      text += " \(current.leftOut) others are left out: \(current.id) has learnt from them."
    }
    if let current, current.known > 0 {
      text += " \(current.id) has learnt from \(current.known) of them, which favours it."
    }
    return text
  }

  private func spelled(_ interval: MeanInterval) -> String {
    func signed(_ value: Double) -> String { (value < 0 ? "" : "+") + decimal(value) }
    return
      "\(signed(interval.mean)) (95 %: \(signed(interval.low)) to \(signed(interval.high)))"
  }
}

extension PromotionDecision: Encodable {
  private enum CodingKeys: String, CodingKey {
    case promoted, reason
    case imageCount = "image_count"
    case newJaccard = "new_jaccard"
    case currentID = "current_id"
    case currentJaccard = "current_jaccard"
    case difference
    case leftOut = "left_out"
    case known = "known_to_current"
    case floorJaccard = "no_learning_rule_jaccard"
    case floorDifference = "no_learning_rule_difference"
  }

  /// Writes the numbers and what follows from them; what there is no current model for is left out.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(isPromoted, forKey: .promoted)
    try container.encode(reason, forKey: .reason)
    try container.encode(imageCount, forKey: .imageCount)
    try container.encode(newJaccard, forKey: .newJaccard)
    try container.encodeIfPresent(current?.id, forKey: .currentID)
    try container.encodeIfPresent(current?.jaccard, forKey: .currentJaccard)
    try container.encodeIfPresent(current?.difference, forKey: .difference)
    try container.encodeIfPresent(current?.leftOut, forKey: .leftOut)
    try container.encodeIfPresent(current?.known, forKey: .known)
    try container.encode(floorJaccard, forKey: .floorJaccard)
    try container.encode(floorDifference, forKey: .floorDifference)
  }
}
