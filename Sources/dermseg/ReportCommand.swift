import ArgumentParser
import Daemon
import Files
import Reports
import Settings

/// `dermseg report`
struct ReportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Makes results.csv anew, and the overlays and reports that are missing.",
    discussion: """
      From the masks and the photographs that they were made from; nothing is segmented. Which files there \
      are, the settings overlays, reports and resultsTable say. The daemon must not be at work on the folder.

      EXAMPLES
        dermseg report
        dermseg report masks --photographs photographs --scale 50px/mm

      EXIT CODES
        0 done, 1 some photograph is gone, so that its overlay or colours are missing, 2 bad arguments, 69 \
      the folder is not there, 73 a file cannot be written, 75 the daemon is at work, 78 bad configuration.
      """)

  @OptionGroup var folders: ResultsOptions
  @OptionGroup var scale: ScaleOption

  @Flag(help: "Make anew also what is there.")
  var force = false

  @OptionGroup var quiet: QuietOption

  func run() async throws {
    var (listing, settings) = try await folders.open("Not reported")
    let bar = quiet.bar
    defer { bar.clear() }
    listing.progress = { bar.show("Reporting", done: $0, of: $1) }
    let outcome: CompanionRebuild.Outcome
    do {
      let lock = try DirectoryLock(listing.results)
      defer { withExtendedLifetime(lock) {} }
      var wanted = CompanionChoice(settings.companions)
      wanted.kinds.remove(.probabilities)
      if let given = scale.millimetersPerPixel { wanted.millimetersPerPixel = given }
      var rebuild = CompanionRebuild(listing, wanted: wanted)
      rebuild.isForced = force
      outcome = try rebuild.run()
    } catch FileError.locked(let path, let holder) {
      throw CommandFailure(
        message: "Not reported: \(FileError.locked(path, holder: holder))", exitCode: .tryLater)
    } catch {
      throw CommandFailure(message: "Not reported: \(error)", exitCode: .cannotCreate)
    }
    for file in outcome.withoutPhotograph {
      Console.error(
        "Not complete: \(file): the photograph is not in \(settings.testFolder), or is another one by "
          + "now. Name its folder with --photographs.")
    }
    quiet.say(
      "\(outcome.masks) masks, \(outcome.completed) completed"
        + (settings.companions.table ? ", all in \(ResultsTable.name)" : ""))
    if !outcome.withoutPhotograph.isEmpty { throw ExitCode(1) }
  }
}
