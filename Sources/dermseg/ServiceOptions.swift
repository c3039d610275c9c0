import ArgumentParser
import Files
import SettingOptions
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
    help: ArgumentHelp(
      "The service dermsegd@NAME, whose configuration is /etc/dermseg/NAME.yaml.", valueName: "name"
    ))
  var instance: String?

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
  var configFile: FilePath? {
    instance.map { ServiceInstance.configFile(of: $0) } ?? config.map { FilePath($0) }
  }

  /// Which service it is.
  var service: ServiceInstance { ServiceInstance(configFile: configFile) }

  func validate() throws {
    guard let instance else { return }
    if config != nil { throw ValidationError("Give either --instance or --config.") }
    if instance.isEmpty || instance.contains("/") {
      throw ValidationError("--instance \(instance) is no name of a service.")
    }
  }

  /// What was given, by the names that `Settings` knows.
  var given: [String: String] {
    var given = givenSettings
    if recursive { given["recursive"] = "true" }
    return given
  }

  /// The settings of the service.
  ///
  /// - Parameter undone: What is not done if they are wrong, for example `Not listed`.
  func settings(_ undone: String) async throws -> Settings {
    try await loadSettings(given, configFile: configFile, undone)
  }
}

/// The settings, with options that were given before the others.
///
/// - Parameter undone: What is not done if they are wrong, for example `Not listed`.
func loadSettings(
  _ given: [String: String], configFile: FilePath? = nil, _ undone: String
) async throws -> Settings {
  do throws(SettingsError) {
    return try await Settings.load(
      configFile: configFile, options: given,
      environment: ServiceInstance(configFile: configFile).environment(processEnvironment()))
  } catch {
    if case .invalidValue(_, _, _, .option) = error {
      throw CommandFailure(message: "\(undone): \(error)", exitCode: .badArguments)
    }
    throw CommandFailure(message: "\(undone): \(error)", exitCode: .badConfiguration)
  }
}
