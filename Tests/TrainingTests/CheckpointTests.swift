import Files
import Kernels
import SystemPackage
import TestScaffold
import Testing
import Training
import UNets

@Suite struct CheckpointTests {
  private let name = "run.checkpoint"

  private func trainer(_ tiny: TinyTraining) async throws -> Trainer {
    var trainer = try await tiny.trainer()
    trainer.checkpointPath = tiny.folder.path.appending(name)
    return trainer
  }

  /// Stops after one step, two, three and four, again and again, until the run is over; a validation that
  /// is stopped begins anew.
  @Test func aRunStoppedAgainAndAgainEndsBitEqual() async throws {
    let tiny = try TinyTraining()
    let whole = try #require(try await tiny.trainer().run(resuming: false).model)
    var parts = 0
    var finished: TrainedModel?
    while finished == nil {
      var part = try await trainer(tiny)
      var asked = 0
      let allowed = 1 + parts % 4
      part.shouldStop = {
        asked += 1
        return asked > allowed
      }
      let outcome = try await part.run(resuming: true)
      finished = outcome.model
      parts += 1
      try #require(parts < 60)
    }
    // 3 epochs of 3 steps and of validations over 3 photographs.
    #expect(parts > 4)
    #expect(finished?.model.parameters == whole.model.parameters)
    #expect(finished?.keptEpoch == whole.keptEpoch)
    func numbers(_ model: TrainedModel?) -> [[Double]] {
      (model?.history ?? []).map {
        [
          $0.trainingLoss, $0.trainingAccuracy, $0.validationLoss, $0.validationAccuracy,
          $0.validationJaccard, $0.validationDice, Double($0.learningRate),
        ]
      }
    }
    #expect(numbers(finished) == numbers(whole))
  }

  @Test func aStopIsNotedWhereItHappened() async throws {
    let tiny = try TinyTraining()
    var trainer = try await trainer(tiny)
    var steps = 0
    trainer.observe = { if case .step = $0 { steps += 1 } }
    trainer.shouldStop = { steps == 2 }
    let outcome = try await trainer.run(resuming: false)
    guard case .stopped(let epochs, let stepsDone) = outcome else {
      Issue.record("the run was not stopped")
      return
    }
    #expect(epochs == 0 && stepsDone == 2 && steps == 2)
    #expect(try trainer.checkpointFits() == true)
    var starts: [(Int, Int)] = []
    var rest = try await self.trainer(tiny)
    rest.observe = {
      if case .started(_, _, let epoch, let step, _) = $0 { starts.append((epoch, step)) }
    }
    _ = try await rest.run(resuming: true)
    #expect(starts.count == 1 && starts[0] == (1, 3))
  }

  @Test func eachEpochAndEachIntervalWriteOne() async throws {
    let tiny = try TinyTraining()
    func count(interval: Duration) async throws -> Int {
      var trainer = try await trainer(tiny)
      trainer.checkpointInterval = interval
      var count = 0
      trainer.observe = { if case .checkpoint = $0 { count += 1 } }
      _ = try await trainer.run(resuming: false)
      return count
    }
    #expect(try await count(interval: .seconds(1000)) == 3)
    // With no time between two, each of the 3 x 3 steps writes one too.
    #expect(try await count(interval: .zero) == 12)
  }

