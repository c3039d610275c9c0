import Datasets
import Evaluation
import NeuralNetworks

extension Trainer {
  /// Does what is left of an epoch, validation included.
  ///
  /// - Returns: false when the run was stopped; the state is then in the checkpoint.
  nonisolated(nonsending) func trainEpoch(
    _ session: TrainingSession, _ state: inout RunState, _ pace: inout Pace
  ) async throws(TrainingError) -> Bool {
    let loader = BatchLoader(
      dataset: data.training, format: format, augmentation: options.augmentation, shuffled: true,
      seed: options.seed, epoch: state.epochsDone, batchSize: options.batchSize,
      firstBatch: state.stepsDone)
    var rate = learningRate(state)
    while state.stepsDone < stepsPerEpoch {
      if shouldStop() {
        try saveCheckpoint(session, state, &pace)
        return false
      }
      let start = clock.now
      guard let batch = try await nextBatch(of: loader) else { break }
      rate = learningRate(state)
      let result = try step(session, batch, rate, state)
      state.sums.add(result, images: batch.indices.count)
      state.stepsDone += 1
      pace.addStep(clock.now - start, to: &state)
      observe(.step(report(state, pace)))
      if clock.now - pace.lastCheckpoint >= checkpointInterval {
        try saveCheckpoint(session, state, &pace)
      }
    }
    let start = clock.now
    guard let validation = try await validate(session) else {
      try saveCheckpoint(session, state, &pace)
      return false
    }
    // Weights can be infinite where the loss is not: batch normalisation hides it.
    guard session.parameters.values.allSatisfy({ $0.values.allSatisfy(\.isFinite) }) else {
      throw .diverged(epoch: state.epochsDone + 1, step: state.stepsDone, learningRate: rate)
    }
    pace.addValidation(clock.now - start, to: &state)
    let isBest = close(&state, validation, rate: rate, session)
    // The checkpoint comes first: what was told must not be forgotten.
    try saveCheckpoint(session, state, &pace)
    if let last = state.history.last { observe(.epoch(last, isBest: isBest)) }
    return true
  }

  private func learningRate(_ state: RunState) -> Float {
    options.schedule.rate(
      step: state.epochsDone * stepsPerEpoch + state.stepsDone,
      of: options.epochs * stepsPerEpoch)
  }

  private func step(
    _ session: TrainingSession, _ batch: Batch, _ rate: Float, _ state: RunState
  ) throws(TrainingError) -> BatchResult {
    let result: BatchResult
    do throws(NetworkError) {
      result = try session.computeGradients(inputs: batch.inputs, labels: batch.labels)
    } catch {
      throw .network("\(error)")
    }
    guard result.loss.isFinite else {
      throw .diverged(
        epoch: state.epochsDone + 1, step: state.stepsDone + 1, learningRate: rate)
    }
    session.applyStep(Adam(learningRate: rate))
    return result
  }

  private nonisolated(nonsending) func nextBatch(
    of loader: BatchLoader
  ) async throws(TrainingError) -> Batch? {
    do {
      return try await loader.next()
    } catch {
      throw .lostPair(error)
    }
  }

  /// Scores of the held-out part: mean loss and accuracy over pixels, mean overlaps over images.
  struct Validation {
    var sums = EpochSums()
    var jaccard = 0.0
    var dice = 0.0
  }

  /// Runs the held-out photographs through the network, one at a time; nil when the run was stopped.
  private nonisolated(nonsending) func validate(
    _ session: TrainingSession
  ) async throws(TrainingError) -> Validation? {
    var validation = Validation()
    let loader = BatchLoader(
      dataset: data.validation, format: format, augmentation: nil, shuffled: false, seed: 0,
      epoch: 0, batchSize: 1)
    while let batch = try await nextBatch(of: loader) {
      if shouldStop() { return nil }
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
    let images = Double(max(1, validation.sums.images))
    validation.jaccard /= images
    validation.dice /= images
    return validation
  }

  /// Writes an epoch into the history and begins the next; true if its Jaccard index is the best.
  private func close(
    _ state: inout RunState, _ validation: Validation, rate: Float, _ session: TrainingSession
  ) -> Bool {
    state.history.append(
      EpochReport(
        epoch: state.epochsDone + 1, epochs: options.epochs, trainingLoss: state.sums.meanLoss,
        trainingAccuracy: state.sums.accuracy, validationLoss: validation.sums.meanLoss,
        validationAccuracy: validation.sums.accuracy, validationJaccard: validation.jaccard,
        validationDice: validation.dice, learningRate: rate, seconds: state.epochSeconds))
    state.epochsDone += 1
    state.stepsDone = 0
    state.sums = EpochSums()
    state.epochSeconds = 0
    // The first epoch counts whatever it scored: a run must end with some weights.
    let isBest = state.best.map { validation.jaccard >= $0.jaccard } ?? true
    if isBest && options.keepsBestEpoch {
      state.best = BestEpoch(
        epoch: state.epochsDone, jaccard: validation.jaccard, parameters: session.parameters)
    }
    return isBest
  }

  private func saveCheckpoint(
    _ session: TrainingSession, _ state: RunState, _ pace: inout Pace
  ) throws(TrainingError) {
    guard let checkpointPath else { return }
    try Checkpoint(
      fingerprint: fingerprint, state: state, parameters: session.parameters,
      optimizer: session.optimizerState
    ).write(to: checkpointPath)
    pace.lastCheckpoint = clock.now
    observe(.checkpoint)
  }

  private func report(_ state: RunState, _ pace: Pace) -> StepReport {
    let epochsLeft = options.epochs - state.epochsDone
    return StepReport(
      epoch: state.epochsDone + 1, epochs: options.epochs, step: state.stepsDone,
      stepsPerEpoch: stepsPerEpoch, loss: state.sums.meanLoss, accuracy: state.sums.accuracy,
      remaining: pace.remaining(
        steps: epochsLeft * stepsPerEpoch - state.stepsDone, validations: epochsLeft))
  }
}

/// How fast this part of the run is.
struct Pace {
  var lastCheckpoint: ContinuousClock.Instant
  private var steps = 0
  private var stepTime = Duration.zero
  private var validations = 0
  private var validationTime = Duration.zero

  init(start: ContinuousClock.Instant) {
    lastCheckpoint = start
  }

  mutating func addStep(_ time: Duration, to state: inout RunState) {
    steps += 1
    stepTime += time
    state.add(time)
  }

  mutating func addValidation(_ time: Duration, to state: inout RunState) {
    validations += 1
    validationTime += time
    state.add(time)
  }

  /// What so many steps and validations will take; nil before the first step.
  func remaining(steps stepsLeft: Int, validations validationsLeft: Int) -> Duration? {
    guard steps > 0 else { return nil }
    let validation = validations == 0 ? .zero : validationTime / validations * validationsLeft
    return stepTime / steps * stepsLeft + validation
  }
}

extension RunState {
  fileprivate mutating func add(_ time: Duration) {
    let seconds = time / .seconds(1)
    self.seconds += seconds
    epochSeconds += seconds
  }
}
