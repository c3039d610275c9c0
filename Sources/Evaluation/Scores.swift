import Images

/// The scores of one mask, or means over many.
public struct Scores: Sendable, Equatable, Codable {
  /// Overlap divided by union.
  public var jaccard: Double
  /// Twice the overlap divided by the sum of both sizes.
  public var dice: Double
  /// The Jaccard index, counted as 0 where it is below 0.65.
  public var thresholdedJaccard: Double
  /// Share of pixels on which mask and truth agree.
  public var pixelAccuracy: Double
  /// Share of the lesion that was found; nil without a lesion in any truth.
  public var sensitivity: Double?
  /// Share of the background that was left alone; nil without background in any truth.
  public var specificity: Double?
  /// The 95th-percentile Hausdorff distance in pixels; nil for scores that are pooled over pixels.
  public var hausdorff95: Double?
  /// The same in percent of the image's diagonal, so that photographs of all sizes can be compared.
  public var hausdorff95Percent: Double?

  enum CodingKeys: String, CodingKey {
    case jaccard, dice
    case thresholdedJaccard = "thresholded_jaccard"
    case pixelAccuracy = "pixel_accuracy"
    case sensitivity, specificity
    case hausdorff95
    case hausdorff95Percent = "hausdorff95_percent"
  }

  /// The scores that follow from counts: of summed counts, pooled over pixels.
  public init(_ counts: ConfusionCounts) {
    jaccard = counts.jaccardIndex
    dice = counts.diceCoefficient
    thresholdedJaccard = counts.thresholdedJaccard
    pixelAccuracy = counts.pixelAccuracy
    sensitivity = counts.sensitivity
    specificity = counts.specificity
  }

  /// All scores of one mask.
  ///
  /// - Parameters:
  ///   - mask: grey, 128 and above is lesion.
  ///   - truth: of the same size.
  public init(mask: Image, truth: Image) {
    self.init(ConfusionCounts(mask: mask, truth: truth))
    let distance = HausdorffDistance.percentile95(mask: mask, truth: truth)
    hausdorff95 = distance
    hausdorff95Percent = 100 * distance / HausdorffDistance.diagonal(mask)
  }

  /// The mean over images, each counting the same whatever its size. Undefined values are left out.
  ///
  /// - Parameter images: at least one.
  public init(meanOf images: [Scores]) {
    precondition(!images.isEmpty, "the mean of no image")
    func mean(_ values: [Double]) -> Double? {
      values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
    jaccard = mean(images.map(\.jaccard)) ?? 0
    dice = mean(images.map(\.dice)) ?? 0
    thresholdedJaccard = mean(images.map(\.thresholdedJaccard)) ?? 0
    pixelAccuracy = mean(images.map(\.pixelAccuracy)) ?? 0
    sensitivity = mean(images.compactMap(\.sensitivity))
    specificity = mean(images.compactMap(\.specificity))
    hausdorff95 = mean(images.compactMap(\.hausdorff95))
    hausdorff95Percent = mean(images.compactMap(\.hausdorff95Percent))
  }

  /// Whether readers would call the segmentation failed: a Jaccard index below 0.65 (ISIC 2018).
  public var isFailure: Bool { jaccard < 0.65 }
}

/// One of the scores, by its name in JSON and CSV.
public struct ScoreKind: Sendable {
  /// The name in JSON and CSV.
  public let name: String
  /// The name for people.
  public let title: String
  /// The value in a set of scores; nil where it is undefined.
  public let value: @Sendable (Scores) -> Double?

  /// All of them, in the order of the tables.
  public static let all: [ScoreKind] = [
    ScoreKind(name: "jaccard", title: "Jaccard") { $0.jaccard },
    ScoreKind(name: "dice", title: "Dice") { $0.dice },
    ScoreKind(name: "thresholded_jaccard", title: "J >= 0.65") { $0.thresholdedJaccard },
    ScoreKind(name: "pixel_accuracy", title: "accuracy") { $0.pixelAccuracy },
    ScoreKind(name: "sensitivity", title: "sensitivity") { $0.sensitivity },
    ScoreKind(name: "specificity", title: "specificity") { $0.specificity },
    ScoreKind(name: "hausdorff95", title: "Hausdorff95") { $0.hausdorff95 },
    ScoreKind(name: "hausdorff95_percent", title: "% diagonal") { $0.hausdorff95Percent },
  ]
}
