import Datasets
import Evaluation
import Files
import Kernels
import ModelStore
import Segmentation
import Settings
import SystemPackage
import UNets

/// One unattended rebuild of the model from the training folder.
///
/// Reads the folder, trains, compares the new model with the one in service on photographs that were held out,
/// and puts it into service only if it is better than that and than the rule that has learnt nothing. Writes
/// to the model store and to its own part of the state directory, nowhere else.
public struct Rebuild {
  /// Folders and options.
  public let settings: Settings
  /// Told what happens.
  public var observe: (RebuildEvent) -> Void = { _ in }
  /// Told how far the reading of photographs is, from any thread.
  public var reading: @Sendable (_ done: Int, _ count: Int) -> Void = { _, _ in }
  /// For a process that must end while a long step is in hand.
  public var snapshot = StepSnapshot()
  /// Asked often; when true the state is kept and the rebuild ends.
  public var shouldStop: () -> Bool = { false }

  /// Prepares a rebuild; nothing is read yet.
  public init(settings: Settings) {
    self.settings = settings
  }

  /// Rebuilds.
  ///
  /// - Throws: `RebuildError`; the model in service is then as it was.
  public nonisolated(nonsending) func run() async throws(RebuildError) -> RebuildOutcome {
    let options = try self.options()
    let memory = try openMemory()
    let listing = try list()
    let fingerprint = listing.fingerprint(with: options)
    let store = ModelStore(directory: settings.modelStore)
    // A store that lost its models is filled again; one whose user went back to an earlier model is not.
    if let last = memory.lastRebuild(), last.fingerprint == fingerprint,
      !last.published || (try? store.list())?.isEmpty == false
    {
      return .nothingChanged(last.message)
    }
    guard let data = try await prepare(listing, options, memory) else {
      // Too few photographs is what a new installation has; it is no fault.
      return .tooFewPairs(tooFewMessage(listing))
    }
    for pair in data.skipped { observe(.skipped(pair)) }
    for pair in data.remarks { observe(.remark(pair)) }
    let usable = data.training.count + data.validation.count
    guard usable >= settings.training.minimumPairs else {
      return .tooFewPairs(
        "\(imagesFolder.displayed): \(usable) usable pairs of image and mask, "
          + "\(settings.training.minimumPairs) needed (setting trainingMinimumPairs).")
    }
    let trained: TrainedModel
    do throws(TrainingError) {
      guard let model = try await train(options, data, memory) else { return .stopped }
      trained = model
    } catch {
      if case .diverged = error {
        try end(memory, fingerprint, published: false, message: "Not trained: \(error)")
      }
      throw .training(error)
    }
    let (decision, report) = try Promotion(settings: settings, store: store, observe: observe)
      .decide(trained.model, heldOut: data.validation.pairs)
    let id = try keep(
      RebuildNotes(
        options: options, data: data, trained: trained, decision: decision, report: report),
      in: store)
    let outcome: RebuildOutcome =
      decision.isPromoted ? .published(id: id, decision) : .kept(id: id, decision)
    try end(memory, fingerprint, published: true, message: outcome.message)
    return outcome
  }

  /// Puts the new model into the store, and into service if so decided; old ones leave.
  ///
  /// - Returns: the new model's id.
  private func keep(_ notes: RebuildNotes, in store: ModelStore) throws(RebuildError) -> String {
    let model: LoadedModel
    var notes = notes
    do throws(ModelStoreError) {
      let bytes = notes.trained.model.safetensors()
      notes.report.modelID =
        try LoadedModel(parsing: bytes, name: Self.modelName, origin: Self.modelName).id
      model = try store.publish(
        bytes, name: Self.modelName,
        notes: notes.notes(threads: settings.threads, masks: settings.masks),
        isPromoted: notes.decision.isPromoted)
    } catch {
      throw .store(error)
    }
    do throws(ModelStoreError) {
      // Only what rebuilds made: a model that somebody put into the store is theirs to remove.
      for id in try store.prune(
        keeping: settings.training.modelsKept, having: RebuildNotes.recordName)
      {
        observe(.removed(id: id))
      }
    } catch {
      // The new model is in the store all the same.
      observe(.notPruned(error))
    }
    return model.id
  }

