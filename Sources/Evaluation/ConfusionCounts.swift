import Images

/// How often a mask and the truth agree, pixel by pixel, and the scores that follow.
///
/// Conventions for what the formulas leave open: when neither mask has a lesion pixel, Jaccard and Dice
/// are 1; sensitivity is undefined without a lesion in the truth, specificity without background in it.
public struct ConfusionCounts: Sendable, Equatable {
  /// Lesion in both.
  public var truePositives: Int
  /// Lesion in the mask only.
  public var falsePositives: Int
  /// Lesion in the truth only.
  public var falseNegatives: Int
  /// Background in both.
  public var trueNegatives: Int

  /// Starts from known counts.
  public init(
    truePositives: Int = 0, falsePositives: Int = 0, falseNegatives: Int = 0,
    trueNegatives: Int = 0
  ) {
    self.truePositives = truePositives
    self.falsePositives = falsePositives
    self.falseNegatives = falseNegatives
    self.trueNegatives = trueNegatives
  }

  /// Compares two grey images; 128 and above is lesion.
  ///
  /// - Parameters:
  ///   - mask: what was found, [H, W].
  ///   - truth: what an expert drew, of the same size.
  public init(mask: Image, truth: Image) {
    precondition(
      mask.channels == 1 && truth.channels == 1 && mask.width == truth.width
        && mask.height == truth.height, "masks of one size are compared")
    self.init()
    let (found, drawn) = (mask.pixels.span, truth.pixels.span)
    for index in found.indices {
      switch (found[index] >= 128, drawn[index] >= 128) {
      case (true, true): truePositives += 1
      case (true, false): falsePositives += 1
      case (false, true): falseNegatives += 1
      case (false, false): trueNegatives += 1
      }
    }
  }

  /// The counts from sizes: pixels of both masks, of their overlap and of the whole.
  public init(intersection: Int, predicted: Int, truth: Int, pixels: Int) {
    self.init(
      truePositives: intersection, falsePositives: predicted - intersection,
      falseNegatives: truth - intersection,
      trueNegatives: pixels - predicted - truth + intersection)
  }

  /// Pixels compared.
  public var pixels: Int { truePositives + falsePositives + falseNegatives + trueNegatives }

  /// Overlap divided by union: TP / (TP + FP + FN).
  public var jaccardIndex: Double {
    ratio(truePositives, truePositives + falsePositives + falseNegatives) ?? 1
  }

  /// Twice the overlap divided by the sum of both sizes: 2 TP / (2 TP + FP + FN).
  public var diceCoefficient: Double {
    ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives) ?? 1
  }

  /// The Jaccard index, or 0 below 0.65, where readers call a segmentation failed (ISIC 2018).
  public var thresholdedJaccard: Double {
    jaccardIndex >= 0.65 ? jaccardIndex : 0
  }

  /// Share of pixels on which both agree.
  public var pixelAccuracy: Double { ratio(truePositives + trueNegatives, pixels) ?? 1 }

  /// Share of the lesion that was found: TP / (TP + FN); nil if the truth has no lesion.
  public var sensitivity: Double? { ratio(truePositives, truePositives + falseNegatives) }

  /// Share of the background that was left alone: TN / (TN + FP); nil if the truth has none.
  public var specificity: Double? { ratio(trueNegatives, trueNegatives + falsePositives) }

  /// Adds the counts of other pixels.
  public static func += (sum: inout ConfusionCounts, more: ConfusionCounts) {
    sum.truePositives += more.truePositives
    sum.falsePositives += more.falsePositives
    sum.falseNegatives += more.falseNegatives
    sum.trueNegatives += more.trueNegatives
  }

  private func ratio(_ part: Int, _ whole: Int) -> Double? {
    whole == 0 ? nil : Double(part) / Double(whole)
  }
}
