import Datasets
import Evaluation
import Kernels
import ModelStore
import NeuralNetworks
import TestScaffold
import Testing
import Training
import UNets

@Suite struct TrainerTests {
  @Test func trainingLowersTheLossAndFindsTheLesions() async throws {
    var tiny = try TinyTraining(pairs: 25)
    tiny.options.epochs = 40
    var trainer = try await tiny.trainer(threads: 2)
    var reports: [EpochReport] = []
    trainer.observe = { if case .epoch(let report, _) = $0 { reports.append(report) } }
    let trained = try #require(try await trainer.run(resuming: false).model)
    let (first, last) = (try #require(reports.first), try #require(reports.last))
    #expect(reports.map(\.epoch) == Array(1...40))
    #expect(last.trainingLoss < first.trainingLoss / 3)
    #expect(last.validationLoss < first.validationLoss / 3)
    #expect(last.validationJaccard > 0.75)
    #expect(last.validationDice > last.validationJaccard)
    #expect(last.validationAccuracy > 0.93)
    let best = reports.map(\.validationJaccard).max()
    #expect(reports[trained.keptEpoch - 1].validationJaccard == best)
    #expect(trained.history == reports)
  }

  /// The numbers of an epoch computed once more, image by image, from the finished weights.
  @Test func validationNumbersAreThoseOfTheKeptWeights() async throws {
    let tiny = try TinyTraining()
    let data = try await tiny.data()
    let trained = try #require(
      try await Trainer(
        options: tiny.options, data: data, pool: ThreadPool(threadCount: 1)
      ).run(resuming: false).model)
    let model = trained.model
    let session = try TrainingSession(
      network: model.architecture.makeNetwork(), parameters: model.parameters,
      inputShape: [1, 16, 16, 3], pool: ThreadPool(threadCount: 1))
    session.lossFunction = SegmentationLoss(diceWeight: tiny.options.diceWeight)
    var (loss, accuracy, jaccard, dice) = (0.0, 0.0, 0.0, 0.0)
    for pair in data.validation.pairs {
      let (image, truth) = try FullSizePair.read(pair)
      let small = image.resized(width: 16, height: 16)
      let labels = truth.resized(width: 16, height: 16).pixels.map { $0 >= 128 ? UInt8(1) : 0 }
      let values = small.pixels.map { (Float($0) / 255 - 0.5) / 0.25 }
      let result = try session.evaluate(
        inputs: Tensor(shape: [1, 16, 16, 3], values: values), labels: labels)
      let counts = ConfusionCounts(
        intersection: result.intersection, predicted: result.predicted, truth: result.truth,
        pixels: 256)
      loss += Double(result.loss)
      accuracy += counts.pixelAccuracy
      jaccard += counts.jaccardIndex
      dice += counts.diceCoefficient
    }
    let report = trained.history[trained.keptEpoch - 1]
    let count = Double(data.validation.count)
    #expect(data.validation.count == 3)
    #expect(abs(report.validationLoss - loss / count) < 1e-6)
    #expect(abs(report.validationAccuracy - accuracy / count) < 1e-9)
    #expect(abs(report.validationJaccard - jaccard / count) < 1e-9)
    #expect(abs(report.validationDice - dice / count) < 1e-9)
  }

  @Test func theSameSeedGivesTheSameBits() async throws {
    var tiny = try TinyTraining()
    let first = try await tiny.trainer().run(resuming: false).model
    let again = try await tiny.trainer().run(resuming: false).model
    #expect(first?.model.parameters == again?.model.parameters)
    tiny.options.seed = 2
    let other = try await tiny.trainer().run(resuming: false).model
    #expect(first?.model.parameters != other?.model.parameters)
  }

