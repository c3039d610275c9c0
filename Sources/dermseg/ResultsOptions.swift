import ArgumentParser
import Daemon
import Files
import Settings
import SystemPackage

/// A folder of masks and the photographs that they were made from.
struct ResultsOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp(
      "The folder of masks. Default: the setting resultsFolder.", valueName: "dir"),
    completion: .directory)
  var results: String?

  @Option(
    help: ArgumentHelp(
      "Where the photographs are. Default: the setting testFolder.", valueName: "dir"),
    completion: .directory)
  var photographs: String?

  /// Opens both.
  ///
  /// - Parameter what: what is not done if that fails: "Not exported".
  func open(_ what: String) async throws -> (listing: ResultsListing, settings: Settings) {
    var options: [String: String] = [:]
    options["test-folder"] = photographs
    options["results-folder"] = results
    let settings = try await loadSettings(options, what)
    do {
      let results = try DirectoryHandle(opening: settings.resultsFolder)
      // Without the photographs there is less to be made, and the command says of which.
      return (
        ResultsListing(
          results: results, photographs: try? DirectoryHandle(opening: settings.testFolder)),
        settings
      )
    } catch {
      throw CommandFailure(message: "\(what): \(error)", exitCode: .unavailable)
    }
  }
}
