import Masks

/// One thing that can be configured.
public struct SettingKey: Sendable, Equatable {
  /// The key in the configuration file: `testFolder`.
  public let name: String
  /// What it is for, in one sentence.
  public let summary: String
  /// What may be given, in words.
  public let allowed: String
  /// The default, as it would be written in the file; empty for none.
  public let defaultText: String

  /// The option on the command line: `--test-folder`.
  public var option: String { "--" + hyphenated }

  /// The name in a dictionary of options: `test-folder`.
  public var hyphenated: String { split(with: "-") }

  /// The variable in the environment: `DERMSEG_TEST_FOLDER`.
  public var environmentVariable: String { "DERMSEG_" + split(with: "_").uppercased() }

  private func split(with separator: String) -> String {
    var text = ""
    for character in name {
      if character.isUppercase { text += separator }
      text += character.lowercased()
    }
    return text
  }
}

extension SettingKey {
  /// The variable that was probably meant by one of the environment that begins with `DERMSEG_` and means
  /// nothing; nil if it is one of ours, or near none.
  public static func suggestion(forVariable name: String) -> String? {
    guard name.hasPrefix("DERMSEG_"), !all.contains(where: { $0.environmentVariable == name }),
      let meant = nearestKey(to: String(name.dropFirst("DERMSEG_".count)))
    else { return nil }
    return all.first { $0.name == meant }?.environmentVariable
  }

  /// Every key, in the order of the documentation.
  public static let all: [SettingKey] = folders + masks + watching + companions + logging + training

  static let folders = [
    SettingKey(
      name: "testFolder", summary: "Watched folder: photographs dropped here are segmented.",
      allowed: "a folder", defaultText: "/srv/dermseg/test"),
    SettingKey(
      name: "recursive",
      summary: "Whether its sub-folders are watched too, and mirrored in Results.",
      allowed: "true or false", defaultText: "false"),
    SettingKey(
      name: "resultsFolder", summary: "Where the masks appear.", allowed: "a folder",
      defaultText: "/srv/dermseg/Results"),
    SettingKey(
      name: "trainingFolder", summary: "Photographs (images/) and masks (masks/) to learn from.",
      allowed: "a folder", defaultText: "/srv/dermseg/training"),
    SettingKey(
      name: "modelStore", summary: "Models, with \"current\" naming the one in service.",
      allowed: "a folder", defaultText: "/var/lib/dermseg/models"),
    SettingKey(
      name: "stateDirectory", summary: "What the daemon remembers between two runs.",
      allowed: "a folder", defaultText: "/var/lib/dermsegd"),
    SettingKey(
      name: "model", summary: "A model file to use instead of the store's current one.",
      allowed: "a file", defaultText: ""),
    SettingKey(
      name: "threads", summary: "Threads for the computation.",
      allowed: "a number from 1 to 1024, or \"auto\" for every processor the process may use",
      defaultText: "auto"),
  ]

  static let masks = [
    SettingKey(
      name: "threshold", summary: "From which probability on a pixel is lesion.",
      allowed: "a number from 0 to 1, or \"model\" for what the model says", defaultText: "model"),
    SettingKey(
      name: "components", summary: "Whether one region is kept in a mask or all of them.",
      allowed: MaskComponents.allCases.map(\.rawValue).joined(separator: ", "),
      defaultText: MaskSettings.standard.components.rawValue),
    SettingKey(
      name: "fillHoles", summary: "Whether holes in a lesion are filled.",
      allowed: "true or false", defaultText: "\(MaskSettings.standard.fillHoles)"),
    SettingKey(
      name: "smallestSpeck",
      summary: "Regions below this percentage of the photograph are removed.",
      allowed: "a number from 0 to 100", defaultText: "\(MaskSettings.standard.smallestSpeck)"),
    SettingKey(
      name: "edges", summary: "Whether the photograph's edges guide the lesion's border.",
      allowed: MaskEdges.allCases.map(\.rawValue).joined(separator: ", "),
      defaultText: MaskSettings.standard.edges.rawValue),
    SettingKey(
      name: "hairRemoval", summary: "Whether hair is painted over before the network looks.",
      allowed: "true or false", defaultText: "\(MaskSettings.standard.hairRemoval)"),
    SettingKey(
      name: "accuracy", summary: "Whether the network looks once or four times, mirrored.",
      allowed: MaskAccuracy.allCases.map(\.rawValue).joined(separator: ", "),
      defaultText: MaskSettings.standard.accuracy.rawValue),
  ]

