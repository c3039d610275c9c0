import ArgumentParser
import Daemon
import Files
import Reports
import Settings
import SystemPackage

/// `dermseg check-folder`
struct CheckFolderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-folder",
    abstract: "Checks that the daemon kept its promises about a test and a Results folder.",
    discussion: """
      Every mask must be a whole PNG of its photograph's size, made from the bytes that the photograph has \
      now; every photograph must have a mask or a note; no part file may be left. With --manifest nothing \
      in the test folder may have changed; with --journal everything that was called done must be done; \
      with --recompute every mask must be the one that the model makes now.

      EXAMPLES
        dermseg check-folder --write-manifest before
        dermseg check-folder --manifest before
        journalctl -u dermsegd -o json > log; dermseg check-folder --journal log

      EXIT CODES
        0 all promises kept, 1 violations (one line each), 2 bad arguments, 73 a file cannot be read \
      or written, 78 bad configuration.
      """)

  @Option(help: "The watched folder. Default: the setting testFolder.", completion: .directory)
  var testFolder: String?

  @Option(help: "The folder of masks. Default: the setting resultsFolder.", completion: .directory)
  var resultsFolder: String?

  @Option(
    help: "The daemon's state directory, to be searched for leftovers. Default: not searched.",
    completion: .directory)
  var stateDirectory: String?

  @Option(
    help: ArgumentHelp("Only note here what is in the test folder now.", valueName: "file"),
    completion: .file())
  var writeManifest: String?

  @Option(
    help: ArgumentHelp("What was in the test folder before.", valueName: "file"),
    completion: .file())
  var manifest: String?

  @Option(
    help: ArgumentHelp(
      "The daemon's JSON lines (--log-format json), or those of journalctl -o json.",
      valueName: "file"), completion: .file())
  var journal: String?

  @Flag(help: "Compute each mask once more, and compare all pixels.")
  var recompute = false

  @Option(
    help: "The model for --recompute. Default: what the daemon uses.",
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Option(help: "Threads for --recompute: as many as the daemon has.")
  var threads: Int?

  @Flag(help: "Sub-folders are watched, too. Default: the setting recursive.")
  var recursive = false

  @Flag(help: "The daemon is at work, or was killed: photographs may still be without a mask.")
  var underWay = false

  @Flag(help: "Every mask must have what the settings want beside it: overlay, report, table.")
  var companions = false

  @OptionGroup var quiet: QuietOption

  func run() async throws {
    var check = try await folders()
    if let writeManifest { return try write(writeManifest, of: check.testFolder) }
    if let manifest {
      check.manifest = SourceManifest(text: String(decoding: try read(manifest), as: UTF8.self))
      if check.manifest == nil {
        throw CommandFailure(
          message: "Not checked: \(manifest): it is no manifest. Write one with --write-manifest.",
          exitCode: .badConfiguration)
      }
    }
    if let journal { check.claims = JournalFile.claims(in: try read(journal)) }
    if recompute {
      let model = try await loadModel(model)
      check.model = (model.sha256, try makeSegmenter(model, threads: threads))
    }
    let bar = quiet.bar
    check.progress = { bar.show("Checking", done: $0, of: $1) }
    let report: FolderReport
    do {
      defer { bar.clear() }
      report = try check.run()
    } catch {
      throw CommandFailure(message: "Not checked: \(error)", exitCode: .cannotCreate)
    }
    for violation in report.violations { Console.print("\(violation)") }
    Console.print(report.summary)
    if !report.violations.isEmpty { throw ExitCode(1) }
  }

  private func folders() async throws -> FolderCheck {
    var options: [String: String] = [:]
    options["test-folder"] = testFolder
    options["results-folder"] = resultsFolder
    if recursive { options["recursive"] = "true" }
    let settings = try await loadSettings(options, "Not checked")
    var check = FolderCheck(
      testFolder: settings.testFolder, resultsFolder: settings.resultsFolder)
    check.stateDirectory = stateDirectory.map { FilePath($0) }
    check.isUnderWay = underWay
    check.isRecursive = settings.recursive
    if companions { check.companions = CompanionChoice(settings.companions) }
    return check
  }

  private func write(_ path: String, of folder: FilePath) throws {
    do {
      let manifest = try SourceManifest(of: DirectoryHandle(opening: folder))
      try publishFile(Array(manifest.text.utf8), at: FilePath(path))
      Console.print("\(manifest.entries.count) entries of \(folder) noted in \(path)")
    } catch {
      throw CommandFailure(message: "Not noted: \(error)", exitCode: .cannotCreate)
    }
  }

  /// A manifest or a log, to which the daemon may be writing.
  private func read(_ path: String) throws -> [UInt8] {
    do throws(FileError) {
      return try readRegularFile(
        at: FilePath(path), limitBytes: 1 << 30, followingLinks: true, growing: true
      ).bytes
    } catch .empty {
      return []
    } catch {
      throw CommandFailure(message: "Not checked: \(error)", exitCode: .cannotCreate)
    }
  }
}
