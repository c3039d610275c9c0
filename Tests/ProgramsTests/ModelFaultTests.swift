import Glibc
import TemporaryFolders
import TestScaffold
import Testing
import UNets

/// What becomes of the model's file while the daemon runs does not become of its masks.
@Suite(.serialized, .timeLimit(.minutes(5))) struct ModelFaultTests {
  static let damages = [
    "cat other.safetensors > tiny.safetensors", "truncate -s -100 tiny.safetensors",
    ": > tiny.safetensors", "head -c 3000000 /dev/zero > tiny.safetensors", "rm tiny.safetensors",
    "rm tiny.safetensors; mkdir tiny.safetensors", "rm tiny.safetensors; mkfifo tiny.safetensors",
    "truncate -s 10G tiny.safetensors",
    "printf x | dd of=tiny.safetensors bs=1 seek=9 conv=notrunc 2> /dev/null",
  ]

  @Test("M4: overwritten or cut in place, the model in memory goes on as it was")
  func overwrittenInPlace() async throws {
    try await forEach(Self.damages, atOnce: 3) { damage in
      let run = try FaultRun(photographs: 1)
      let daemon = run.daemon
      let other = try UNetModel.initialized(
        architecture: UNetArchitecture(inputChannels: 1, width: 4, depth: 2), inputSize: 32,
        normalization: .unit(channels: 1), seed: 2)
      try daemon.folder.handle.publish(other.safetensors(), as: name("other.safetensors"))
      daemon.folder.run(#"cp "$D/tiny.safetensors" "$D/kept""#)
      try run.start()
      #expect(try await run.waitForEnd(orMasks: 1) == nil)
      daemon.folder.run("cd \"$D\"; \(damage)")
      try run.drop("second.jpg", index: 2)
      #expect(try await run.waitForEnd(orMasks: 2) == nil, "\(damage)")
      let isOtherModel = damage.hasPrefix("cat other")
      if !isOtherModel {
        // Read again by order: refused, and the old one stays.
        daemon.send(SIGHUP)
        try await daemon.until("refused: \(damage)") {
          daemon.log.contains("Model not replaced: ")
        }
        try run.drop("third.jpg", index: 3)
        #expect(try await run.waitForEnd(orMasks: 3) == nil, "\(damage)")
      }
      try run.noteSources()
      try await daemon.stop()
      daemon.folder.run(#"cd "$D"; rm -rf tiny.safetensors; mv kept tiny.safetensors"#)
      // All masks are those of the first model, bit by bit.
      run.expectPromises(damage)
      #expect(daemon.folder.run(#"grep -q "recomput\|computed once more" "$D/check""#) == 0)
    }
  }
}
