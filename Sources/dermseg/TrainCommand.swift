import ArgumentParser
import Datasets
import Files
import Glibc
import Journal
import Kernels
import ModelStore
import Progress
import SystemPackage
import Training

/// `dermseg train`
struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Trains a model from photographs and their masks.",
    discussion: """
      A photograph X.jpg or X.png goes with the mask X_segmentation.png (or X_mask.png, X.png). A pair that \
      cannot be used is named and left out. Curves (PNG, SVG), a table (epochs.csv), the split and \
      checkpoints are in the run folder. A run that was stopped or killed goes on when the same command is \
      given again.

      EXAMPLES
        dermseg train --images images --masks masks --output mine.safetensors
        dermseg train --images images --masks masks --output big.safetensors --preset paper --epochs 30
        dermseg train --images a --masks b --output m.safetensors --limit 50 --restart --quiet

      EXIT CODES
        0 done, 2 bad arguments, 69 no photograph can be used or the training diverged, 73 a file cannot \
      be written, 75 stopped (give the same command again), 78 the model to start from cannot be used.
      """)

  @Option(help: "Folder of photographs. May be given several times.", completion: .directory)
  var images: [String]

  @Option(help: "Folder of their masks, one for each --images.", completion: .directory)
  var masks: [String]

  @Option(help: "The set of values that the other options change: paper or default.")
  var preset = "default"

  @Option(help: "Take the first pairs by name only.")
  var limit: Int?

  @Option(
    help: "A file with the names to hold out, one per line, instead of one in five at random.",
    completion: .file())
  var validationList: String?

  @Option(
    help: "A model of the same architecture to begin with, instead of random weights.",
    completion: .file(extensions: ["safetensors"]))
  var startFrom: String?

  @Option(help: "Threads to compute on. Default: every processor the process may use.")
  var threads: Int?

  @Option(
    help: "Folder of the run's curves and checkpoints. Default: the output's name with .run.",
    completion: .directory)
  var runFolder: String?

  @Option(
    help:
      "Folder in which small copies of the photographs are kept as arrays, so that the next run reads only what changed.",
    completion: .directory)
  var cache: String?

  @Flag(help: "Forget an unfinished run in the run folder and begin anew.")
  var restart = false

  @Flag(help: "Write an event file for TensorBoard into the run folder.")
  var tensorboard = false

  @Flag(help: "Write the weights in 16 bits: half the size, and rounded to 11 bits.")
  var halfPrecision = false

  @Option(help: "The model file to write.", completion: .file(extensions: ["safetensors"]))
  var output: String

  @OptionGroup var quiet: QuietOption

  @OptionGroup(title: "Network and learning") var recipe: RecipeOptions

  @OptionGroup(title: "Variants of the photographs") var variants: AugmentationOptions

  func validate() throws {
    guard !images.isEmpty, images.count == masks.count else {
      throw ValidationError(
        "\(images.count) image folders and \(masks.count) mask folders. "
          + "Give --images and --masks in pairs.")
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
    let folder = try openRunFolder(for: output)
    do {
      let snapshot = StepSnapshot()
      let outcome = try await withStopOnSignals(overdue: { leave(snapshot) }) { stop in
        try await train(options, in: folder, snapshot, stop)
      }
      switch outcome {
      case .finished(let trained):
        try write(trained, to: output, folder)
      case .stopped(let epochs, let steps):
        throw CommandFailure(
          message: "Stopped after \(epochs) epochs and \(steps) steps. "
            + "The same command goes on from there.", exitCode: .tryLater)
      }
    } catch let error as TrainingError {
      throw CommandFailure(message: "Not trained: \(error)", exitCode: exitCode(of: error))
    }
  }

  private func options() throws -> TrainingOptions {
    guard var options = TrainingOptions.preset(named: preset) else {
      let names = TrainingOptions.presets.map(\.preset).joined(separator: ", ")
      throw ValidationError("There is no preset \(preset). Presets: \(names).")
    }
    try recipe.apply(to: &options)
    try variants.apply(to: &options)
    return options
  }

  /// Finds out before the training that its result would have no place.
  private func openRunFolder(for output: FilePath) throws -> RunFolder {
    do {
      try requirePublishable(at: output)
      let stem = output.stem ?? "model"
      let folder = try RunFolder(
        FilePath(runFolder ?? output.removingLastComponent().appending("\(stem).run").string))
      if restart { try folder.checkpoints.remove() }
      return folder
    } catch FileError.locked(let path, let holder) {
      let who = holder.map { "process \($0)" } ?? "another process"
      throw CommandFailure(
        message: "Not trained: \(path): \(who) is training there. Give another --output or "
          + "--run-folder.", exitCode: .tryLater)
    } catch {
      throw CommandFailure(message: "Not trained: \(error)", exitCode: .cannotCreate)
    }
  }

  private func train(
    _ options: TrainingOptions, in folder: RunFolder, _ snapshot: StepSnapshot, _ stop: StopFlag
  ) async throws -> Trainer.Outcome {
    var startingModel: LoadedModel?
    if let startFrom { startingModel = try await loadModel(startFrom) }
    let pool = ThreadPool(threadCount: threads)
    let show = TrainingDisplay(folder: folder, quiet: quiet)
    let data = try await prepare(options, concurrency: pool.threadCount, show.bar)
    for pair in data.skipped { Console.error("Skipped: \(pair)") }
    for pair in data.remarks { Console.error("Note: \(pair)") }
    var trainer = Trainer(options: options, data: data, pool: pool)
    trainer.startingModel = startingModel
    trainer.checkpointPath = folder.checkpoints.path
    trainer.snapshot = snapshot
    trainer.shouldStop = { stop.isRaised }
    guard try trainer.checkpointFits() ?? true else {
      throw CommandFailure(
        message: "Not trained: \(folder.path): an unfinished run with other options or other "
          + "photographs is kept there. Give the same ones, or --restart to begin anew.",
        exitCode: .cannotCreate)
    }
    do {
      try folder.write(data.split(options))
      try show.begin(withEvents: tensorboard)
    } catch {
      throw CommandFailure(message: "Not trained: \(error)", exitCode: .cannotCreate)
    }
    trainer.observe = { show.show($0) }
    defer { show.bar.clear() }
    return try await trainer.run(resuming: true)
  }

  private func prepare(
    _ options: TrainingOptions, concurrency: Int, _ bar: ProgressBar
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
        cache: cache.map { FilePath($0) },
        progress: { bar.show(.prepared(done: $0, count: $1)) })
    } catch let error as DatasetError {
      throw TrainingError.data(error)
    }
  }

  private func write(_ trained: TrainedModel, to output: FilePath, _ folder: RunFolder) throws {
    do {
      try folder.publish(trained.model.safetensors(halfPrecision: halfPrecision), at: output)
      try folder.checkpoints.remove()
    } catch {
      throw CommandFailure(
        message: "Not written: \(error) The finished run is kept in \(folder.path); "
          + "give the same command again.", exitCode: .cannotCreate)
    }
    for line in trained.table { Console.print(line) }
    quiet.say(
      "Wrote \(output): epoch \(trained.keptEpoch) of \(trained.history.count), "
        + "\(trained.model.architecture.parameterCount) parameters. "
        + "Curves and split: \(folder.path).")
  }

  private func exitCode(of error: TrainingError) -> ExitCode {
    switch error {
    case .badOption: .badArguments
    case .data, .nothingLeft, .network, .diverged: .unavailable
    case .badCheckpoint, .notWritten: .cannotCreate
    }
  }
}

/// Ends the process although a step, or the reading of photographs, is not over.
private func leave(_ snapshot: StepSnapshot) -> Never {
  do {
    try snapshot.save()
    Console.error("Stopped. The same command goes on from there.")
    exit(ExitCode.tryLater.rawValue)
  } catch {
    Console.error("Stopped; the state was not written: \(error)")
    exit(ExitCode.cannotCreate.rawValue)
  }
}
