import Files
import FoundationEssentials
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// `dermseg status`, `failed`, `retry`, `doctor` and `check-config`, beside a daemon at work.
@Suite struct ServiceCommandTests {
  private let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  private func dermseg(_ arguments: [String], of daemon: DaemonProcess) throws -> ProgramRun {
    let folders = [
      "--config", "\(daemon.folder.appending("empty.yaml"))",
      "--test-folder", "\(daemon.folder.appending("test"))",
      "--results-folder", "\(daemon.folder.appending("Results"))",
      "--state-directory", "\(daemon.folder.appending("state"))",
    ]
    return try ProgramRun(
      "dermseg", [arguments[0]] + folders + Array(arguments.dropFirst()), in: scratch,
      prefix: "env DERMSEG_MODEL=\(daemon.folder.appending("tiny.safetensors"))")
  }

  private struct Status: Decodable {
    struct Latest: Decodable {
      var file: String
      var areaPercent: Double?
    }
    var waiting: Int
    var done: Int
    var failed: Int
    var latest: [Latest]
  }

  private func status(of daemon: DaemonProcess) throws -> Status {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let run = try dermseg(["status", "--json"], of: daemon)
    #expect(run.exitCode == 0, "\(run.errors)")
    return try decoder.decode(Status.self, from: Data(Array(run.output.utf8)))
  }

  @Test func aFailureIsListedAndTriedAgainWhileTheDaemonRuns() async throws {
    let daemon = try DaemonProcess()
    try daemon.makePhotograph("good.jpg", index: 1)
    daemon.folder.run(#"mv "$D/good.jpg" "$D/test/"; echo letter > "$D/test/bad.jpg""#)
    try daemon.start()
    try await daemon.until("a mask and a note") {
      daemon.folder.run(
        #"test -e "$D/Results/good_segmentation.png" -a -e "$D/Results/failed/bad.jpg.txt""#) == 0
    }
    let seen = try status(of: daemon)
    #expect((seen.waiting, seen.done, seen.failed) == (0, 1, 1))
    #expect(seen.latest.map(\.file) == ["good.jpg"] && seen.latest[0].areaPercent != nil)
    let text = try dermseg(["status"], of: daemon).output
    #expect(text.contains("\nfailed   1  dermseg failed says why\n") && text.contains("good.jpg"))
    #expect(text.contains("process \(daemon.pid)"))

    let failed = try dermseg(["failed"], of: daemon).output
    #expect(failed.contains("bad.jpg: ") && failed.contains("\n1 failed. "))
    let unknown = try dermseg(["retry", "good.jpg"], of: daemon)
    #expect(unknown.exitCode == 69 && unknown.errors.contains("has failed"))
    #expect(try dermseg(["retry"], of: daemon).exitCode == 2)

    // It is tried again: the daemon writes its note anew, as another file.
    daemon.folder.run(#"stat -c %i "$D/Results/failed/bad.jpg.txt" > "$D/inode""#)
    daemon.folder.run(#"ln "$D/Results/failed/bad.jpg.txt" "$D/kept""#)
    let retried = try dermseg(["retry", "bad.jpg"], of: daemon)
    #expect(retried.exitCode == 0 && retried.output.hasPrefix("To be tried again: bad.jpg\n"))
    try await daemon.until("another note") {
      daemon.folder.run(
        #"test "$(stat -c %i "$D/Results/failed/bad.jpg.txt" 2>&1)" -ne "$(cat "$D/inode")" 2>/dev/null"#
      ) == 0
    }
    #expect(daemon.log.count(of: "Not segmented: bad.jpg") == 2)
    #expect(try dermseg(["retry", "--all", "--quiet"], of: daemon).output.isEmpty)
    try await daemon.stop()
  }

  @Test func theDoctorFindsWhatIsWrong() throws {
    let daemon = try DaemonProcess()
    daemon.folder.run(
      #"chmod 2775 "$D/test"; mkdir "$D/Results" "$D/state"; chmod 777 "$D" "$D/Results" "$D/state""#
    )
    struct Found: Decodable {
      var area: String
      var severity: String
      var message: String
      var remedy: String?
    }
    func findings() throws -> (code: Int, found: [Found]) {
      let run = try dermseg(["doctor", "--json"], of: daemon)
      return (
        run.exitCode, try JSONDecoder().decode([Found].self, from: Data(Array(run.output.utf8)))
      )
    }
    let sound = try findings().found
    #expect(!sound.contains { $0.area == "folders" && $0.severity == "bad" })
    #expect(
      Set(sound.map(\.area)) == [
        "configuration", "folders", "limits", "model", "units", "processor",
      ])
    daemon.folder.run(#"rm -r "$D/test""#)
    let (code, found) = try findings()
    #expect(code == 1)
    #expect(found.contains { $0.severity == "bad" && $0.remedy?.hasPrefix("install -d ") == true })
    let text = try dermseg(["doctor", "--quiet"], of: daemon)
    #expect(text.exitCode == 1 && text.output.contains("WRONG") && !text.output.contains("\u{1B}"))
    #expect(!text.output.contains("  ok "))
  }

  @Test func aConfigurationIsChecked() throws {
    try scratch.write("threads: 2\nsettle: 2s\n", to: "good.yaml")
    let good = try ProgramRun("dermseg", ["check-config", "good.yaml"], in: scratch)
    #expect(good.exitCode == 0)
    #expect(good.output.hasPrefix("threads: 2\nsettle: 2s\ngood.yaml: right; 2 keys given"))
    try scratch.write("thread: 2\nsettle: soon\n", to: "bad.yaml")
    let bad = try ProgramRun("dermseg", ["check-config", "bad.yaml"], in: scratch)
    #expect(bad.exitCode == 78 && bad.output.isEmpty)
    let lines = bad.errors.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0] == "bad.yaml line 1: there is no key \"thread\". Did you mean \"threads\"?")
    #expect(
      lines[1].hasPrefix("bad.yaml line 2: settle is \"soon\", but must be a time from 0.05s"))
    #expect(try ProgramRun("dermseg", ["check-config", "none.yaml"], in: scratch).exitCode == 78)
  }

  @Test(arguments: [
    ["segment"], ["data"], ["train"], ["evaluate"], ["model", "list"], ["model", "show"],
    ["model", "promote"], ["model", "rollback"], ["model", "verify"], ["model", "prune"],
    ["model", "import"], ["model", "export"], ["bench"], ["synth"], ["check-folder"], ["doctor"],
    ["check-config"], ["status"], ["failed"], ["retry"],
  ])
  func everyCommandHasExamples(_ words: [String]) throws {
    let help = try ProgramRun("dermseg", words + ["--help"], in: scratch)
    let examples = help.output.split(separator: "EXAMPLES\n")
    #expect(help.exitCode == 0 && examples.count == 2)
    #expect(examples.last?.contains("dermseg \(words.joined(separator: " "))") == true)
  }
}
