import Datasets
import Evaluation
import ModelStore
import Segmentation
import Settings
import UNets

/// Whether a new model is good enough, and the numbers that say so.
public struct PromotionDecision: Sendable, Equatable {
  /// Photographs that were compared on.
  public var imageCount: Int
  /// Mean Jaccard index of the new model.
  public var newJaccard: Double
  /// Mean Jaccard index of the model in service on the same photographs; nil if there is none.
  public var currentJaccard: Double?
  /// The model in service.
  public var currentID: String?
  /// Mean Jaccard index of the rule that has learnt nothing.
  public var floorJaccard: Double

  /// Whether the new model should be put into service.
  public var isBetter: Bool {
    newJaccard > floorJaccard && currentJaccard.map { newJaccard > $0 } ?? true
  }

  /// One line with all numbers.
  public var message: String {
    var text = "Jaccard \(decimal(newJaccard)) on \(imageCount) held-out photographs"
    if let currentJaccard, let currentID {
      text += ", \(currentID) has \(decimal(currentJaccard))"
    }
    return text + ", the rule that has learnt nothing \(decimal(floorJaccard))."
  }
}

/// Compares a new model with the one in service.
struct Promotion {
  let settings: Settings
  let store: ModelStore
  let observe: (RebuildEvent) -> Void

  /// Compares both at the photographs' own sizes.
  ///
  /// - Parameters:
  ///   - model: the new one.
  ///   - heldOut: photographs that it did not learn from. Those that the model in service learnt from are
  ///     left out too, unless none would be left.
  func decide(
    _ model: UNetModel, heldOut: [TrainingPair]
  ) throws(RebuildError) -> PromotionDecision {
    let current = loadCurrent()
    let known = Set(
      (current?.model.summary["trainingNames"] ?? "").split(separator: "\n").map(String.init))
    let fair = heldOut.filter { !known.contains($0.name) }
    let pairs = fair.isEmpty ? heldOut : fair
    let new = try score(model, on: pairs)
    guard let current else {
      return PromotionDecision(
        imageCount: new.imageCount, newJaccard: new.model.mean.jaccard, currentJaccard: nil,
        currentID: nil, floorJaccard: new.noLearningRule.mean.jaccard)
    }
    let old = try score(current.model, on: pairs)
    return PromotionDecision(
      imageCount: new.imageCount, newJaccard: new.model.mean.jaccard,
      currentJaccard: old.model.mean.jaccard, currentID: current.id,
      floorJaccard: new.noLearningRule.mean.jaccard)
  }

  /// The store's model, or else the one built in; nil when there is none that works.
  private func loadCurrent() -> LoadedModel? {
    do throws(ModelStoreError) {
      return try ModelLocator.load(explicitFile: nil, store: store.directory)
    } catch {
      if case .noModel = error { return nil }
      observe(.currentUnusable(error))
      return nil
    }
  }

  private func score(
    _ model: UNetModel, on pairs: [TrainingPair]
  ) throws(RebuildError) -> EvaluationReport {
    let segmenter: Segmenter
    do throws(SegmentationError) {
      segmenter = try Segmenter(model: model, threadCount: settings.threads)
    } catch {
      throw .unusable("\(error)")
    }
    let report = Evaluator().report(on: pairs, modelID: "") { image in
      try segmenter.segment(image).mask
    }
    guard let report else {
      throw .unusable("none of the \(pairs.count) held-out photographs could be segmented.")
    }
    return report
  }
}
