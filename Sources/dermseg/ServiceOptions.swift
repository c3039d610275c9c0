import ArgumentParser
import Files
import Settings
import SystemPackage

/// The options that say which service is meant.
struct ServiceOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Configuration file. Default: \(Settings.defaultFile), if it is there.", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var config: String?

  @Option(
    help: ArgumentHelp("The watched folder. Default: the setting testFolder.", valueName: "dir"),
    completion: .directory)
  var testFolder: String?

  @Option(
    help: ArgumentHelp(
      "The folder of masks. Default: the setting resultsFolder.", valueName: "dir"),
    completion: .directory)
  var resultsFolder: String?

  @Option(
    help: ArgumentHelp(
      "The daemon's state directory. Default: the setting stateDirectory.", valueName: "dir"),
    completion: .directory)
  var stateDirectory: String?

  @Flag(help: "Sub-folders are watched, too. Default: the setting recursive.")
  var recursive = false

  /// The configuration file that was named.
  var configFile: FilePath? { config.map { FilePath($0) } }

  /// What was given, by the names that `Settings` knows.
  var given: [String: String] {
    let values: [String: String?] = [
      "test-folder": testFolder, "results-folder": resultsFolder,
      "state-directory": stateDirectory, "recursive": recursive ? "true" : nil,
    ]
    return values.compactMapValues { $0 }
  }

  /// The settings of the service.
  ///
  /// - Parameter undone: What is not done if they are wrong, for example `Not listed`.
  func settings(_ undone: String) async throws -> Settings {
    do {
      return try await Settings.load(
        configFile: configFile, options: given, environment: processEnvironment())
    } catch {
      throw CommandFailure(message: "\(undone): \(error)", exitCode: .badConfiguration)
    }
  }
}
