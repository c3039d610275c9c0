import ArgumentParser
import Glibc
import Settings

/// The command line program.
struct Dermseg: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "dermseg",
    abstract: "Segments skin lesions in dermoscopy photographs with a U-Net.",
    version: "dermseg \(dermsegVersion)",
    subcommands: [ManualPageCommand.self],
    groupedSubcommands: [
      CommandGroup(
        name: "Photograph",
        subcommands: [SegmentCommand.self, EvaluateCommand.self, SynthCommand.self]),
      CommandGroup(
        name: "Results",
        subcommands: [ReportCommand.self, GalleryCommand.self, ExportCommand.self]),
      CommandGroup(
        name: "Service",
        subcommands: [
          StatusCommand.self, FailedCommand.self, RetryCommand.self, DoctorCommand.self,
          CheckConfigCommand.self, CheckFolderCommand.self,
        ]),
      CommandGroup(
        name: "Model",
        subcommands: [
          ModelCommand.self, TrainCommand.self, DataCommand.self, BenchCommand.self,
        ]),
    ])
}

/// Why a command ended without doing what it was asked, in one line, and the exit code that says so.
struct CommandFailure: Error {
  /// What was not done: which file: why, with numbers: what to do.
  let message: String
  let exitCode: ExitCode
}

extension ExitCode {
  /// Bad arguments.
  static let badArguments = ExitCode(2)
  /// sysexits.h: what was given to read is damaged or does not fit.
  static let dataError = ExitCode(65)
  /// sysexits.h: something that is needed is not there.
  static let unavailable = ExitCode(69)
  /// sysexits.h: an output file cannot be written.
  static let cannotCreate = ExitCode(73)
  /// sysexits.h: try again later.
  static let tryLater = ExitCode(75)
  /// sysexits.h: something is configured wrongly.
  static let badConfiguration = ExitCode(78)
}
