import ArgumentParser
import Masks
import Settings

/// How masks are made: the daemon's settings, and options that change them.
struct MaskOptions: ParsableArguments {
  @Option(help: help("threshold")) var threshold: String?
  @Option(help: help("components")) var components: String?
  @Option(help: help("fillHoles")) var fillHoles: String?
  @Option(help: help("smallestSpeck")) var smallestSpeck: String?
  @Option(help: help("accuracy")) var accuracy: String?

  /// The settings as the daemon would read them, with the options before them.
  func settings() async throws -> MaskSettings {
    let given: [String: String?] = [
      "threshold": threshold, "components": components, "fill-holes": fillHoles,
      "smallest-speck": smallestSpeck, "accuracy": accuracy,
    ]
    do throws(SettingsError) {
      return try await Settings.load(
        configFile: nil, options: given.compactMapValues { $0 },
        environment: processEnvironment()
      ).masks
    } catch {
      if case .invalidValue(_, _, _, .option) = error {
        throw CommandFailure(message: "Not begun: \(error)", exitCode: .badArguments)
      }
      throw CommandFailure(message: "Not begun: \(error)", exitCode: .badConfiguration)
    }
  }
}

/// The help of an option, from the table of keys.
private func help(_ name: String) -> ArgumentHelp {
  guard let key = SettingKey.all.first(where: { $0.name == name }) else {
    preconditionFailure("\(name) is not in the table of keys")
  }
  return ArgumentHelp("\(key.summary) Default: the setting, else \(key.defaultText).")
}
