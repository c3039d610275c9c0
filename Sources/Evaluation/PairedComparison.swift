/// One evaluation's scores minus another's of the same photographs.
public struct PairedComparison: Sendable, Equatable {
  /// How a score differs.
  public struct Difference: Sendable, Equatable {
    /// The mean over photographs, with its 95 % bootstrap interval.
    public var interval: MeanInterval
    /// Photographs where the score became higher.
    public var higher: Int
    /// Photographs where it became lower.
    public var lower: Int
  }

  /// Photographs that both have.
  public var imageCount: Int
  /// By the score's name; one that is defined nowhere in both is left out.
  public var differences: [String: Difference]

  /// Compares photographs of one name and size; nil without any.
  ///
  /// - Parameters:
  ///   - report: from whose scores is subtracted.
  ///   - earlier: whose scores are.
  ///   - bootstrap: how intervals are found.
  public init?(
    of report: EvaluationReport, with earlier: EvaluationReport,
    _ bootstrap: Bootstrap = Bootstrap()
  ) {
    let others = Dictionary(earlier.images.map { ($0.name, $0) }) { first, _ in first }
    let pairs = report.images.compactMap { image in
      others[image.name].flatMap { other in
        other.width == image.width && other.height == image.height
          ? (image.model, other.model) : nil
      }
    }
    guard !pairs.isEmpty else { return nil }
    imageCount = pairs.count
    differences = [:]
    for kind in ScoreKind.all {
      let values = pairs.compactMap { new, old in
        kind.value(new).flatMap { new in kind.value(old).map { new - $0 } }
      }
      differences[kind.name] = bootstrap.interval(of: values).map {
        Difference(
          interval: $0, higher: values.count { $0 > 0 }, lower: values.count { $0 < 0 })
      }
    }
  }
}
