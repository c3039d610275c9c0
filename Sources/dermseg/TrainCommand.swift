import ArgumentParser
import Datasets
import Files
import Kernels
import ModelStore
import SystemPackage
import Training
import UNets

/// `dermseg train`
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a model from photographs and their masks.",
    discussion: """
      A photograph X.jpg or X.png goes with the mask X_segmentation.png (or X_mask.png, X.png). A pair that \
      cannot be used is named and left out. The state of the run is kept in a checkpoint file, so that a run \
      that was stopped goes on with --resume.
      """)

  @Option(help: "Folder of photographs. May be given several times.")
  var images: [String]

  @Option(help: "Folder of their masks, one for each --images.")
  var masks: [String]

  @Option(help: "The set of values that the other options change: paper or default.")
  var preset = "default"

  @Option(help: "Channels of the network's first level.")
  var width: Int?

  @Option(help: "Side of the square that the network sees, in pixels; a multiple of 16.")
  var size: Int?

  @Option(help: "1 for grey, 3 for colour.")
  var channels: Int?

  @Option(help: "How the decoder doubles its planes: transposed or nearest.")
  var upsampling: String?

  @Flag(
    inversion: .prefixedNo,
    help: "Whether batch normalisation follows each convolution; needs a width of 8, 16, 24, ...")
  var batchNorm: Bool?

  @Option(help: "Weight of the Dice loss beside the cross-entropy; 0 for cross-entropy alone.")
  var diceWeight: Float?

  @Option(help: "Passes over the photographs.")
  var epochs: Int?

  @Option(help: "Photographs per step.")
  var batchSize: Int?

  @Option(help: "The optimiser's largest step size.")
  var learningRate: Float?

  @Flag(inversion: .prefixedNo, help: "Whether each photograph is varied anew in every epoch.")
  var augmentation: Bool?

  @Option(help: "A model of the same architecture to begin with, instead of random weights.")
  var startFrom: String?

  @Option(help: "Take the first pairs by name only.")
  var limit: Int?

  @Option(help: "Start of all random numbers.")
  var seed: UInt64?

  @Option(
    help: "A file with the names to hold out, one per line, instead of one in five at random.")
  var validationList: String?

  @Option(help: "Threads to compute on. Default: every processor the process may use.")
  var threads: Int?

  @Option(help: "Where the state of the run is kept. Default: the output's name with .checkpoint.")
  var checkpoint: String?

  @Flag(help: "Go on from the checkpoint if there is one.")
  var resume = false

  @Flag(help: "Write the weights in 16 bits: half the size, and rounded to 11 bits.")
  var halfPrecision = false

  @Option(help: "The model file to write.")
  var output: String

  func validate() throws {
    guard !images.isEmpty, images.count == masks.count else {
      throw ValidationError(
        "\(images.count) image folders and \(masks.count) mask folders. "
          + "Give --images and --masks in pairs.")
    }
    guard TrainingOptions.preset(named: preset) != nil else {
      let names = TrainingOptions.presets.map(\.preset).joined(separator: ", ")
      throw ValidationError("There is no preset \(preset). Presets: \(names).")
    }
    if let limit, limit < 2 { throw ValidationError("--limit \(limit): at least 2 are needed.") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not in 1...1024.")
    }
    do {
      try options().validate()
    } catch let error as TrainingError {
      throw ValidationError("--\(error)")
    }
  }

  func run() async throws {
    let options = try options()
    let output = FilePath(output)
    let checkpointPath = FilePath(checkpoint ?? self.output + ".checkpoint")
    try requireWritable(output)
    try requireWritable(checkpointPath)
    do {
      let outcome = try await withStopOnSignals { stop in
        try await train(options, checkpointPath: checkpointPath, stop: stop)
      }
      switch outcome {
      case .finished(let trained):
        try write(trained, to: output, checkpoint: checkpointPath)
      case .stopped(let epochs, let steps):
        throw CommandFailure(
          message: "Stopped after \(epochs) epochs and \(steps) steps; the state is in "
            + "\(checkpointPath). Go on with --resume.", exitCode: .tryLater)
      }
    } catch let error as TrainingError {
      throw CommandFailure(message: "Not trained: \(error)", exitCode: exitCode(of: error))
    }
  }

  private func options() throws -> TrainingOptions {
    var options = TrainingOptions.preset(named: preset) ?? .standard
    if let width { options.width = width }
    if let size { options.inputSize = size }
    if let channels { options.channels = channels }
    if let upsampling {
      guard let value = UNetArchitecture.Upsampling(rawValue: upsampling) else {
        throw ValidationError("--upsampling \(upsampling): transposed or nearest.")
      }
      options.upsampling = value
    }
    if let batchNorm { options.hasBatchNorm = batchNorm }
    if let diceWeight { options.diceWeight = diceWeight }
    if let epochs { options.epochs = epochs }
    if let batchSize { options.batchSize = batchSize }
    if let learningRate { options.schedule.peak = learningRate }
    if let augmentation { options.augmentation = augmentation ? Augmentation() : nil }
    if let seed { options.seed = seed }
    return options
  }

  private func train(
    _ options: TrainingOptions, checkpointPath: FilePath, stop: StopFlag
  ) async throws -> Trainer.Outcome {
    var startingModel: LoadedModel?
    if let startFrom { startingModel = try await loadModel(startFrom) }
    let pool = ThreadPool(threadCount: threads)
    let bar = ProgressBar(isTerminal: Console.isTerminal) { Console.write($0) }
    let data = try await prepare(options, concurrency: pool.threadCount, bar: bar)
    for pair in data.skipped { Console.error("Skipped: \(pair)") }
    for pair in data.remarks { Console.error("Note: \(pair)") }
    var trainer = Trainer(options: options, data: data, pool: pool)
    trainer.startingModel = startingModel
    trainer.checkpointPath = checkpointPath
    trainer.observe = { event in
      bar.show(event)
      if let line = event.line { Console.print(line) }
    }
    trainer.shouldStop = { stop.isRaised }
    if !resume, try trainer.checkpointFits() != nil {
      throw CommandFailure(
        message: "Not trained: \(checkpointPath): an unfinished run is kept there. "
          + "Go on with --resume, or delete it to begin anew.", exitCode: .cannotCreate)
    }
    return try await trainer.run(resuming: resume)
  }

  private func prepare(
    _ options: TrainingOptions, concurrency: Int, bar: ProgressBar
  ) async throws -> TrainingData {
    do {
      let folders = zip(images, masks).map { (images: FilePath($0), masks: FilePath($1)) }
      var listing = try PairListing(folders: folders)
      if let limit { listing.pairs = Array(listing.pairs.prefix(limit)) }
      let heldOut = try validationList.map {
        (names: try readNameList(at: FilePath($0)), path: $0)
      }
      return try await TrainingData.prepare(
        listing, options: options, holdingOut: heldOut,
        folders: images.joined(separator: ", "), concurrency: concurrency,
        progress: { bar.show(.prepared(done: $0, count: $1)) })
    } catch let error as DatasetError {
      throw TrainingError.data(error)
    }
  }

  private func write(
    _ trained: TrainedModel, to output: FilePath, checkpoint: FilePath
  ) throws {
    do {
      try publishFile(
        trained.model.safetensors(halfPrecision: halfPrecision), at: output)
      try removeFile(at: checkpoint)
    } catch {
      throw CommandFailure(
        message:
          "Not written: \(error) The finished run is in \(checkpoint); repeat with --resume.",
        exitCode: .cannotCreate)
    }
    Console.print(
      "Wrote \(output): epoch \(trained.keptEpoch) of \(trained.history.count), "
        + "\(trained.model.architecture.parameterCount) parameters.")
  }

  /// Finds out before the training that its result would have no place.
  private func requireWritable(_ path: FilePath) throws {
    do {
      try requirePublishable(at: path)
    } catch {
      throw CommandFailure(message: "Not trained: \(error)", exitCode: .cannotCreate)
    }
  }

  private func exitCode(of error: TrainingError) -> ExitCode {
    switch error {
    case .badOption: .badArguments
    case .data, .lostPair, .network, .diverged: .unavailable
    case .badCheckpoint, .notWritten: .cannotCreate
    }
  }
}
