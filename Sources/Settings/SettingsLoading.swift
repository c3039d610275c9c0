import Configuration
import Masks
import SystemPackage

extension Settings {
  /// Loads the settings.
  ///
  /// - Parameters:
  ///   - configFile: The file to read; nil: ``defaultFile``, if it is there.
  ///   - options: What was given on the command line: `["test-folder": "/srv/a"]`.
  ///   - environment: The process's environment.
  /// - Throws: ``SettingsError``: a file that cannot be read, an unknown key, a value that is not
  ///   allowed.
  public static func load(
    configFile: FilePath?, options: [String: String], environment: [String: String]
  ) async throws(SettingsError) -> Settings {
    for name in options.keys.sorted()
    where !SettingKey.all.contains(where: { $0.hyphenated == name }) {
      throw .unknownKey(name, origin: .option("--" + name), suggestion: nil)
    }
    let file = try ConfigurationFile(configFile ?? defaultFile, optional: configFile == nil)
    return try settings(SettingsReader(options: options, environment: environment, file: file))
  }

  /// Reads a configuration file by itself, without options and environment, and finds all errors in it.
  ///
  /// - Returns: The keys that the file gives and their values, in the order of the file, and what is
  ///   wrong; nothing else is checked about a line that has an error.
  public static func check(_ path: FilePath) async -> (
    given: [(name: String, value: String)], errors: [SettingsError]
  ) {
    var errors: [SettingsError] = []
    var passingOver: Set<Int> = []
    do throws(SettingsError) {
      let text = try ConfigurationFile.text(of: path, optional: false)
      while true {
        do throws(SettingsError) {
          let file = try ConfigurationFile(text: text, path: path, passingOver: passingOver)
          let reader = SettingsReader(options: [:], environment: [:], file: file)
          _ = try settings(reader)
          let names = file.lines.sorted { $0.value < $1.value }.map(\.key)
          return (names.map { ($0, reader.text(of: $0)) }, errors.sorted(by: isEarlier))
        } catch {
          // The next error is found without this one's line.
          guard let line = error.line, passingOver.insert(line).inserted else { throw error }
          errors.append(error)
        }
      }
    } catch {
      return ([], errors.sorted(by: isEarlier) + [error])
    }
  }

  private static func isEarlier(_ first: SettingsError, _ second: SettingsError) -> Bool {
    (first.line ?? .max) < (second.line ?? .max)
  }

  private static func settings(_ reader: SettingsReader) throws(SettingsError) -> Settings {
    Settings(
      testFolder: try reader.path("testFolder"),
      recursive: try reader.boolean("recursive"),
      resultsFolder: try reader.path("resultsFolder"),
      trainingFolder: try reader.path("trainingFolder"),
      modelStore: try reader.path("modelStore"),
      stateDirectory: try reader.path("stateDirectory"),
      model: try reader.optionalPath("model"),
      threads: try reader.threads("threads"),
      masks: try masks(reader),
      settle: try reader.duration("settle"),
      settleMax: try reader.duration("settleMax"),
      rescanInterval: try reader.duration("rescanInterval"),
      pollInterval: try reader.duration("pollInterval"),
      failedNotes: try reader.boolean("failedNotes"),
      companions: try companions(reader),
      logFormat: try reader.value("logFormat", LogFormat.init(rawValue:)),
      logLevel: try reader.value("logLevel", LogLevel.init(rawValue:)),
      training: try training(reader))
  }

  private static func companions(_ reader: SettingsReader) throws(SettingsError)
    -> CompanionSettings
  {
    CompanionSettings(
      overlays: try reader.boolean("overlays"), reports: try reader.boolean("reports"),
      table: try reader.boolean("resultsTable"),
      probabilities: try reader.boolean("probabilities"),
      millimetersPerPixel: try reader.optionalValue("scale", parseScale))
  }

  private static func masks(_ reader: SettingsReader) throws(SettingsError) -> MaskSettings {
    MaskSettings(
      threshold: try reader.value("threshold", parseThreshold),
      components: try reader.value("components", MaskComponents.init(rawValue:)),
      fillHoles: try reader.boolean("fillHoles"),
      smallestSpeck: try reader.value("smallestSpeck") { text in
        Double(text).flatMap { (0...100).contains($0) ? $0 : nil }
      },
      edges: try reader.value("edges", MaskEdges.init(rawValue:)),
      hairRemoval: try reader.boolean("hairRemoval"),
      accuracy: try reader.value("accuracy", MaskAccuracy.init(rawValue:)))
  }

  private static func training(_ reader: SettingsReader) throws(SettingsError) -> TrainingSettings {
    TrainingSettings(
      preset: try reader.value("trainingPreset", TrainingPreset.init(rawValue:)),
      width: try reader.optionalValue("trainingWidth") { number($0, in: 1...256) },
      size: try reader.optionalValue("trainingSize") { number($0, in: 16...4096) },
      channels: try reader.optionalValue("trainingChannels") { ["1": 1, "3": 3][$0] },
      epochs: try reader.optionalValue("trainingEpochs") { number($0, in: 1...10_000) },
      batchSize: try reader.optionalValue("trainingBatchSize") { number($0, in: 1...1024) },
      leastSteps: try reader.optionalValue("trainingLeastSteps") { number($0, in: 1...100_000) },
      seed: try reader.optionalValue("trainingSeed") { UInt64($0) },
      minimumPairs: try reader.value("trainingMinimumPairs") { number($0, in: 2...1_000_000) },
      modelsKept: try reader.value("trainingModelsKept") { number($0, in: 1...1_000_000) })
  }
}

