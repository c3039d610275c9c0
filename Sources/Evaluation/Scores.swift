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
  /// The mean distance between the boundaries in pixels; nil for scores that are pooled over pixels.
  public var boundaryDistance: Double?
  /// The same in percent of the image's diagonal.
  public var boundaryDistancePercent: Double?
  /// The F-measure of the boundary pixels, 0...1; nil for scores that are pooled over pixels.
  public var boundaryFMeasure: Double?

  enum CodingKeys: String, CodingKey {
    case jaccard, dice
    case thresholdedJaccard = "thresholded_jaccard"
    case pixelAccuracy = "pixel_accuracy"
    case sensitivity, specificity
    case hausdorff95
    case hausdorff95Percent = "hausdorff95_percent"
    case boundaryDistance = "boundary_distance"
    case boundaryDistancePercent = "boundary_distance_percent"
    case boundaryFMeasure = "boundary_f_measure"
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
    let distances = BoundaryDistances(mask: mask, truth: truth)
    let (hausdorff95, mean) = (distances.hausdorff95, distances.mean)
    self.hausdorff95 = hausdorff95
    hausdorff95Percent = 100 * hausdorff95 / distances.diagonal
    boundaryDistance = mean
    boundaryDistancePercent = 100 * mean / distances.diagonal
    boundaryFMeasure = distances.fMeasure()
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
    boundaryDistance = mean(images.compactMap(\.boundaryDistance))
    boundaryDistancePercent = mean(images.compactMap(\.boundaryDistancePercent))
    boundaryFMeasure = mean(images.compactMap(\.boundaryFMeasure))
  }

  /// Whether readers would call the segmentation failed: a Jaccard index below 0.65 (ISIC 2018).
  public var isFailure: Bool { jaccard < 0.65 }
}
