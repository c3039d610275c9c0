import Glibc
import SystemPackage
import TemporaryFolders
import Testing

/// A fault at every single call that the daemon makes for its folders, from its start over one
/// photograph to its end: the loop of SQLite.
@Suite(.serialized, .timeLimit(.minutes(5))) struct CallByCallTests {
  @Test("K2: killed before and after every call")
  func killedAtEveryCall() async throws {
    let calls = try await FaultRun.undisturbed(companions: true)
    // Fewer would mean that the preloaded library does not see the calls.
    #expect(calls.count > 60)
    let cases = (1...calls.count).flatMap { k in
      [(k, FaultPlan.Deed.signalBefore(SIGKILL)), (k, .signalAfter(SIGKILL))]
    }
    try await forEach(cases) { k, deed in
      let context = "killed at call \(k), \(calls[k - 1]), \(deed)"
      let run = try FaultRun(companions: true)
      try run.start(FaultPlan(at: k, deed: deed))
      // The last calls are those of the end.
      if try await run.waitForEnd(orMasks: 1) == nil {
        run.daemon.send(SIGTERM)
        _ = try await run.daemon.waitForEnd()
      }
      run.expectPromisesUnderWay(context)
      try await run.recoverAndCheck(context)
      #expect(!run.daemon.exists("Results/failed"), "a kill is nobody's fault: \(context)")
    }
  }

  @Test("K3: told to stop at every call")
  func stoppedAtEveryCall() async throws {
    let calls = try await FaultRun.undisturbed()
    try await forEach(Array(1...calls.count)) { k in
      let context = "told to stop at call \(k), \(calls[k - 1])"
      let run = try FaultRun()
      try run.start(FaultPlan(at: k, deed: .signalBefore(SIGTERM)))
      var code = try await run.waitForEnd(orUntil: "the last calls") {
        run.calls.count < k && run.daemon.log.contains("Segmented: ") && run.daemon.traceIsQuiet
      }
      if code == nil {
        run.daemon.send(SIGTERM)
        code = try await run.daemon.waitForEnd()
      }
      // Before it is ready it has nothing to finish, and ends by the signal itself.
      let isReady = run.daemon.log.contains("Ready: ")
      #expect(code == 0 || (code == 128 + SIGTERM && !isReady), "\(context): \(code ?? -1)")
      #expect(run.daemon.folder.run(noPart) == 0, "\(context)")
      run.expectPromisesUnderWay(context)
      try await run.recoverAndCheck(context)
    }
  }

  @Test("I1: every call fails once", arguments: [Errno.ioError, .noSpace])
  func failsOnce(_ error: Errno) async throws {
    try await everyCallFailsOnce(error)
  }

  @Test("I1: every call about overlay, report or table fails once", arguments: [Errno.noSpace])
  func companionsFailOnce(_ error: Errno) async throws {
    let calls = try await FaultRun.undisturbed(companions: true)
    let about = (1...calls.count).filter { k in
      ["/overlays", "/reports", "/results.csv"].contains { calls[k - 1].path.contains($0) }
    }
    #expect(about.count >= 10)
    try await forEach(about, atOnce: 16) { k in
      let context = "call \(k), \(calls[k - 1]), fails with \(error)"
      let run = try FaultRun(companions: true)
      try run.start(FaultPlan(at: k, deed: .fail(error)))
      #expect(try await run.waitForEnd(orMasks: 1) == nil)
      try await run.daemon.stop()
      run.expectPromises(context)
    }
  }

  @Test("I3: short reads and writes give the same mask", arguments: [1, 1000])
  func shortReadsAndWrites(_ bytes: Int) async throws {
    let run = try FaultRun(photographs: 2)
    try run.start(FaultPlan(shortest: bytes))
    #expect(try await run.waitForEnd(orMasks: 2) == nil)
    try await run.daemon.stop()
    run.expectPromises("at most \(bytes) bytes a call")
    let writes = run.calls.count { $0.name == "write" && $0.path.hasSuffix(".part") }
    #expect(writes >= (bytes == 1 ? 500 : 2), "they were not short")
  }

  @Test("I3: a thousand interruptions a second give the same masks")
  func interruptions() async throws {
    let run = try FaultRun(photographs: 5)
    try run.start(FaultPlan(timerMicroseconds: 1000))
    #expect(try await run.waitForEnd(orMasks: 5) == nil)
    try await run.daemon.stop()
    run.expectPromises("interrupted")
  }

  @Test("The protocol: bytes, then name, then folder, then the journal")
  func publishingOrder() async throws {
    let run = try FaultRun()
    try run.start(FaultPlan())
    #expect(try await run.waitForEnd(orMasks: 1) == nil)
    try await run.daemon.stop()
    let steps = run.daemon.trace.split(separator: "\n").compactMap { line -> String? in
      let fields = line.split(separator: " ", maxSplits: 2)
      if line.contains("\"message\":\"Segmented: ") { return "journal" }
      guard fields.count == 3, fields[0] != "-", fields[2].contains("/Results") else { return nil }
      return fields[2].hasSuffix(".part") ? "\(fields[1]) part" : "\(fields[1])"
    }
    let first = try #require(steps.firstIndex(of: "open part"))
    let last = try #require(steps.firstIndex(of: "journal"))
    #expect(
      steps[first...last].filter { $0 != "fstatat" }
        == [
          "open part", "write part", "fsync part", "close part", "renameat", "fsync", "journal",
        ])
  }
}

/// A shell command that finds no part file.
let noPart =
  #"! test -e "$D/Results" || test -z "$(find "$D/Results" "$D/state" -name '*.part')""#

/// The numbers of the calls from the first mask that is written to the end.
func publishing(_ calls: [(name: String, path: String)]) throws -> [Int] {
  let first = try #require(
    calls.firstIndex {
      $0.name == "open" && $0.path.contains("/Results/") && $0.path.hasSuffix(".part")
    })
  return Array((first + 1)...calls.count)
}

/// Lets each call fail once with an error: no crash, nothing false, and the photograph is done without
/// anybody's help, or, where the start itself failed, after the next start.
///
/// - Parameters:
///   - photographs: If there are several, only the calls that publish them.
///   - companions: Whether with overlays, reports and table.
func everyCallFailsOnce(
  _ error: Errno, photographs: Int = 1, companions: Bool = false
) async throws {
  let calls = try await FaultRun.undisturbed(photographs: photographs, companions: companions)
  let numbers = photographs == 1 ? Array(1...calls.count) : try publishing(calls)
  // What must be said: these calls stand between a photograph and its mask.
  let essential = ["open", "write", "fsync", "close", "renameat"]
  try await forEach(numbers, atOnce: 16) { k in
    let context = "call \(k), \(calls[k - 1]), fails with \(error)"
    let run = try FaultRun(photographs: photographs, companions: companions)
    try run.start(FaultPlan(at: k, deed: .fail(error)))
    let code = try await run.waitForEnd(orMasks: photographs)
    if let code {
      #expect([73, 75, 78].contains(code), "\(context): \(code)\n\(run.daemon.log)")
      #expect(run.daemon.log.contains("Not started: "), "\(context)")
      try await run.recoverAndCheck(photographs: photographs, context)
    } else {
      try await run.daemon.stop()
      run.expectPromises(context)
    }
    guard run.calls.count >= k else { return }
    let failed = run.calls[k - 1]
    // An interrupted call is made again at once, and is nobody's concern.
    if essential.contains(failed.name), failed.path.hasSuffix(".part"), error != .interrupted {
      #expect(run.daemon.log.contains("Waiting: "), "\(context)\n\(run.daemon.log)")
    }
  }
}
