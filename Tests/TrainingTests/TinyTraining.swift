import Datasets
import Kernels
import TestScaffold
import Training

/// A training run that takes a second: drawn lesions, a network of 2 levels, 16 x 16.
struct TinyTraining {
  let folder: ScratchDirectory
  var options: TrainingOptions

  init(pairs: Int = 15) throws {
    folder = try ScratchDirectory()
    try DrawnPair.write(0..<pairs, to: folder)
    options = .standard
    options.width = 8
    options.depth = 2
    options.inputSize = 16
    options.epochs = 3
    options.leastSteps = 1
    options.batchSize = 4
    options.schedule = .constant(2e-3)
  }

  func listing() throws -> PairListing {
    try PairListing(
      images: folder.path.appending("images"), masks: folder.path.appending("masks"))
  }

  func data() async throws -> TrainingData {
    try await TrainingData.prepare(
      try listing(), options: options, folders: folder.path.string, concurrency: 2)
  }

  func trainer(threads: Int = 1) async throws -> Trainer {
    Trainer(options: options, data: try await data(), pool: ThreadPool(threadCount: threads))
  }
}

extension Trainer.Outcome {
  var model: TrainedModel? {
    if case .finished(let model) = self { return model }
    return nil
  }
}