/// Looks a key up in options, environment, file and defaults, in this order.
private struct SettingsReader {
  private let options: InMemoryProvider
  private let environment: KeyMappingProvider<EnvironmentVariablesProvider>
  private let file: ConfigurationFile

  init(options: [String: String], environment: [String: String], file: ConfigurationFile) {
    var values: [AbsoluteConfigKey: ConfigValue] = [:]
    for key in SettingKey.all {
      if let value = options[key.hyphenated] {
        values[AbsoluteConfigKey([key.name])] = ConfigValue(.string(value), isSecret: false)
      }
    }
    self.options = InMemoryProvider(values: values)
    // `testFolder` becomes `dermseg.testFolder` becomes `DERMSEG_TEST_FOLDER`.
    self.environment = EnvironmentVariablesProvider(environmentVariables: environment)
      .prefixKeys(with: "dermseg")
    self.file = file
  }

  /// The text given for a key and where it was given; nil if nowhere.
  private func given(_ key: SettingKey) throws(SettingsError)
    -> (text: String, origin: SettingOrigin)?
  {
    let name = AbsoluteConfigKey([key.name])
    if let text = try? options.value(forKey: name, type: .string).text {
      return (text, .option(key.option))
    }
    if let text = try? environment.value(forKey: name, type: .string).text, !text.isEmpty {
      return (text, .environment(key.environmentVariable))
    }
    let origin = SettingOrigin.file(file.path, line: file.lines[key.name])
    do {
      if let text = try file.values?.value(forKey: name, type: .string).text, !text.isEmpty {
        return (text, origin)
      }
    } catch {
      throw .invalidValue(key: key.name, value: "a list", allowed: key.allowed, origin: origin)
    }
    return nil
  }

  /// The text given for a key that is known; empty if nowhere.
  func text(of name: String) -> String {
    guard let key = SettingKey.all.first(where: { $0.name == name }) else { return "" }
    return (try? given(key)?.text) ?? ""
  }

  /// The value of a key; nil if it is neither given nor has a default.
  func optionalValue<Value>(_ name: String, _ parse: (String) -> Value?) throws(SettingsError)
    -> Value?
  {
    guard let key = SettingKey.all.first(where: { $0.name == name }) else {
      preconditionFailure("\(name) is not in the table of keys")
    }
    if let (text, origin) = try given(key) {
      guard let value = parse(text) else {
        throw .invalidValue(key: name, value: text, allowed: key.allowed, origin: origin)
      }
      return value
    }
    return key.defaultText.isEmpty ? nil : parse(key.defaultText)
  }

  /// The value of a key that has a default.
  func value<Value>(_ name: String, _ parse: (String) -> Value?) throws(SettingsError) -> Value {
    guard let value = try optionalValue(name, parse) else {
      preconditionFailure("\(name) has no usable default in the table of keys")
    }
    return value
  }

  func path(_ name: String) throws(SettingsError) -> FilePath {
    try value(name, filePath)
  }

  func optionalPath(_ name: String) throws(SettingsError) -> FilePath? {
    try optionalValue(name, filePath)
  }

  func threads(_ name: String) throws(SettingsError) -> Int? {
    try value(name) { $0 == "auto" ? .some(nil) : number($0, in: 1...1024).map { .some($0) } }
  }

  func boolean(_ name: String) throws(SettingsError) -> Bool {
    try value(name) { $0 == "true" ? true : $0 == "false" ? false : nil }
  }

  func duration(_ name: String) throws(SettingsError) -> Duration {
    try value(name, parseDuration)
  }

  private func filePath(_ text: String) -> FilePath? {
    text.isEmpty || text.utf8.contains(0) ? nil : FilePath(text)
  }
}

extension LookupResult {
  fileprivate var text: String? {
    guard case .string(let text)? = value?.content else { return nil }
    return text
  }
}

/// A probability, or "model" for none of its own.
private func parseThreshold(_ text: String) -> Float?? {
  if text == "model" { return .some(nil) }
  return Float(text).flatMap { (0...1).contains($0) ? .some($0) : nil }
}

private func number(_ text: String, in range: ClosedRange<Int>) -> Int? {
  Int(text).flatMap { range.contains($0) ? $0 : nil }
}

/// A time from 0.05 s to 24 h: a number with `ms`, `s`, `min` or `h`; without a unit, seconds.
func parseDuration(_ text: String) -> Duration? {
  let units: [(String, Double)] = [("ms", 0.001), ("min", 60), ("s", 1), ("h", 3600), ("", 1)]
  let compact = text.filter { $0 != " " }
  for (unit, seconds) in units where compact.hasSuffix(unit) {
    guard let number = Double(compact.dropLast(unit.count)), number.isFinite else { return nil }
    let total = number * seconds
    return (0.05...86_400).contains(total) ? .milliseconds(Int64((total * 1000).rounded())) : nil
  }
  return nil
}

/// Millimetres of one pixel: `0.02mm`, `0.02mm/px`, or the pixels of one millimetre, `50px/mm`.
public func parseScale(_ text: String) -> Double? {
  let compact = text.lowercased().filter { $0 != " " }
  func number(before unit: String) -> Double? {
    guard compact.hasSuffix(unit), let number = Double(compact.dropLast(unit.count)),
      number.isFinite, number > 0
    else { return nil }
    return number
  }
  let length =
    number(before: "px/mm").map { 1 / $0 } ?? number(before: "mm/px") ?? number(before: "mm")
  // From a microscope's to a whole body's.
  return length.flatMap { (0.0001...10).contains($0) ? $0 : nil }
}
