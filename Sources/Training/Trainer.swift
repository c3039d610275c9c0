import Datasets
import Files
import Kernels
import ModelStore
import NeuralNetworks
import SystemPackage
import UNets

/// Trains one model.
///
/// The same options, data and thread count give the same weights, also when the run was interrupted and
/// went on from a checkpoint. Memory: the session's, three batches, and the decoded photographs.
public struct Trainer {
  /// What is computed.
  public let options: TrainingOptions
  /// What it is computed from.
  public let data: TrainingData
  /// A model whose weights the run begins with, nil to begin with random ones. Its architecture must be
  /// the options'; its input size may be another, so that most epochs can be cheap small ones.
  public var startingModel: LoadedModel?
  /// Where the run's state is kept, nil to keep none; see `CheckpointSlots` for the second file.
  public var checkpointPath: FilePath?
  /// The longest time between two checkpoints; one is written after each epoch anyway.
  public var checkpointInterval: Duration = .seconds(300)
  /// For a process that must end while a long step is in hand.
  public var snapshot = StepSnapshot()
  /// Told what happens, on the trainer's thread.
  public var observe: (TrainingEvent) -> Void = { _ in }
  /// Asked before each step; when true the run writes a checkpoint and ends.
  public var shouldStop: () -> Bool = { false }

  let pool: ThreadPool
  let clock = ContinuousClock()

  /// How a run ended.
  public enum Outcome: Sendable {
    /// All epochs are over.
    case finished(TrainedModel)
    /// `shouldStop` said so; the state is in the checkpoint.
    case stopped(epochsDone: Int, stepsDone: Int)
  }

  /// Prepares a run.
  ///
  /// - Parameters:
  ///   - options: validated before the run.
  ///   - data: photographs of the options' size and channels.
  ///   - pool: threads to compute on.
  public init(options: TrainingOptions, data: TrainingData, pool: ThreadPool) {
    self.options = options
    self.data = data
    self.pool = pool
  }

  var format: SampleFormat {
    SampleFormat(
      inputSize: options.inputSize, channels: options.channels,
      normalization: options.normalization)
  }

  /// How often an epoch goes through the training part.
  var rounds: Int {
    let steps = BatchLoader.batchCount(of: data.training.count, batchSize: options.batchSize)
    return max(1, (options.leastSteps + steps - 1) / max(1, steps))
  }

  var stepsPerEpoch: Int {
    BatchLoader.batchCount(of: data.training.count * rounds, batchSize: options.batchSize)
  }

  var fingerprint: String {
    "\(options.fingerprint) \(data.contentDigest) \(startingModel?.sha256 ?? "random")"
  }

  /// Whether the checkpoint files hold a run of these options and data that can go on.
  ///
  /// - Returns: nil if there is no file.
  /// - Throws: `TrainingError.badCheckpoint` when none of them can be read.
  public func checkpointFits() throws(TrainingError) -> Bool? {
    guard let checkpointPath, let newest = try CheckpointSlots(checkpointPath).newest() else {
      return nil
    }
    return newest.checkpoint.fingerprint == fingerprint
  }

  /// Trains, from the beginning or from the newest whole checkpoint.
  ///
  /// - Parameter resuming: whether to go on from the checkpoint if there is one.
  /// - Throws: `TrainingError`.
  public nonisolated(nonsending) func run(resuming: Bool) async throws(TrainingError) -> Outcome {
    try options.validate()
    let begun = try begin(resuming: resuming)
    let session = begun.session
    session.lossFunction = SegmentationLoss(diceWeight: options.diceWeight)
    var state = begun.state
    if !state.history.isEmpty { observe(.resumed(state.history)) }
    observe(
      .started(
        trainingImages: data.training.count, validationImages: data.validation.count,
        firstEpoch: state.epochsDone + 1, firstStep: state.stepsDone + 1,
        stepsPerEpoch: stepsPerEpoch))
    var pace = Pace(start: clock.now, nextSlot: begun.nextSlot)
    while state.epochsDone < options.epochs {
      if let epochs = options.patience, state.epochsWithoutGain >= epochs {
        observe(.note("Ended early: \(epochs) epochs without a smaller validation loss."))
        break
      }
      guard try await trainEpoch(session, &state, &pace) else {
        return .stopped(epochsDone: state.epochsDone, stepsDone: state.stepsDone)
      }
    }
    return .finished(try trainedModel(session, state))
  }