  @Test func aCheckpointOfAnotherRunIsRefused() async throws {
    var tiny = try TinyTraining()
    _ = try await trainer(tiny).run(resuming: false)
    tiny.options.batchSize = 5
    let other = try await trainer(tiny)
    #expect(try other.checkpointFits() == false)
    await #expect {
      try await other.run(resuming: true)
    } throws: { error in
      guard case TrainingError.badCheckpoint(_, let reason) = error else { return false }
      return reason.contains("other options")
    }
    tiny.options.batchSize = 4
    try DrawnPair.write(20..<21, to: tiny.folder)
    #expect(try await trainer(tiny).checkpointFits() == false)
  }

  /// Whatever became of one of the two files, the other one is gone on from.
  @Test func oneDamagedCheckpointCostsOneStep() async throws {
    let tiny = try TinyTraining(pairs: 5)
    let whole = try #require(try await tiny.trainer().run(resuming: false).model)
    var stopped = try await trainer(tiny)
    stopped.checkpointInterval = .zero
    var steps = 0
    stopped.observe = { if case .step = $0 { steps += 1 } }
    stopped.shouldStop = { steps == 2 }
    _ = try await stopped.run(resuming: false)
    let files = [name, name + ".2"]
    let bytes = try files.map { try tiny.folder.read($0) }
    for (file, content) in zip(files, bytes) {
      var flipped = content
      flipped[content.count - 5] ^= 1
      for damaged in [Array(content.prefix(content.count / 2)), flipped, [0]] {
        for (file, content) in zip(files, bytes) { try tiny.folder.write(content, to: file) }
        try tiny.folder.write(damaged, to: file)
        var rest = try await trainer(tiny)
        var notes: [String] = []
        rest.observe = { if case .note(let text) = $0 { notes.append(text) } }
        let finished = try await rest.run(resuming: true).model
        #expect(finished?.model.parameters == whole.model.parameters)
        #expect(notes.count == 1 && notes[0].contains("checkpoint before the last one"))
      }
    }
  }

  @Test func theNewestOfTwoCheckpointsIsGoneOnFrom() async throws {
    let tiny = try TinyTraining(pairs: 5)
    for count in 1...3 {
      var part = try await trainer(tiny)
      part.checkpointInterval = .zero
      var (steps, start) = (0, 0)
      part.observe = {
        if case .step = $0 { steps += 1 }
        if case .started(_, _, let epoch, _, _) = $0 { start = epoch }
      }
      part.shouldStop = { steps == 1 }
      _ = try await part.run(resuming: true)
      // One step is one epoch here; a stopped validation begins anew.
      #expect(start <= count)
      #expect(tiny.folder.shell("test -e \(name)") == 0)
    }
  }

  @Test func aRunThatBeginsAnewForgetsTheOneBefore() async throws {
    var tiny = try TinyTraining(pairs: 5)
    _ = try await trainer(tiny).run(resuming: false)
    #expect(tiny.folder.shell("test -e \(name).2") == 0)
    tiny.options.seed = 7
    var second = try await trainer(tiny)
    second.checkpointInterval = .zero
    var steps = 0
    second.observe = { if case .step = $0 { steps += 1 } }
    second.shouldStop = { steps == 1 }
    _ = try await second.run(resuming: false)
    // The first run was further on; it must not pass for the newest.
    #expect(try second.checkpointFits() == true)
  }

  /// A process that cannot wait for a step writes what was before it, and the run goes on from there.
  @Test func aSnapshotIsTheStateBeforeTheStep() async throws {
    let tiny = try TinyTraining(pairs: 5)
    let whole = try #require(try await tiny.trainer().run(resuming: false).model)
    let snapshot = StepSnapshot()
    #expect(try snapshot.save() == false, "nothing is kept where steps are short")
    var part = try await trainer(tiny)
    part.snapshot = snapshot
    _ = try await part.run(resuming: false)
    // Nothing was written after the snapshot was closed.
    #expect(tiny.folder.shell("test ! -e \(name)") == 0)
    let rest = try #require(try await trainer(tiny).run(resuming: true).model)
    #expect(rest.model.parameters == whole.model.parameters)
  }

  @Test func twoDamagedCheckpointsAreAnErrorAndNotACrash() async throws {
    let tiny = try TinyTraining(pairs: 5)
    _ = try await trainer(tiny).run(resuming: false)
    let bytes = try tiny.folder.read(name)
    let trainer = try await trainer(tiny)
    #expect(try trainer.checkpointFits() == true)
    tiny.folder.shell("rm \(name).2")
    for length in [1, 7, 8, 9, 100, bytes.count / 2, bytes.count - 1] {
      try tiny.folder.write(Array(bytes.prefix(length)), to: name)
      #expect(throws: TrainingError.self) { try trainer.checkpointFits() }
    }
    for position in stride(from: 10, to: bytes.count, by: bytes.count / 40) {
      var flipped = bytes
      flipped[position] ^= 0x10
      try tiny.folder.write(flipped, to: name)
      #expect(throws: TrainingError.self) { try trainer.checkpointFits() }
    }
    try tiny.folder.write("text that is no checkpoint at all", to: name)
    await #expect(throws: TrainingError.self) { try await trainer.run(resuming: true) }
    // A model is a safetensors file too, but no checkpoint.
    let model = try UNetModel.initialized(
      architecture: tiny.options.architecture, inputSize: 16, seed: 1)
    try tiny.folder.write(model.safetensors(), to: name)
    #expect(throws: TrainingError.self) { try trainer.checkpointFits() }
    try CheckpointSlots(tiny.folder.path.appending(name)).remove()
    #expect(try trainer.checkpointFits() == nil)
  }

  @Test func aCheckpointThatCannotBeWrittenEndsTheRun() async throws {
    let tiny = try TinyTraining(pairs: 5)
    var trainer = try await tiny.trainer()
    trainer.checkpointPath = "/nowhere/run.checkpoint"
    await #expect {
      try await trainer.run(resuming: false)
    } throws: { error in
      guard case TrainingError.notWritten(let reason) = error else { return false }
      return reason.contains("/nowhere")
    }
  }
}
