import Masks

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
  /// Why the model asks somebody to look at the mask; nil if it does not say.
  public var pleaseLook: [PleaseLook]?

  /// Puts one photograph's scores together.
  public init(
    name: String, width: Int, height: Int, model: Scores, noLearningRule: Scores,
    pleaseLook: [PleaseLook]? = nil
  ) {
    self.name = name
    self.width = width
    self.height = height
    self.model = model
    self.noLearningRule = noLearningRule
    self.pleaseLook = pleaseLook
  }

  enum CodingKeys: String, CodingKey {
    case name, width, height, model
    case noLearningRule = "no_learning_rule"
    case pleaseLook = "please_look"
  }
}

/// One method's scores over all photographs.
public struct MethodScores: Sendable, Equatable, Codable {
  /// Each photograph counts the same.
  public var mean: Scores
  /// Each pixel counts the same.
  public var pooled: Scores
  /// For each score by its name, the mean over photographs with its 95 % bootstrap interval.
  public var intervals: [String: MeanInterval]
  /// Share of the photographs with a Jaccard index below 0.65.
  public var failureShare: Double

  enum CodingKeys: String, CodingKey {
    case mean, pooled, intervals
    case failureShare = "failure_share"
  }

  /// - Parameters:
  ///   - images: at least one.
  ///   - pooled: the sum of all photographs' counts.
  init(_ images: [Scores], pooled: ConfusionCounts, bootstrap: Bootstrap) {
    mean = Scores(meanOf: images)
    self.pooled = Scores(pooled)
    intervals = [:]
    for kind in ScoreKind.all {
      intervals[kind.name] = bootstrap.interval(of: images.compactMap(kind.value))
    }
    failureShare = Double(images.count(where: \.isFailure)) / Double(images.count)
  }
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
  /// The model's Jaccard index minus the rule's, paired by photograph.
  public var jaccardGain: MeanInterval
  /// How right the model was to ask somebody to look at masks; nil if it does not say.
  public var pleaseLook: FlagCounts?
  /// Every photograph on its own.
  public var images: [ImageScores]
  /// Photographs left out, with reasons.
  public var skipped: [String]

  enum CodingKeys: String, CodingKey {
    case model, images, skipped
    case modelID = "model_id"
    case imageCount = "image_count"
    case noLearningRule = "no_learning_rule"
    case jaccardGain = "jaccard_gain"
    case pleaseLook = "please_look"
  }

  /// - Parameters:
  ///   - images: at least one.
  ///   - pooled: the sums of all photographs' counts.
  package init(
    modelID: String, images: [ImageScores], skipped: [String] = [],
    pooled: (model: ConfusionCounts, noLearningRule: ConfusionCounts) = (.init(), .init()),
    bootstrap: Bootstrap
  ) {
    self.modelID = modelID
    imageCount = images.count
    model = MethodScores(images.map(\.model), pooled: pooled.model, bootstrap: bootstrap)
    noLearningRule = MethodScores(
      images.map(\.noLearningRule), pooled: pooled.noLearningRule, bootstrap: bootstrap)
    let gains = images.map { $0.model.jaccard - $0.noLearningRule.jaccard }
    jaccardGain = bootstrap.interval(of: gains) ?? MeanInterval(mean: 0, low: 0, high: 0)
    pleaseLook = FlagCounts(images)
    self.images = images
    self.skipped = skipped
  }
}
