import Datasets
import Evaluation
import ModelStore
import Segmentation
import Settings
import UNets

/// Compares a new model with the one in service.
package struct Promotion {
  let settings: Settings
  let store: ModelStore
  let observe: (RebuildEvent) -> Void

  /// Fewer photographs than these say too little, if there are others.
  static let fewestPhotographs = 5

  /// Compares both at the photographs' own sizes.
  ///
  /// - Parameters:
  ///   - model: the new one.
  ///   - heldOut: photographs that it did not learn from. Those that the model in service has learnt from
  ///     are left out of the comparison, unless fewer than `fewestPhotographs` would be left.
  /// - Returns: the decision, and the new model's scores on all held-out photographs.
  func decide(
    _ model: UNetModel, heldOut: [TrainingPair]
  ) throws(RebuildError) -> (PromotionDecision, EvaluationReport) {
    let new = try score(model, on: heldOut)
    guard let current = loadCurrent() else {
      return (Self.decision(new.images, nil), new)
    }
    let known = current.trainingNames(in: store)
    let fair = heldOut.filter { !known.contains($0.name) }
    let isFair = fair.count >= min(Self.fewestPhotographs, heldOut.count)
    let pairs = isFair ? fair : heldOut
    let old = try score(current.model, on: pairs)
    let counts = (
      leftOut: isFair ? heldOut.count - fair.count : 0,
      known: isFair ? 0 : heldOut.count - fair.count
    )
    return (Self.decision(new.images, (current.id, old.images, counts.leftOut, counts.known)), new)
  }

  /// Pairs the scores by photograph.
  ///
  /// - Parameters:
  ///   - new: the new model's, at least one.
  ///   - current: the model in service: its id, its scores on some of the same photographs, and the two counts
  ///     of the decision.
  package static func decision(
    _ new: [ImageScores],
    _ current: (id: String, images: [ImageScores], leftOut: Int, known: Int)?
  ) -> PromotionDecision {
    let bootstrap = Bootstrap()
    func interval(_ values: [Double]) -> MeanInterval {
      bootstrap.interval(of: values) ?? MeanInterval(mean: 0, low: 0, high: 0)
    }
    let old = Dictionary(
      (current?.images ?? []).map { ($0.name, $0.model.jaccard) },
      uniquingKeysWith: { first, _ in first })
    let compared = current == nil ? new : new.filter { old[$0.name] != nil }
    let floors = interval(compared.map { $0.model.jaccard - $0.noLearningRule.jaccard })
    let comparison = current.map { current in
      PromotionDecision.Comparison(
        id: current.id, jaccard: interval(compared.compactMap { old[$0.name] }).mean,
        difference: interval(
          compared.compactMap { image in old[image.name].map { image.model.jaccard - $0 } }),
        leftOut: current.leftOut, known: current.known)
    }
    return PromotionDecision(
      imageCount: compared.count, newJaccard: interval(compared.map(\.model.jaccard)).mean,
      current: comparison, floorJaccard: interval(compared.map(\.noLearningRule.jaccard)).mean,
      floorDifference: floors)
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
      let found = try segmenter.segment(image, settings.masks)
      return EvaluatedMask(found.mask, pleaseLook: found.pleaseLook)
    }
    guard let report else {
      throw .unusable("none of the \(pairs.count) held-out photographs could be segmented.")
    }
    return report
  }
}

extension LoadedModel {
  /// The photographs that the model has learnt from, as far as its file or its folder tells.
  fileprivate func trainingNames(in store: ModelStore) -> Set<String> {
    if let names = model.summary["trainingNames"] {
      return Set(names.split(separator: "\n").map(String.init))
    }
    guard let bytes = try? store.note(SplitRecord.fileName, of: id),
      let split = SplitRecord(json: bytes)
    else { return [] }
    return Set(split.training)
  }
}