  private static let modelName = "unet"
  private var imagesFolder: FilePath { settings.trainingFolder.appending("images") }
  private var masksFolder: FilePath { settings.trainingFolder.appending("masks") }

  private func options() throws(RebuildError) -> TrainingOptions {
    let wanted = settings.training
    var options = TrainingOptions.preset(named: wanted.preset.rawValue) ?? .standard
    if let width = wanted.width { options.width = width }
    if let size = wanted.size { options.inputSize = size }
    if let channels = wanted.channels { options.channels = channels }
    if let epochs = wanted.epochs { options.epochs = epochs }
    if let batchSize = wanted.batchSize { options.batchSize = batchSize }
    if let leastSteps = wanted.leastSteps { options.leastSteps = leastSteps }
    if let seed = wanted.seed { options.seed = seed }
    do throws(TrainingError) {
      try options.validate()
    } catch {
      throw .training(error)
    }
    return options
  }

  private func openMemory() throws(RebuildError) -> RebuildMemory {
    do throws(FileError) {
      return try RebuildMemory(in: settings.stateDirectory)
    } catch {
      if case .locked(_, let holder) = error { throw .alreadyRunning(holder: holder) }
      throw .state(error)
    }
  }

  private func list() throws(RebuildError) -> PairListing {
    do throws(DatasetError) {
      return try PairListing(images: imagesFolder, masks: masksFolder)
    } catch {
      throw .training(.data(error))
    }
  }

  /// Nil when there are too few pairs for two parts.
  private nonisolated(nonsending) func prepare(
    _ listing: PairListing, _ options: TrainingOptions, _ memory: RebuildMemory
  ) async throws(RebuildError) -> TrainingData? {
    do throws(DatasetError) {
      return try await TrainingData.prepare(
        listing, options: options, folders: imagesFolder.displayed,
        concurrency: settings.threads ?? usableProcessorCount(), cache: memory.cachePath,
        progress: reading)
    } catch {
      if case .tooFewPairs(_, _, _, let skipped) = error {
        for pair in skipped { observe(.skipped(pair)) }
        return nil
      }
      throw .training(.data(error))
    }
  }

  private func tooFewMessage(_ listing: PairListing) -> String {
    "\(imagesFolder.displayed): \(listing.pairs.count) pair\(listing.pairs.count == 1 ? "" : "s") of image "
      + "and mask, not enough of them usable; \(settings.training.minimumPairs) needed. Put X.jpg into images and "
      + "X_segmentation.png into masks."
  }

  /// Nil when the run was stopped.
  private nonisolated(nonsending) func train(
    _ options: TrainingOptions, _ data: TrainingData, _ memory: RebuildMemory
  ) async throws(TrainingError) -> TrainedModel? {
    var trainer = Trainer(
      options: options, data: data, pool: ThreadPool(threadCount: settings.threads))
    trainer.snapshot = snapshot
    trainer.checkpointPath = memory.run.checkpoints.path
    let curves = CurveWriter(in: memory.run)
    trainer.observe = { [observe] event in
      observe(.training(event))
      // The model is worth more than the curves on the way to it.
      try? curves.follow(event)
    }
    trainer.shouldStop = shouldStop
    // A checkpoint of other photographs or options, or a damaged one, is of no use to an unattended run.
    let fits = (try? trainer.checkpointFits()) ?? false
    guard case .finished(let model) = try await trainer.run(resuming: fits) else { return nil }
    return model
  }

  private func end(
    _ memory: RebuildMemory, _ fingerprint: String, published: Bool, message: String
  ) throws(RebuildError) {
    do throws(FileError) {
      try memory.remember(
        RebuildRecord(fingerprint: fingerprint, published: published, message: message))
    } catch {
      throw .state(error)
    }
  }
}