  @Test func theModelTellsHowItCameToBe() async throws {
    let tiny = try TinyTraining()
    let data = try await tiny.data()
    let trained = try #require(
      try await Trainer(
        options: tiny.options, data: data, pool: ThreadPool(threadCount: 1)
      ).run(resuming: false).model)
    let model = try UNetModel(safetensors: trained.model.safetensors())
    #expect(model.inputSize == 16)
    #expect(model.architecture == tiny.options.architecture)
    #expect(model.normalization == tiny.options.normalization)
    let summary = model.summary
    #expect(summary["preset"] == "default")
    #expect(summary["epoch"] == "\(trained.keptEpoch)")
    #expect(summary["dataSHA256"] == data.contentDigest)
    #expect(summary["trainingCount"] == "12" && summary["validationCount"] == "3")
    let names = (summary["trainingNames"] ?? "").split(separator: "\n")
    let held = (summary["validationNames"] ?? "").split(separator: "\n")
    #expect(names.count == 12 && held.count == 3)
    #expect(Set(names + held).count == 15)
    let report = trained.history[trained.keptEpoch - 1]
    #expect(summary["validationJaccard"] == "\(report.validationJaccard)")
  }

  @Test func aRunCanBeginWithAnotherModelsWeights() async throws {
    var tiny = try TinyTraining()
    tiny.options.epochs = 30
    let first = try #require(try await tiny.trainer().run(resuming: false).model)
    let loaded = try LoadedModel(
      parsing: first.model.safetensors(), name: "first", origin: "memory")
    tiny.options.inputSize = 32
    tiny.options.epochs = 1
    tiny.options.schedule = .constant(1e-6)
    var second = try await tiny.trainer()
    second.startingModel = loaded
    let trained = try #require(try await second.run(resuming: false).model)
    let fresh = try #require(try await tiny.trainer().run(resuming: false).model)
    #expect(trained.history[0].validationLoss < fresh.history[0].validationLoss / 1.5)
    #expect(trained.model.summary["startingModel"] == loaded.id)
    tiny.options.width = 16
    var misfit = try await tiny.trainer()
    misfit.startingModel = loaded
    await #expect(throws: TrainingError.self) { try await misfit.run(resuming: false) }
  }

  @Test(arguments: [true, false])
  func infiniteNumbersEndTheRunWithTheirPlace(_ hasBatchNorm: Bool) async throws {
    var tiny = try TinyTraining()
    tiny.options.hasBatchNorm = hasBatchNorm
    tiny.options.epochs = 50
    tiny.options.schedule = .constant(1)
    // A rate of 1 alone need not blow up; weights beyond Float's range do.
    var trainer = try await tiny.trainer()
    let start = try UNetModel.initialized(
      architecture: tiny.options.architecture, inputSize: 16,
      normalization: tiny.options.normalization, seed: 1)
    let huge = try UNetModel(
      architecture: start.architecture, inputSize: 16, normalization: start.normalization,
      parameters: start.parameters.mapValues {
        Tensor(shape: $0.shape, values: $0.values.map { $0 * 1e12 })
      })
    trainer.startingModel = try LoadedModel(
      parsing: huge.safetensors(), name: "huge", origin: "memory")
    await #expect {
      try await trainer.run(resuming: false)
    } throws: { error in
      guard case TrainingError.diverged(let epoch, let step, let rate) = error else {
        return false
      }
      return epoch == 1 && step >= 1 && rate == 1
    }
  }
}

@Suite struct TrainingDataTests {
  @Test func badPairsAreFoundBeforeTheSplit() async throws {
    let tiny = try TinyTraining(pairs: 10)
    for index in [0, 3, 6] {
      try tiny.folder.write("no picture", to: "images/\(DrawnPair.name(index)).png")
    }
    let data = try await tiny.data()
    #expect(data.training.count == 6 && data.validation.count == 1)
    #expect(data.skipped.map(\.name) == [0, 3, 6].map { DrawnPair.name($0) })
    let names = Set(data.training.pairs.map(\.name))
    #expect(names.isDisjoint(with: data.validation.pairs.map(\.name)))
  }

  @Test(arguments: [0, 1])
  func tooFewPairsAreAClearError(_ count: Int) async throws {
    let tiny = try TinyTraining(pairs: count)
    await #expect {
      try await tiny.data()
    } throws: { error in
      let text = "\(error)"
      return text.contains("\(count) usable pair") && text.contains("2 needed")
        && text.contains(tiny.folder.path.string)
    }
  }

  @Test func twoPairsAreEnough() async throws {
    let data = try await TinyTraining(pairs: 2).data()
    #expect(data.training.count == 1 && data.validation.count == 1)
  }

  @Test func aListDecidesWhatIsHeldOut() async throws {
    let tiny = try TinyTraining(pairs: 6)
    func prepare(_ names: Set<String>) async throws -> TrainingData {
      try await TrainingData.prepare(
        try tiny.listing(), options: tiny.options, holdingOut: (names, "/lists/held"),
        folders: "f", concurrency: 1)
    }
    let data = try await prepare(["lesion_01", "lesion_05", "other"])
    #expect(data.validation.pairs.map(\.name) == ["lesion_01", "lesion_05"])
    #expect(data.training.count == 4)
    for names in [["other"], (0..<6).map { DrawnPair.name($0) }] {
      await #expect {
        try await prepare(Set(names))
      } throws: { "\($0)".hasPrefix("/lists/held: ") }
    }
  }

  @Test func withoutAugmentationNothingIsStoredLarger() async throws {
    var tiny = try TinyTraining(pairs: 4)
    #expect(try await tiny.data().training.side == 20)
    tiny.options.augmentation = nil
    let data = try await tiny.data()
    #expect(data.training.side == 16 && data.validation.side == 16)
  }
}
