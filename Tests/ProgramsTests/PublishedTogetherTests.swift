import Glibc
import SystemPackage
import TemporaryFolders
import Testing

/// Three masks that are finished at about the same time share one write of their folder: what holds for
/// one holds for each of them, whatever happens between.
@Suite(.serialized, .timeLimit(.minutes(5))) struct PublishedTogetherTests {
  @Test("The protocol: all bytes and names, then the folder, then the journal")
  func order() async throws {
    let run = try FaultRun(photographs: 3)
    try run.start(FaultPlan())
    #expect(try await run.waitForEnd(orMasks: 3) == nil)
    try await run.daemon.stop()
    let steps = run.daemon.trace.split(separator: "\n").compactMap { line -> String? in
      if line.contains("\"message\":\"Segmented: ") { return "journal" }
      let fields = line.split(separator: " ", maxSplits: 2)
      guard fields.count == 3, fields[0] != "-", fields[2].contains("/Results") else { return nil }
      guard fields[1] == "renameat" || fields[1] == "fsync" else { return nil }
      return fields[2].hasSuffix(".part") ? "\(fields[1]) part" : "\(fields[1])"
    }
    let first = try #require(steps.firstIndex(of: "fsync part"))
    let one = ["fsync part", "renameat"]
    #expect(
      Array(steps[first...]) == one + one + one + ["fsync"] + ["journal", "journal", "journal"])
  }

  @Test("K2: killed before and after every call")
  func killedAtEveryCall() async throws {
    let calls = try await FaultRun.undisturbed(photographs: 3)
    let cases = try publishing(calls).flatMap { k in
      [(k, FaultPlan.Deed.signalBefore(SIGKILL)), (k, .signalAfter(SIGKILL))]
    }
    try await forEach(cases) { k, deed in
      let context = "killed at call \(k), \(calls[k - 1]), \(deed)"
      let run = try FaultRun(photographs: 3)
      try run.start(FaultPlan(at: k, deed: deed))
      if try await run.waitForEnd(orMasks: 3) == nil {
        run.daemon.send(SIGTERM)
        _ = try await run.daemon.waitForEnd()
      }
      run.expectPromisesUnderWay(context)
      try await run.recoverAndCheck(photographs: 3, context)
      #expect(!run.daemon.exists("Results/failed"), "a kill is nobody's fault: \(context)")
    }
  }

  @Test("I1: every call fails once", arguments: [Errno.ioError, .noSpace])
  func failsOnce(_ error: Errno) async throws {
    try await everyCallFailsOnce(error, photographs: 3)
  }

  @Test("I2: every call fails from then on, until the fault is lifted")
  func failsUntilLifted() async throws {
    try await everyCallFailsUntilLifted(.ioError, photographs: 3)
  }
}
