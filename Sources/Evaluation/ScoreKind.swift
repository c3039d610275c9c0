/// One of the scores, by its name in JSON and CSV.
public struct ScoreKind: Sendable {
  /// The name in JSON and CSV.
  public let name: String
  /// The name for people.
  public let title: String
  /// How many places after the point tell photographs apart.
  public let places: Int
  /// Whether each photograph is counted in or out, so that there is none that is pooled over pixels.
  public let isCounted: Bool
  /// The value in a set of scores; nil where it is undefined.
  public let value: @Sendable (Scores) -> Double?

  private init(
    _ name: String, _ title: String, places: Int = 4, isCounted: Bool = false,
    _ value: @escaping @Sendable (Scores) -> Double?
  ) {
    (self.name, self.title, self.places) = (name, title, places)
    (self.isCounted, self.value) = (isCounted, value)
  }

  /// All of them, in the order of the tables.
  public static let all: [ScoreKind] = [
    ScoreKind("jaccard", "Jaccard") { $0.jaccard },
    ScoreKind("dice", "Dice") { $0.dice },
    ScoreKind("thresholded_jaccard", "Jaccard >= 0.65", isCounted: true) { $0.thresholdedJaccard },
    ScoreKind("pixel_accuracy", "accuracy") { $0.pixelAccuracy },
    ScoreKind("sensitivity", "sensitivity") { $0.sensitivity },
    ScoreKind("specificity", "specificity") { $0.specificity },
    ScoreKind("hausdorff95", "Hausdorff95, pixels", places: 1) { $0.hausdorff95 },
    ScoreKind("hausdorff95_percent", "  % of the diagonal", places: 3) { $0.hausdorff95Percent },
    ScoreKind("boundary_distance", "boundary error, pixels", places: 2) { $0.boundaryDistance },
    ScoreKind("boundary_distance_percent", "  % of the diagonal", places: 3) {
      $0.boundaryDistancePercent
    },
    ScoreKind("boundary_f_measure", "boundary F-measure") { $0.boundaryFMeasure },
  ]
}
