import ArgumentParser
import SettingOptions
import Settings

/// The command line of the trainer.
struct Options: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dermseg-trainer",
    abstract: "Rebuilds the model from the training folder, once.",
    usage:
      "dermseg-trainer [--config FILE] [--training-folder DIR] [--model-store DIR] [OPTION ...]",
    discussion: """
      Reads the pairs of photographs and masks in FOLDER/images and FOLDER/masks, trains, and puts the \
      new model into the store's service only if it is better than the present one on photographs \
      that were held out. When nothing in the folder changed it ends at once. A run that was stopped \
      goes on with the next start. Nothing in the training folder is ever changed.

      Every option is also a key of the configuration file (--training-folder: trainingFolder) and a \
      variable of the environment (DERMSEG_TRAINING_FOLDER). An option comes before a variable, that \
      before the file, that before the default.

      EXAMPLES
        As a service, with the settings of /etc/dermseg/dermseg.yaml:
          systemctl start dermseg-trainer
          journalctl -fu dermseg-trainer
        Every night:
          systemctl enable --now dermseg-trainer.timer
        In folders of your own:
          dermseg-trainer --training-folder ~/t --model-store ~/models --state-directory ~/.local/state/dermseg

      EXIT CODES
        0 done, or nothing to do, or stopped as told, 2 bad arguments, 69 the training failed, 73 the \
      state or the store cannot be written, 75 a trainer is running already, 78 bad configuration.
      """,
    version: "dermseg-trainer \(dermsegVersion)")

  @Option(
    help: ArgumentHelp(
      "Configuration file (default: \(Settings.defaultFile), if it is there).",
      valueName: "file"), completion: .file(extensions: ["yaml"]))
  var config: String?

  @Option(help: help("trainingFolder"), completion: .directory) var trainingFolder: String?
  @Option(help: help("modelStore"), completion: .directory) var modelStore: String?
  @Option(help: help("stateDirectory"), completion: .directory) var stateDirectory: String?
  @Option(help: help("threads")) var threads: String?
  @Option(help: help("trainingPreset")) var trainingPreset: String?
  @Option(help: help("trainingWidth")) var trainingWidth: String?
  @Option(help: help("trainingSize")) var trainingSize: String?
  @Option(help: help("trainingChannels")) var trainingChannels: String?
  @Option(help: help("trainingEpochs")) var trainingEpochs: String?
  @Option(help: help("trainingBatchSize")) var trainingBatchSize: String?
  @Option(help: help("trainingLeastSteps")) var trainingLeastSteps: String?
  @Option(help: help("trainingSeed")) var trainingSeed: String?
  @Option(help: help("trainingMinimumPairs")) var trainingMinimumPairs: String?
  @Option(help: help("trainingModelsKept")) var trainingModelsKept: String?
  @Option(help: help("logFormat")) var logFormat: String?
  @Option(help: help("logLevel")) var logLevel: String?
}
