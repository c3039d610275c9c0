import Datasets
import Glibc
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// Whether this is `make test-long`: what follows takes minutes to hours.
let isLongTest = unsafe getenv("DERMSEG_LONG_TESTS") != nil

/// Faults at random times, and the exhaustive loops with all errors; with overlays, reports and table.
@Suite(.serialized, .enabled(if: isLongTest, "part of make test-long")) struct LongKillTests {
  private static let seed: UInt64 = 20_261_125

  /// Twenty photographs in flow, twenty kills; then everything must be there.
  @Test("K1: a thousand kills at random times")
  func randomKills() async throws {
    let kills = numberFromEnvironment("DERMSEG_TEST_KILLS", otherwise: 1000)
    print("K1: \(kills) kills, seed \(Self.seed)")
    try await forEach(Array(0..<max(1, kills / 20)), atOnce: 4) { round in
      var random = SeededGenerator(seed: Self.seed, round)
      let run = try FaultRun(photographs: 20, companions: true)
      for kill in 1...20 {
        try run.start()
        let pause = Int.random(in: 0...400, using: &random)
        try await Task.sleep(for: .milliseconds(pause))
        try await run.daemon.killHard()
        run.expectPromisesUnderWay("round \(round), kill \(kill) after \(pause) ms")
      }
      let before = run.daemon.log.count(of: "Ready: ")
      try run.start()
      try await run.daemon.until(
        "a mask or a reason for each, round \(round)", every: .milliseconds(200)
      ) { run.daemon.log.count(of: "Ready: ") > before && run.violations() == "" }
      try await run.daemon.stop()
      run.expectPromises("round \(round)")
    }
  }

  @Test(
    "I1: every call fails once, with every error",
    arguments: [
      Errno.permissionDenied, .tooManyOpenFiles, .tooManyOpenFilesInSystem, .interrupted,
      .diskQuotaExceeded, .readOnlyFileSystem, .noMemory,
    ])
  func failsOnce(_ error: Errno) async throws {
    try await everyCallFailsOnce(error, companions: true)
  }

  @Test(
    "I2: every call fails from then on, until the fault is lifted",
    arguments: [Errno.ioError, .noSpace])
  func failsUntilLifted(_ error: Errno) async throws {
    try await everyCallFailsUntilLifted(error, companions: true)
  }

  @Test(
    "D1: the power fails at every call, with other mount options",
    .enabled(if: canCutPower, needsLoopDisk),
    arguments: ["data=writeback", "noauto_da_alloc", "data=journal"])
  func powerFails(_ options: String) async throws {
    try await powerFailsAtEveryCall(options, companions: true)
  }

  @Test("D2: the power fails at random times", .enabled(if: canCutPower, needsLoopDisk))
  func randomPowerCuts() async throws {
    let cuts = numberFromEnvironment("DERMSEG_TEST_CUTS", otherwise: 300)
    print("D2: \(cuts) power cuts, seed \(Self.seed)")
    try await forEach(Array(0..<max(1, cuts / 10)), atOnce: 4) { round in
      var random = SeededGenerator(seed: Self.seed, round)
      let run = try FaultRun(photographs: 20, companions: true, survivesPowerCuts: true)
      let disk = try LoopDisk(in: run.daemon.folder)
      for cut in 1...10 {
        let context = "round \(round), cut \(cut)"
        try run.start(on: disk, nil)
        try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &random)))
        run.cutPower(disk)
        try await run.daemon.killHard()
        #expect(disk.mountAgain(), "\(context)")
        #expect(run.violations(["--under-way"], results: "disk/Results") == "", "\(context)")
      }
      let before = run.daemon.log.count(of: "Ready: ")
      try run.start(on: disk, nil)
      try await run.daemon.until("everything, round \(round)", every: .milliseconds(200)) {
        run.daemon.log.count(of: "Ready: ") > before
          && run.violations(results: "disk/Results") == ""
      }
      try await run.daemon.stop()
    }
  }
}

/// Lets each call and all after it fail with an error until the fault is lifted: the process waits, says so,
/// and then does everything without anybody's help.
///
/// - Parameters:
///   - photographs: If there are several, only the calls that publish them.
///   - companions: Whether with overlays, reports and table.
func everyCallFailsUntilLifted(
  _ error: Errno, photographs: Int = 1, companions: Bool = false
) async throws {
  let calls = try await FaultRun.undisturbed(photographs: photographs, companions: companions)
  let numbers = photographs == 1 ? Array(1...calls.count) : try publishing(calls)
  try await forEach(numbers, atOnce: 16) { k in
    let context = "from call \(k), \(calls[k - 1]), on: \(error)"
    let run = try FaultRun(photographs: photographs, companions: companions)
    try run.start(FaultPlan(at: k, deed: .failOn(error)))
    // Long enough for the first tries: after 1 s and after 3 s.
    let deadline = ContinuousClock.now + .seconds(3)
    var code = try await run.waitForEnd(orUntil: "three seconds") {
      ContinuousClock.now >= deadline
    }
    // It waits between two tries: no loop that keeps a processor busy.
    #expect(run.calls.count < k + 300, "\(context): \(run.calls.count) calls")
    run.expectPromisesUnderWay(context)
    run.daemon.folder.run(#": > "$D/lift""#)
    if code == nil {
      code = try await run.waitForEnd(orUntil: "the masks") {
        try run.daemon.masks().count == photographs && run.daemon.traceIsQuiet
      }
    }
    if let code {
      #expect([73, 75, 78].contains(code), "\(context): \(code)\n\(run.daemon.log)")
      try await run.recoverAndCheck(photographs: photographs, context)
    } else {
      try await run.stopAndCheck(context, notingSources: false)
    }
  }
}
