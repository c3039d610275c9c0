import Datasets
import TestScaffold
import Testing
import UNets

/// A trainer that is killed again and again ends with the model of one that was left alone.
@Suite(.serialized, .enabled(if: isLongTest, "part of make test-long")) struct LongTrainerTests {
  private func run(_ folder: ScratchDirectory, prefix: String = "env") throws -> ProgramRun {
    try ProgramRun(
      "dermseg-trainer",
      [
        "--training-folder", "training", "--model-store", "models", "--state-directory", "state",
        "--training-width", "8", "--training-size", "16", "--training-epochs", "40",
        "--training-least-steps", "1",
        "--training-batch-size", "4", "--training-seed", "5", "--threads", "1", "--log-format",
        "text",
      ], in: folder, prefix: prefix)
  }

  private func trained(_ folder: ScratchDirectory) throws -> UNetModel {
    try UNetModel(safetensors: try folder.read("models/current/model.safetensors"))
  }

  private func folder() throws -> ScratchDirectory {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<20, to: folder, under: "training", hiddenInBlue: true)
    return folder
  }

  @Test("T1: killed at random points and resumed, the weights are bit-equal")
  func killedAndResumed() throws {
    let whole = try folder()
    #expect(try run(whole).exitCode == 0)
    let expected = try trained(whole)
    let kills = numberFromEnvironment("DERMSEG_TEST_TRAINER_KILLS", otherwise: 200)
    print("T1: \(kills) kills, seed 20261125")
    var random = SeededGenerator(seed: 20_261_125)
    var done = 0
    while done < kills {
      let folder = try folder()
      var isFinished = false
      while !isFinished {
        let milliseconds = Int.random(in: 20...600, using: &random)
        let digits = String(String(1000 + milliseconds).dropFirst())
        let part = try run(folder, prefix: "timeout -s KILL 0.\(digits)")
        isFinished = part.exitCode == 0
        if isFinished { break }
        // 75: the one before was not quite dead yet and held its lock.
        if part.exitCode == 75 { continue }
        done += 1
        #expect(part.exitCode == 137, "\(part.exitCode): \(part.errors)")
        if done % 40 == 0 { break }
      }
      for _ in 0..<100 where !isFinished {
        let last = try run(folder)
        if last.exitCode == 75 { continue }
        #expect(last.exitCode == 0, "\(last.errors)")
        isFinished = true
      }
      #expect(try trained(folder).parameters == expected.parameters)
      #expect(folder.shell("test -z \"$(find . -name '*.part')\"") == 0)
    }
  }
}