  static let watching = [
    SettingKey(
      name: "settle", summary: "How long a file must have been quiet before it is read.",
      allowed: durations, defaultText: "1s"),
    SettingKey(
      name: "settleMax", summary: "After how long a file that ends too early counts as damaged.",
      allowed: durations, defaultText: "60s"),
    SettingKey(
      name: "rescanInterval", summary: "How often the whole folder is looked at in any case.",
      allowed: durations, defaultText: "60s"),
    SettingKey(
      name: "pollInterval", summary: "How often it is looked at where inotify is silent.",
      allowed: durations, defaultText: "5s"),
    SettingKey(
      name: "failedNotes", summary: "Whether failed/NAME.txt explains each failure.",
      allowed: "true or false", defaultText: "true"),
  ]

  static let companions = [
    SettingKey(
      name: "overlays", summary: "Whether overlays/ shows each lesion's border on the photograph.",
      allowed: "true or false", defaultText: "true"),
    SettingKey(
      name: "reports", summary: "Whether reports/ has each photograph's measurements (JSON).",
      allowed: "true or false", defaultText: "true"),
    SettingKey(
      name: "resultsTable", summary: "Whether results.csv has a line for each photograph.",
      allowed: "true or false", defaultText: "true"),
    SettingKey(
      name: "probabilities", summary: "Whether probabilities/ has them as 16-bit PNG.",
      allowed: "true or false", defaultText: "false"),
    SettingKey(
      name: "scale", summary: "The size of a pixel, for measurements in millimetres.",
      allowed: "a length such as 0.02mm, or the pixels between two marks of a ruler: 50px/mm",
      defaultText: ""),
  ]

  static let logging = [
    SettingKey(
      name: "logFormat", summary: "The form of log lines.",
      allowed: LogFormat.allCases.map(\.rawValue).joined(separator: ", "), defaultText: "auto"),
    SettingKey(
      name: "logLevel", summary: "The least important messages that are logged.",
      allowed: LogLevel.allCases.map(\.rawValue).joined(separator: ", "), defaultText: "info"),
  ]

  static let training = [
    SettingKey(
      name: "trainingPreset", summary: "The set of training values that the others change.",
      allowed: TrainingPreset.allCases.map(\.rawValue).joined(separator: ", "),
      defaultText: "default"),
    SettingKey(
      name: "trainingWidth", summary: "Channels of the network's first level.",
      allowed: "a number from 1 to 256", defaultText: ""),
    SettingKey(
      name: "trainingSize", summary: "Side of the square that the network sees, in pixels.",
      allowed: "a number from 16 to 4096", defaultText: ""),
    SettingKey(
      name: "trainingChannels", summary: "1 for grey, 3 for colour.", allowed: "1 or 3",
      defaultText: ""),
    SettingKey(
      name: "trainingEpochs", summary: "Passes over the training pairs.",
      allowed: "a number from 1 to 10000", defaultText: ""),
    SettingKey(
      name: "trainingBatchSize", summary: "Photographs per step.",
      allowed: "a number from 1 to 1024", defaultText: ""),
    SettingKey(
      name: "trainingLeastSteps",
      summary: "Steps of an epoch at least; few pairs are gone through several times.",
      allowed: "a number from 1 to 100000", defaultText: ""),
    SettingKey(
      name: "trainingSeed", summary: "Start of all random numbers.",
      allowed: "a number from 0 to 18446744073709551615", defaultText: ""),
    SettingKey(
      name: "trainingMinimumPairs", summary: "The fewest usable pairs to train from.",
      allowed: "a number from 2 to 1000000", defaultText: "10"),
    SettingKey(
      name: "trainingModelsKept", summary: "How many of the newest models stay in the store.",
      allowed: "a number from 1 to 1000000", defaultText: "10"),
  ]

  private static let durations = "a time from 0.05s to 24h, such as 500ms, 1.5s, 2min or 1h"
}
