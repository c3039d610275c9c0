import Daemon
import Files
import Glibc
import SystemPackage
import TemporaryFolders
import Testing

/// One daemon and its folders, to be disturbed, restarted and checked.
///
/// Every run ends with `dermseg check-folder`: sources unchanged, masks whole and equal to those of an
/// undisturbed run, everything that was called done is done, nothing forgotten, nothing left behind.
struct FaultRun {
  let daemon: DaemonProcess
  private let checksCompanions: Bool

  /// - Parameters:
  ///   - photographs: How many are in the test folder before anything starts.
  ///   - companions: Whether each mask is to have its overlay, report and line of the table.
  ///   - survivesPowerCuts: Whether only masks are checked: what lies beside them is not written through to the
  ///     disk.
  init(photographs: Int = 1, companions: Bool = false, survivesPowerCuts: Bool = false) throws {
    daemon = try DaemonProcess(inputSize: 32)
    daemon.hasCompanions = companions
    checksCompanions = companions && !survivesPowerCuts
    for index in 0..<photographs {
      try daemon.makePhotograph("p\(index).jpg", index: index, width: 64, height: 48)
      daemon.folder.run("mv \"$D/p\(index).jpg\" \"$D/test/\"")
    }
    try noteSources()
  }

  /// Notes what is in the test folder, for the check.
  func noteSources() throws {
    let manifest = try SourceManifest(of: DirectoryHandle(opening: daemon.folder.appending("test")))
    let bytes = Array(manifest.text.utf8)
    if bytes.isEmpty {
      daemon.folder.run(#": > "$D/manifest""#)
    } else {
      try daemon.folder.handle.publish(bytes, as: name("manifest"))
    }
  }

  /// Starts the daemon with a fault.
  func start(_ plan: FaultPlan? = nil, _ more: [String] = []) throws {
    try daemon.start(
      ["--log-format", "json", "--settle", "50ms"] + more,
      environment: try plan?.environment(in: daemon.folder) ?? [])
  }

  /// Waits until the process has ended or something holds.
  ///
  /// - Returns: The exit code (128 + signal), or nil if it still runs.
  func waitForEnd(orUntil what: String, _ holds: () throws -> Bool) async throws -> Int32? {
    var code: Int32?
    try await daemon.until("the end of the process, or \(what)") {
      code = daemon.codeIfEnded()
      return try code != nil || holds()
    }
    return code
  }

  /// Waits for the masks of `photographs` photographs or the end of the process.
  func waitForEnd(orMasks photographs: Int = 1) async throws -> Int32? {
    try await waitForEnd(orUntil: "\(photographs) masks") {
      daemon.log.count(of: "\"message\":\"Segmented: ") >= photographs
        && daemon.traceIsQuiet
    }
  }

  /// Starts without a fault, lets everything be done, stops, and checks all promises.
  func recoverAndCheck(
    photographs: Int = 1, _ context: String, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let before = daemon.log.count(of: "Ready: ")
    try start()
    try await daemon.until("everything is done: \(context)", sourceLocation: sourceLocation) {
      try daemon.log.count(of: "Ready: ") > before && daemon.masks().count >= photographs
    }
    try await daemon.stop(sourceLocation: sourceLocation)
    expectPromises(context, sourceLocation: sourceLocation)
  }

  /// What `dermseg check-folder` says; "" if all promises are kept.
  func violations(_ more: [String] = [], results: String = "Results") -> String {
    let folder = daemon.folder
    let program = (try? DaemonProcess.programs.appending("dermseg").string) ?? ""
    let status = folder.run(
      """
      cd "$D"; '\(program)' check-folder --test-folder "$D/test" --results-folder "$D/\(results)" \
      --manifest manifest --journal log --recompute --model tiny.safetensors --threads 1 \
      \(checksCompanions ? "--companions" : "") \(more.joined(separator: " ")) > check 2>&1
      """)
    if status == 0 { return "" }
    let said = try? readRegularFile(at: folder.appending("check"), limitBytes: 1 << 20).bytes
    return "status \(status): " + String(decoding: said ?? [], as: UTF8.self)
  }

  /// All promises hold now that the daemon has done everything and ended.
  func expectPromises(_ context: String, sourceLocation: SourceLocation = #_sourceLocation) {
    let said = violations(["--state-directory", "state"])
    #expect(said == "", "\(context)\n\(daemon.log)", sourceLocation: sourceLocation)
  }

  /// The promises that hold at any instant, also after a kill.
  func expectPromisesUnderWay(_ context: String, sourceLocation: SourceLocation = #_sourceLocation)
  {
    let said = violations(["--under-way"])
    #expect(said == "", "\(context)\n\(daemon.log)", sourceLocation: sourceLocation)
  }

  /// The calls that were counted, in order.
  var calls: [(name: String, path: String)] {
    daemon.trace.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 2)
      guard fields.count == 3, fields[0] != "-" else { return nil }
      return (String(fields[1]), String(fields[2]))
    }
  }

  /// The calls of an undisturbed run, from the start to the stop.
  static func undisturbed(
    photographs: Int = 1, companions: Bool = false
  ) async throws -> [(name: String, path: String)] {
    let run = try FaultRun(photographs: photographs, companions: companions)
    try run.start(FaultPlan())
    #expect(try await run.waitForEnd(orMasks: photographs) == nil)
    try await run.daemon.stop()
    run.expectPromises("undisturbed")
    return run.calls
  }
}

extension DaemonProcess {
  /// What the preloaded library wrote.
  var trace: String {
    let bytes = try? readRegularFile(at: folder.appending("trace"), limitBytes: 64 << 20).bytes
    return String(decoding: bytes ?? [], as: UTF8.self)
  }

  /// Whether the daemon has noted that nothing is in hand.
  var traceIsQuiet: Bool {
    let end = trace.split(separator: "\n").last {
      $0.hasSuffix("/state/in-hand") && !$0.hasPrefix("- log")
    }
    return end?.contains(" ftruncate ") ?? true
  }

  /// Whether the process waits at the point that ``FaultPlan/Deed/pause`` names.
  func waitUntilPaused(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await until("the pause", sourceLocation: sourceLocation) { exists("reached") }
  }

  /// Lets the process go on.
  func endPause() { folder.run(#"rm "$D/reached""#) }
}
