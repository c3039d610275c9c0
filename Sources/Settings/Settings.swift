import Masks
import SystemPackage

/// Everything that can be configured, checked.
///
/// An option comes before an environment variable, that before the configuration file, that before
/// the default. Every key has the same name everywhere: `testFolder` in the file, `--test-folder` as
/// an option, `DERMSEG_TEST_FOLDER` in the environment; ``SettingKey`` lists them.
public struct Settings: Sendable, Equatable {
  /// The watched folder that users drop photographs in; never written to.
  public var testFolder: FilePath
  /// Whether photographs in sub-folders of the test folder are segmented too, into sub-folders of the
  /// same names.
  public var recursive: Bool
  /// Where the masks appear.
  public var resultsFolder: FilePath
  /// Holds `images/` and `masks/`, pairs in ISIC naming; never written to.
  public var trainingFolder: FilePath
  /// Directory of models, with `current` naming the one in service.
  public var modelStore: FilePath
  /// What the daemon remembers between two runs: the photograph in hand.
  public var stateDirectory: FilePath
  /// A model file to use instead of the store's current one.
  public var model: FilePath?
  /// Threads for the computation; nil: as many processors as the process may use.
  public var threads: Int?
  /// How masks are made.
  public var masks: MaskSettings
  /// How long a file's size and modification time must have been quiet before it is read.
  public var settle: Duration
  /// After how long a file that ends too early counts as damaged rather than as still being written.
  public var settleMax: Duration
  /// How often the whole folder is looked at without being told to.
  public var rescanInterval: Duration
  /// How often a folder is looked at where inotify is silent (network shares).
  public var pollInterval: Duration
  /// Whether a text file in `failed/` explains each photograph that could not be segmented.
  public var failedNotes: Bool
  /// What lies beside each mask.
  public var companions: CompanionSettings
  /// The form of log lines.
  public var logFormat: LogFormat
  /// The least important messages that are logged.
  public var logLevel: LogLevel
  /// How models are built.
  public var training: TrainingSettings

  /// The file that is read when no other is named; it may be absent.
  public static let defaultFile: FilePath = "/etc/dermseg/dermseg.yaml"
}

/// What lies beside each mask.
public struct CompanionSettings: Sendable, Equatable {
  /// The photograph with the lesion's border.
  public var overlays: Bool
  /// The measurements as JSON.
  public var reports: Bool
  /// A line in `results.csv`.
  public var table: Bool
  /// The probabilities as PNG.
  public var probabilities: Bool
  /// How large a pixel is; nil if nobody said so.
  public var millimetersPerPixel: Double?
}

/// The form of log lines.
public enum LogFormat: String, Sendable, CaseIterable {
  /// Journal entries under systemd, coloured lines on a terminal, plain lines otherwise.
  case auto
  /// Entries of the journal with fields.
  case journal
  /// Lines of text.
  case text
  /// One JSON object per line.
  case json
}

/// How important a message is.
public enum LogLevel: String, Sendable, CaseIterable {
  case debug, info, notice, warning, error
}

/// How models are built; nil means what the preset says.
public struct TrainingSettings: Sendable, Equatable {
  /// The named set of values that the others change.
  public var preset: TrainingPreset
  /// Channels of the network's first level.
  public var width: Int?
  /// Side of the square that the network sees, in pixels.
  public var size: Int?
  /// 1 grey, 3 colour.
  public var channels: Int?
  /// Passes over the training pairs.
  public var epochs: Int?
  /// Photographs per step.
  public var batchSize: Int?
  /// Steps of an epoch at least.
  public var leastSteps: Int?
  /// Start of all random numbers.
  public var seed: UInt64?
  /// The fewest usable pairs to train from.
  public var minimumPairs: Int
  /// How many of the newest models stay in the store, beside those that are in use.
  public var modelsKept: Int
}

/// A named set of training values.
public enum TrainingPreset: String, Sendable, CaseIterable {
  /// What the seed paper did: 512x512x1, width 64, batch 2, 10 epochs.
  case paper
  /// Small and quick enough for a machine without a graphics card.
  case standard = "default"
}
