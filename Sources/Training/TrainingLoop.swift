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
      rounds: rounds, firstBatch: state.stepsDone)
    var rate = learningRate(state)
    while state.stepsDone < stepsPerEpoch {
      if shouldStop() {
        try saveCheckpoint(session, state, &pace)
        return false
      }
      let start = clock.now
      guard let batch = await loader.next() else { break }
      report(batch.lost, &pace)
      rate = learningRate(state)
      if !batch.indices.isEmpty {
        keepSnapshot(session, state, pace)
        let result = try step(session, batch, rate, state)
        state.sums.add(result, images: batch.indices.count)
        average(session, &state)
      }
      state.stepsDone += 1
      pace.addStep(clock.now - start, to: &state)
      observe(.step(report(state, pace)))
      if clock.now - pace.lastCheckpoint >= checkpointInterval {
        try saveCheckpoint(session, state, &pace)
      }
    }
    guard state.sums.images > 0 else { throw .nothingLeft("to learn from") }
    let start = clock.now
    guard let validation = try await validateModel(session, state, &pace) else {
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

  private func average(_ session: TrainingSession, _ state: inout RunState) {
    guard let decay = options.averagingDecay else { return }
    state.average?.add(
      session.parameters, step: state.epochsDone * stepsPerEpoch + state.stepsDone + 1,
      decay: decay)
  }

  /// Says once of each photograph that it is gone.
  func report(_ lost: [LostPair], _ pace: inout Pace) {
    for pair in lost where pace.lostNames.insert(pair.name).inserted {
      observe(.leftOut(pair))
    }
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

  /// Writes an epoch into the history and begins the next; true if its validation loss is the smallest.
  private func close(
    _ state: inout RunState, _ validation: Validation, rate: Float, _ session: TrainingSession
  ) -> Bool {
    // The first epoch counts whatever it scored: a run must end with some weights.
    let loss = validation.sums.meanLoss
    let isBest = state.history.map(\.validationLoss).min().map { loss <= $0 } ?? true
    state.history.append(
      EpochReport(
        epoch: state.epochsDone + 1, epochs: options.epochs, trainingLoss: state.sums.meanLoss,
        trainingAccuracy: state.sums.accuracy, validationLoss: loss,
        validationAccuracy: validation.sums.accuracy, validationJaccard: validation.jaccard,
        validationDice: validation.dice, learningRate: rate, seconds: state.epochSeconds))
    state.epochsDone += 1
    state.stepsDone = 0
    state.sums = EpochSums()
    state.epochSeconds = 0
    if isBest && options.keepsBestEpoch {
      state.best = BestEpoch(
        epoch: state.epochsDone, parameters: state.average?.values ?? session.parameters)
    }
    return isBest
  }

  private func checkpoint(_ session: TrainingSession, _ state: RunState) -> Checkpoint {
    Checkpoint(
      fingerprint: fingerprint, state: state, parameters: session.parameters,
      optimizer: session.optimizerState)
  }

  private func keepSnapshot(_ session: TrainingSession, _ state: RunState, _ pace: Pace) {
    guard let checkpointPath, let step = pace.meanStep, step > StepSnapshot.worthwhile else {
      return
    }
    snapshot.keep(
      checkpoint(session, state), in: CheckpointSlots(checkpointPath), slot: pace.nextSlot)
  }

  private func saveCheckpoint(
    _ session: TrainingSession, _ state: RunState, _ pace: inout Pace
  ) throws(TrainingError) {
    guard let checkpointPath else { return }
    let checkpoint = checkpoint(session, state)
    snapshot.clear()
    try snapshot.writing { () throws(TrainingError) in
      try CheckpointSlots(checkpointPath).write(checkpoint, slot: pace.nextSlot)
    }
    pace.nextSlot = 1 - pace.nextSlot
    pace.lastCheckpoint = clock.now
    observe(.checkpoint)
  }

  private func report(_ state: RunState, _ pace: Pace) -> StepReport {
    let epochsLeft = options.epochs - state.epochsDone
    return StepReport(
      epoch: state.epochsDone + 1, epochs: options.epochs, step: state.stepsDone,
      stepsPerEpoch: stepsPerEpoch, loss: state.sums.meanLoss, dice: state.sums.dice,
      remaining: pace.remaining(
        steps: epochsLeft * stepsPerEpoch - state.stepsDone, validations: epochsLeft))
  }
}
