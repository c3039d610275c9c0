import ArgumentParser
import SettingOptions
import Settings
import SystemPackage

/// The command line of the daemon.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dermsegd",
    abstract: "Watches a folder and segments every dermoscopy photograph that is put into it.",
    usage: "dermsegd [--config FILE] [--test-folder DIR] [--results-folder DIR] [OPTION ...]",
    discussion: """
      For each photograph FOLDER/NAME.jpg a mask RESULTS/NAME_segmentation.png appears: as wide and \
      high, 255 where the lesion is, 0 elsewhere. A photograph that cannot be segmented has a note \
      RESULTS/failed/NAME.jpg.txt that says why. Nothing in the watched folder is ever changed. With \
      --recursive true its sub-folders are watched too: FOLDER/SUB/NAME.jpg has its mask in RESULTS/SUB/.

      Every option is also a key of the configuration file (--test-folder: testFolder) and a variable \
      of the environment (DERMSEG_TEST_FOLDER). An option comes before a variable, that before the \
      file, that before the default.

      EXAMPLES
        Try it in two folders of your own:
          dermsegd --test-folder ~/in --results-folder ~/out --state-directory ~/.local/state/dermsegd
        As a service, with the settings of /etc/dermseg/dermseg.yaml:
          systemctl enable --now dermsegd
          journalctl -fu dermsegd

      EXIT CODES
        0 stopped as told, 2 bad arguments, 69 the processor is too old, 73 a folder cannot be made or \
      written, 75 another daemon has the folder, 78 bad configuration or no model.
      """,
    version: "dermsegd \(dermsegVersion)")

  @Option(
    help: ArgumentHelp(
      "Configuration file (default: \(Settings.defaultFile), if it is there).",
      valueName: "file"), completion: .file(extensions: ["yaml"]))
  var config: String?

  @OptionGroup(title: "Folders") var folders: FolderOptions
  @OptionGroup(title: "Computation") var computation: ComputationOptions
  @OptionGroup(title: "Masks") var masks: MaskOptions
  @OptionGroup(title: "Watching") var watching: WatchingOptions
  @OptionGroup(title: "Beside each mask") var companions: CompanionOptions
  @OptionGroup(title: "Logging") var logging: LoggingOptions
}

struct FolderOptions: ParsableArguments {
  @Option(help: help("testFolder"), completion: .directory) var testFolder: String?
  @Option(help: help("recursive")) var recursive: String?
  @Option(help: help("resultsFolder"), completion: .directory) var resultsFolder: String?
  @Option(help: help("modelStore"), completion: .directory) var modelStore: String?
  @Option(help: help("stateDirectory"), completion: .directory) var stateDirectory: String?
  // The trainer's; taken here so that one set of options serves both programs.
  @Option(help: .hidden, completion: .directory) var trainingFolder: String?
}

struct ComputationOptions: ParsableArguments {
  @Option(help: help("model"), completion: .file(extensions: ["safetensors"])) var model: String?
  @Option(help: help("threads")) var threads: String?
}

struct WatchingOptions: ParsableArguments {
  @Option(help: help("settle")) var settle: String?
  @Option(help: help("settleMax")) var settleMax: String?
  @Option(help: help("rescanInterval")) var rescanInterval: String?
  @Option(help: help("pollInterval")) var pollInterval: String?
  @Option(help: help("failedNotes")) var failedNotes: String?
}

struct CompanionOptions: ParsableArguments {
  @Option(help: help("overlays")) var overlays: String?
  @Option(help: help("reports")) var reports: String?
  @Option(help: help("resultsTable")) var resultsTable: String?
  @Option(help: help("probabilities")) var probabilities: String?
  @Option(help: help("scale")) var scale: String?
}

struct LoggingOptions: ParsableArguments {
  @Option(help: help("logFormat")) var logFormat: String?
  @Option(help: help("logLevel")) var logLevel: String?
}
