import Datasets
import Files
import Images
import Masks

/// What a method makes of a photograph.
public struct EvaluatedMask: Sendable {
  /// 0 and 255, grey, of the photograph's size.
  public var mask: Image
  /// Why somebody should look at it; nil if the method does not say.
  public var pleaseLook: [PleaseLook]?

  /// Puts both together.
  public init(_ mask: Image, pleaseLook: [PleaseLook]? = nil) {
    (self.mask, self.pleaseLook) = (mask, pleaseLook)
  }
}

/// Compares a model's masks with those of experts, at the photographs' own sizes.
public struct Evaluator {
  /// What is done to a photograph.
  public typealias Method = (Image) throws -> EvaluatedMask

  /// Called after each photograph, with the number done.
  public var progress: (_ done: Int) -> Void
  /// How intervals are found.
  public var bootstrap = Bootstrap()

  /// Makes an evaluator.
  public init(progress: @escaping (_ done: Int) -> Void = { _ in }) {
    self.progress = progress
  }

  /// Scores a method on all pairs. A pair that cannot be read is skipped and named.
  ///
  /// Memory: one photograph at a time.
  ///
  /// - Parameters:
  ///   - method: what makes the masks.
  ///   - modelID: put into the report.
  ///   - pairs: photographs and truths.
  ///   - skipped: pairs left out before, to be named in the report.
  /// - Returns: nil when no pair could be used.
  public func report(
    on pairs: [TrainingPair], skipped: [SkippedPair] = [], modelID: String, method: Method
  ) -> EvaluationReport? {
    var images: [ImageScores] = []
    var left = skipped.map(\.description)
    var (pooled, pooledFloor) = (ConfusionCounts(), ConfusionCounts())
    for (index, pair) in pairs.enumerated() {
      do {
        let (image, truth) = try FullSizePair.read(pair)
        let found = try method(image)
        let mask = found.mask
        let floor = NoLearningRule.mask(for: image)
        pooled += ConfusionCounts(mask: mask, truth: truth)
        pooledFloor += ConfusionCounts(mask: floor, truth: truth)
        images.append(
          ImageScores(
            name: pair.name, width: image.width, height: image.height,
            model: Scores(mask: mask, truth: truth),
            noLearningRule: Scores(mask: floor, truth: truth), pleaseLook: found.pleaseLook))
      } catch {
        left.append("\(pair.name): \(error)")
      }
      progress(index + 1)
    }
    guard !images.isEmpty else { return nil }
    return EvaluationReport(
      modelID: modelID, images: images, skipped: left, pooled: (pooled, pooledFloor),
      bootstrap: bootstrap)
  }
}
