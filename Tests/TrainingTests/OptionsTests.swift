import Datasets
import Testing
import Training
import UNets

@Suite struct OptionsTests {
  @Test func thePaperPresetIsThePapers() throws {
    let paper = try #require(TrainingOptions.preset(named: "paper"))
    #expect(paper.inputSize == 512 && paper.channels == 1 && paper.width == 64)
    #expect(paper.batchSize == 2 && paper.epochs == 10 && paper.depth == 4)
    #expect(paper.augmentation == nil && !paper.keepsBestEpoch)
    #expect(paper.pixelScaling == .standardized && paper.normalization.standardizes)
    #expect(paper.architecture.parameterCount == 31_030_658)
    #expect(paper.schedule.rate(step: 0, of: 400) == paper.schedule.rate(step: 399, of: 400))
    try paper.validate()
  }

  @Test func theDefaultPresetAugmentsAndKeepsTheBestEpoch() throws {
    let standard = try #require(TrainingOptions.preset(named: "default"))
    #expect(standard.inputSize == 256 && standard.channels == 3 && standard.width == 16)
    #expect(standard.augmentation == Augmentation() && standard.keepsBestEpoch)
    #expect(TrainingOptions.preset(named: "other") == nil)
    #expect(standard.hasBatchNorm && standard.diceWeight == 1 && standard.patience != nil)
    #expect(standard.averagingDecay != nil && standard.pixelScaling == .centered)
    #expect(standard.augmentation?.scale.lowerBound ?? 1 <= 0.35)
    try standard.validate()
  }

  @Test func whatCannotBeDrawnFromIsNamed() {
    func name(_ change: (inout Augmentation) -> Void) -> String? {
      var options = TrainingOptions.standard
      var augmentation = Augmentation()
      change(&augmentation)
      options.augmentation = augmentation
      do throws(TrainingError) {
        try options.validate()
        return nil
      } catch {
        guard case .badOption(let option, _) = error else { return "another error" }
        return option
      }
    }
    #expect(name { _ in } == nil)
    #expect(name { $0.rotationDegrees = 181 } == "rotation")
    #expect(name { $0.scale = 0...1 } == "scale")
    #expect(name { $0.stretch = 0.5 } == "stretch")
    #expect(name { $0.hair = 1.5 } == "hair")
    #expect(name { $0.blur = -1 } == "blur")
    #expect(name { $0.contrast = -1...1 } == "contrast")
  }

  @Test func averagingPatienceAndWarmUpHaveTheirRanges() {
    for change in [
      { (options: inout TrainingOptions) in options.averagingDecay = 1 },
      { $0.patience = 0 },
      { $0.schedule = .warmUpThenCosine(peak: 0.1, warmUpShare: 1.5) },
    ] {
      var options = TrainingOptions.standard
      change(&options)
      #expect(throws: TrainingError.self) { try options.validate() }
    }
  }

  @Test(arguments: [
    ("width", \TrainingOptions.width, 0), ("size", \TrainingOptions.inputSize, 100),
    ("size", \TrainingOptions.inputSize, 0), ("size", \TrainingOptions.inputSize, 8192),
    ("channels", \TrainingOptions.channels, 2), ("epochs", \TrainingOptions.epochs, 0),
    ("batch-size", \TrainingOptions.batchSize, 0), ("depth", \TrainingOptions.depth, 0),
    ("split", \TrainingOptions.splitRatio, 0),
  ])
  func valuesOutOfRangeAreNamed(
    _ name: String, _ path: any WritableKeyPath<TrainingOptions, Int> & Sendable, _ value: Int
  ) {
    var options = TrainingOptions.standard
    options[keyPath: path] = value
    #expect {
      try options.validate()
    } throws: { error in
      guard case TrainingError.badOption(let option, let reason) = error else { return false }
      return option == name && reason.contains("\(value)")
    }
  }

  @Test func learningRatesOutOfRangeAreNamed() {
    for rate in [0, -1, 2, Float.nan, .infinity] {
      var options = TrainingOptions.standard
      options.schedule.peak = rate
      #expect(throws: TrainingError.self) { try options.validate() }
    }
  }
}