  /// What a run begins with.
  private struct Beginning {
    var session: TrainingSession
    var state: RunState
    var nextSlot = 0
  }

  private func begin(resuming: Bool) throws(TrainingError) -> Beginning {
    if resuming, let checkpointPath,
      let newest = try CheckpointSlots(checkpointPath).newest()
    {
      if let damage = newest.damage {
        observe(.note("Goes on from the checkpoint before the last one: \(damage)"))
      }
      return try goOn(from: newest, path: checkpointPath)
    }
    if !resuming, let checkpointPath {
      // Of two files only one would be replaced at first, and the other run's might look newer.
      do throws(FileError) {
        try CheckpointSlots(checkpointPath).remove()
      } catch {
        throw .notWritten(reason: error.description)
      }
    }
    if let startingModel, startingModel.model.architecture != options.architecture {
      throw .badOption(
        option: "start-from",
        reason: "\(startingModel.origin) has the architecture "
          + "\(startingModel.model.architecture), the options ask for \(options.architecture).")
    }
    do {
      let model =
        try startingModel?.model
        ?? UNetModel.initialized(
          architecture: options.architecture, inputSize: options.inputSize,
          normalization: options.normalization, seed: options.seed)
      var state = RunState()
      if options.averagingDecay != nil { state.average = WeightAverage(model.parameters) }
      return Beginning(session: try makeSession(model.parameters), state: state)
    } catch {
      throw .network("\(error)")
    }
  }

  private func goOn(
    from newest: CheckpointSlots.Newest, path: FilePath
  ) throws(TrainingError) -> Beginning {
    let checkpoint = newest.checkpoint
    guard checkpoint.fingerprint == fingerprint else {
      throw .badCheckpoint(
        path: path.displayed,
        reason: "it belongs to a run with other options or other photographs. "
          + "Give the same ones, or delete it to begin anew.")
    }
    do throws(NetworkError) {
      let session = try makeSession(checkpoint.parameters)
      try session.restore(checkpoint.optimizer)
      return Beginning(session: session, state: checkpoint.state, nextSlot: newest.nextSlot)
    } catch {
      throw .badCheckpoint(path: path.displayed, reason: "\(error). Delete it to begin anew.")
    }
  }

  private func makeSession(
    _ parameters: [String: Tensor]
  ) throws(NetworkError) -> TrainingSession {
    try TrainingSession(
      network: options.architecture.makeNetwork(), parameters: parameters,
      inputShape: [options.batchSize, options.inputSize, options.inputSize, options.channels],
      pool: pool)
  }

  private func trainedModel(
    _ session: TrainingSession, _ state: RunState
  ) throws(TrainingError) -> TrainedModel {
    let kept = options.keepsBestEpoch ? state.best : nil
    let last = state.average?.values ?? session.parameters
    do throws(UNetModelError) {
      let model = try UNetModel(
        architecture: options.architecture, inputSize: options.inputSize,
        normalization: options.normalization, parameters: kept?.parameters ?? last,
        summary: summary(of: state, keptEpoch: kept?.epoch ?? state.epochsDone))
      return TrainedModel(
        model: model, history: state.history, keptEpoch: kept?.epoch ?? state.epochsDone,
        split: data.split(options))
    } catch {
      throw .network("\(error)")
    }
  }
}

/// What a finished run made.
public struct TrainedModel: Sendable {
  /// The weights to keep, with a summary of how they came to be.
  public var model: UNetModel
  /// All epochs.
  public var history: [EpochReport]
  /// The epoch whose weights they are, counted from 1.
  public var keptEpoch: Int
  /// Which photographs it learnt from and which were held out.
  public var split: SplitRecord
}
