/// The six scores of one mask, or of many.
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

  enum CodingKeys: String, CodingKey {
    case jaccard, dice
    case thresholdedJaccard = "thresholded_jaccard"
    case pixelAccuracy = "pixel_accuracy"
    case sensitivity, specificity
  }

  /// The scores of one mask, or, of summed counts, pooled over pixels.
  public init(_ counts: ConfusionCounts) {
    jaccard = counts.jaccardIndex
    dice = counts.diceCoefficient
    thresholdedJaccard = counts.thresholdedJaccard
    pixelAccuracy = counts.pixelAccuracy
    sensitivity = counts.sensitivity
    specificity = counts.specificity
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
  }
}

/// The scores of one photograph.
public struct ImageScores: Sendable, Equatable, Codable {
  /// The pair's name.
  public var name: String
  /// Stored width in pixels.
  public var width: Int
  /// Stored height in pixels.
  public var height: Int
  /// Of the model.
  public var model: Scores
  /// Of the no-learning rule.
  public var noLearningRule: Scores

  enum CodingKeys: String, CodingKey {
    case name, width, height, model
    case noLearningRule = "no_learning_rule"
  }
}

/// One method's scores over all photographs, in both ways of averaging.
public struct MethodScores: Sendable, Equatable, Codable {
  /// Each photograph counts the same.
  public var mean: Scores
  /// Each pixel counts the same.
  public var pooled: Scores
}

/// What an evaluation found.
public struct EvaluationReport: Sendable, Equatable, Codable {
  /// The model's name and hash.
  public var modelID: String
  /// Photographs evaluated.
  public var imageCount: Int
  /// The model's scores.
  public var model: MethodScores
  /// The scores of the rule that has learnt nothing; a model below them is worth nothing.
  public var noLearningRule: MethodScores
  /// Every photograph on its own.
  public var images: [ImageScores]
  /// Photographs left out, with reasons.
  public var skipped: [String]

  enum CodingKeys: String, CodingKey {
    case model, images, skipped
    case modelID = "model_id"
    case imageCount = "image_count"
    case noLearningRule = "no_learning_rule"
  }
}