@Suite struct ScheduleTests {
  @Test func theRateRisesThenFallsToNearlyNothing() {
    let schedule = LearningRateSchedule.warmUpThenCosine(peak: 0.01, warmUpShare: 0.1)
    let rates = (0..<1000).map { schedule.rate(step: $0, of: 1000) }
    let top = rates.firstIndex(of: rates.max() ?? 0) ?? 0
    #expect((98...101).contains(top))
    #expect(abs(rates[top] - 0.01) < 1e-4)
    #expect(zip(rates[..<top], rates[1...top]).allSatisfy { $0 < $1 })
    #expect(zip(rates[top...], rates[(top + 1)...]).allSatisfy { $0 > $1 })
    #expect(rates.allSatisfy { $0 > 0 })
    #expect(rates[0] < 1e-4 && rates[999] < 1e-6)
    // Halfway down the cosine is half the peak.
    #expect(abs(rates[549] - 0.005) < 5e-5)
  }

  @Test func aRunOfOneStepHasARate() {
    let schedule = LearningRateSchedule.warmUpThenCosine(peak: 0.01, warmUpShare: 0.1)
    #expect(schedule.rate(step: 0, of: 1) > 0.001)
  }

  @Test func thePeakCanBeReplaced() {
    var schedule = LearningRateSchedule.warmUpThenCosine(peak: 0.01, warmUpShare: 0.1)
    schedule.peak = 0.5
    #expect(schedule == .warmUpThenCosine(peak: 0.5, warmUpShare: 0.1))
    var constant = LearningRateSchedule.constant(1)
    constant.peak = 0.25
    #expect(constant.rate(step: 7, of: 9) == 0.25)
  }
}

@Suite struct TextTests {
  @Test(arguments: [
    (0.84949, 4, "0.8495"), (1, 4, "1.0000"), (0, 2, "0.00"), (-0.126, 2, "-0.13"),
    (-0.001, 2, "0.00"), (312.04, 1, "312.0"), (2.5, 0, "3"), (0.00005, 4, "0.0001"),
    (.nan, 2, "nan"), (.infinity, 2, "inf"), (1e300, 2, "1e+300"),
  ])
  func decimalsAreThoseOfPrintf(_ value: Double, _ places: Int, _ text: String) {
    #expect(decimal(value, places: places) == text)
  }

  @Test func aLineHasAllNumbersOfAnEpoch() {
    let report = EpochReport(
      epoch: 3, epochs: 10, trainingLoss: 0.3253, trainingAccuracy: 0.8495, validationLoss: 0.3874,
      validationAccuracy: 0.8137, validationJaccard: 0.7, validationDice: 0.8,
      learningRate: 1e-4, seconds: 312.04)
    #expect(
      report.line == "epoch 3/10  accuracy 0.8495  val_accuracy 0.8137  loss 0.3253  "
        + "val_loss 0.3874  val_jaccard 0.7000  val_dice 0.8000  312.0 s")
  }

  @Test func theBarShowsTheShareThatIsDone() {
    var report = StepReport(
      epoch: 1, epochs: 4, step: 6, stepsPerEpoch: 12, loss: 0.5, dice: 0.75,
      remaining: .seconds(90))
    let bar = String(repeating: "#", count: 12) + String(repeating: ".", count: 12)
    #expect(
      report.barLine.text() == "epoch 1/4 [\(bar)] 6/12  loss 0.5000  Dice 0.7500  ETA 1 min 30 s")
    report.step = 12
    report.remaining = nil
    #expect(report.barLine.text().contains("[\(String(repeating: "#", count: 24))] 12/12"))
    #expect(!report.barLine.text().contains("ETA"))
  }
}
