import Datasets
import Evaluation
import NeuralNetworks

extension Trainer {
  /// Scores of the held-out part: mean loss and accuracy over pixels, mean overlaps over images.
  struct Validation {
    var sums = EpochSums()
    var jaccard = 0.0
    var dice = 0.0
  }

  /// Scores the model as it would be kept now: the average of the weights, if there is one.
  ///
  /// - Returns: nil when the run was stopped.
  nonisolated(nonsending) func validateModel(
    _ session: TrainingSession, _ state: RunState, _ pace: inout Pace
  ) async throws(TrainingError) -> Validation? {
    guard let average = state.average else { return try await validate(session, &pace) }
    let weights = session.parameters
    try replaceParameters(of: session, with: average.values)
    let validation = try await validate(session, &pace)
    try replaceParameters(of: session, with: weights)
    return validation
  }

  private func replaceParameters(
    of session: TrainingSession, with parameters: [String: Tensor]
  ) throws(TrainingError) {
    do throws(NetworkError) {
      try session.setParameters(parameters)
    } catch {
      throw .network("\(error)")
    }
  }

  /// Runs the held-out photographs through the network, one at a time; nil when the run was stopped.
  private nonisolated(nonsending) func validate(
    _ session: TrainingSession, _ pace: inout Pace
  ) async throws(TrainingError) -> Validation? {
    var validation = Validation()
    let loader = BatchLoader(
      dataset: data.validation, format: format, augmentation: nil, shuffled: false, seed: 0,
      epoch: 0, batchSize: 1)
    while let batch = await loader.next() {
      if shouldStop() { return nil }
      report(batch.lost, &pace)
      guard !batch.indices.isEmpty else { continue }
      let result: BatchResult
      do throws(NetworkError) {
        result = try session.evaluate(inputs: batch.inputs, labels: batch.labels)
      } catch {
        throw .network("\(error)")
      }
      let counts = ConfusionCounts(
        intersection: result.intersection, predicted: result.predicted, truth: result.truth,
        pixels: result.pixels)
      validation.sums.add(result, images: 1)
      validation.jaccard += counts.jaccardIndex
      validation.dice += counts.diceCoefficient
    }
    guard validation.sums.images > 0 else { throw .nothingLeft("held out") }
    let images = Double(validation.sums.images)
    validation.jaccard /= images
    validation.dice /= images
    return validation
  }
}
