import Files
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// From the calls of whole programs: whatever got a name is on disk before it is called done.
///
/// Power cuts show the same (`PowerCutTests`), but only where the machine lets us cut the power, and a file
/// system may keep more than it has to.
@Suite(.timeLimit(.minutes(5))) struct DurabilityTests {
  /// A call, or a line of the log (`log`).
  private struct Step {
    var name: String
    var path: String
    var folder: String { path.split(separator: "/").dropLast().joined(separator: "/") }
    var isSaid: Bool { name == "log" }
  }

  private func steps(_ trace: String) -> [Step] {
    trace.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 2)
      guard fields.count == 3 else { return nil }
      return Step(name: String(fields[1]), path: String(fields[2]))
    }
  }

  /// What was not on disk at the end, or when a mask was called done.
  ///
  /// - Parameter oneByOne: Whether a name must be on disk before the next one is made in its folder: a model
  ///   before the link that leads to it.
  private func faults(in steps: [Step], oneByOne: Bool = false) -> [String] {
    var faults: [String] = []
    for (index, step) in steps.enumerated() {
      let rest = steps[(index + 1)...]
      switch step.name {
      case "write" where step.path.hasSuffix(".part"):
        // Bytes before the name.
        let next = rest.first {
          $0.name == "fsync" && $0.path == step.path || $0.name == "renameat"
        }
        if next?.name != "fsync" { faults.append("not synchronised: \(step.path)") }
      case "renameat", "mkdirat", "symlinkat":
        // The name before the next thing that is said.
        let isTemporary = step.path.hasSuffix(".part")
        let isFinal = oneByOne && step.name == "renameat" && !isTemporary
        let next = rest.first {
          $0.name == "fsync"
            && ($0.path.split(separator: "/").joined(separator: "/") == step.folder)
            || $0.isSaid && $0.path.contains("Segmented: ")
            || isTemporary && $0.name == "renameat"
            || isFinal && $0.folder == step.folder && ["renameat", "symlinkat"].contains($0.name)
        }
        if next == nil || next?.isSaid == true || isFinal && next?.name != "fsync" {
          faults.append("\(step.name) without the folder's fsync: \(step.path)")
        }
      default: break
      }
    }
    return faults
  }

  @Test("Masks, notes and the folders that are made for them")
  func daemon() async throws {
    let run = try FaultRun(photographs: 1)
    let daemon = run.daemon
    daemon.folder.run(#"cd "$D/test"; mkdir sub; cp p0.jpg sub; echo no > bad.jpg"#)
    try run.start(FaultPlan(folders: [""]), ["--recursive", "true"])
    try await daemon.until("masks and note") {
      daemon.exists("Results/sub/p0_segmentation.png")
        && daemon.exists("Results/failed/bad.jpg.txt")
        && daemon.exists("Results/p0_segmentation.png")
    }
    try run.drop("bad.jpg", index: 4)
    try await daemon.until("the note to go") {
      daemon.exists("Results/bad_segmentation.png") && !daemon.exists("Results/failed/bad.jpg.txt")
    }
    try await daemon.stop()
    let steps = steps(daemon.trace)
    #expect(faults(in: steps) == [])
    // Those that the rules are about are there.
    #expect(steps.count { $0.name == "renameat" } >= 4)
    #expect(steps.count { $0.name == "mkdirat" } >= 4)
    let removal = try #require(
      steps.firstIndex { $0.name == "unlinkat" && $0.path.hasSuffix("/failed/bad.jpg.txt") })
    #expect(
      steps[removal...].contains { $0.name == "fsync" && $0.path.hasSuffix("/Results/failed") })
  }

  @Test("A folder that a killed process made")
  func aFolderThatAKilledProcessMadeIsWrittenToDisk() async throws {
    let run = try FaultRun()
    run.daemon.folder.run(#"cd "$D"; mkdir -p test/ward Results/ward; mv test/p0.jpg test/ward/"#)
    try run.start(FaultPlan(), ["--recursive", "true"])
    #expect(try await run.waitForEnd(orMasks: 1) == nil)
    try await run.daemon.stop()
    let steps = steps(run.daemon.trace)
    let said = try #require(steps.firstIndex { $0.isSaid && $0.path.contains("Segmented: ") })
    #expect(steps[..<said].contains { $0.name == "fsync" && $0.path.hasSuffix("/Results") })
  }

  @Test("Arrays, which are written piece by piece")
  func arrays() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<3, to: folder)
    let run = try ProgramRun(
      "dermseg",
      [
        "data", "--images", "images", "--masks", "masks", "--output", "\(folder.path)/arrays",
        "--size", "16", "--quiet",
      ], in: folder, prefix: try counting(folder))
    #expect(run.exitCode == 0, "\(run.errors)")
    let steps = steps(String(decoding: try folder.read("trace"), as: UTF8.self))
      .filter { $0.name == "fsync" || $0.name == "renameat" }
    let names = steps.indices.filter { steps[$0].path.hasSuffix(".npy") }
    #expect(names.count == 2)
    for index in names {
      #expect(index > 0 && steps[index - 1].path.hasSuffix(".part"), "bytes before the name")
      let next = index + 1 < steps.count ? steps[index + 1] : nil
      #expect(next?.name == "fsync" && next?.path.hasSuffix("/arrays") == true, "then the folder")
    }
  }

  /// What a program is to be started by so that its calls for a folder are written to `trace` in it.
  private func counting(_ folder: ScratchDirectory) throws -> String {
    let library = try DaemonProcess.programs.appending("libDermsegFaults.so")
    return "env LD_PRELOAD=\(library) DERMSEG_FAULT_FOLDERS=\(folder.path) "
      + "DERMSEG_FAULT_TRACE=\(folder.path)/trace"
  }

  @Test("Checkpoints and models")
  func trainer() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<12, to: folder, under: "training", hiddenInBlue: true)
    let run = try ProgramRun(
      "dermseg-trainer",
      [
        "--training-folder", "\(folder.path)/training", "--model-store", "\(folder.path)/models",
        "--state-directory", "\(folder.path)/state", "--training-width", "8", "--training-size",
        "16", "--training-epochs", "20", "--training-batch-size", "4", "--training-least-steps",
        "1", "--threads", "1",
      ], in: folder,
      prefix: try counting(folder))
    #expect(run.exitCode == 0, "\(run.errors)")
    let steps = steps(String(decoding: try folder.read("trace"), as: UTF8.self))
    #expect(faults(in: steps, oneByOne: true) == [])
    #expect(steps.count { $0.name == "symlinkat" } >= 1, "the store's current model")
    #expect(steps.count { $0.name == "renameat" } >= 3)
  }
}
