import ArgumentParser
import Files
import FoundationEssentials
import Glibc
import ModelStore
import Settings
import SystemPackage

/// `dermseg model`
struct ModelCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "model", abstract: "Looks at models, and decides which one is in service.",
    discussion: """
      The store holds one folder per model; its link `current` names the one in service, and the daemon \
      follows it between two photographs. A model may be named by its id, by the beginning of it or of its \
      checksum, or by `built-in` for the one in the programs.

      EXAMPLES
        dermseg model list
        dermseg model show
        dermseg model promote unet-3f8a
        dermseg model rollback
      """,
    subcommands: [
      ModelListCommand.self, ModelShowCommand.self, ModelPromoteCommand.self,
      ModelRollbackCommand.self, ModelVerifyCommand.self, ModelPruneCommand.self,
      ModelImportCommand.self, ModelExportCommand.self,
    ])
}

/// The option that all commands about the store have.
struct StoreOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The model store. Default: the setting modelStore.", valueName: "dir"), completion: .directory
  )
  var modelStore: String?

  /// The store named by the option, or by the settings.
  ///
  /// Whoever puts a model into it, the service's user has to read it.
  func store() async throws -> ModelStore {
    umask(0o022)
    if let modelStore { return ModelStore(directory: FilePath(modelStore)) }
    let settings = try await loadSettings([:], "Store not found")
    return ModelStore(directory: settings.modelStore)
  }
}

/// Runs something with the store; its errors become a line and an exit code.
///
/// - Parameter undone: what was not done, for example `Not promoted`.
func withStore<Result>(
  _ undone: String, _ body: () throws(ModelStoreError) -> Result
) throws -> Result {
  do throws(ModelStoreError) {
    return try body()
  } catch {
    throw CommandFailure(message: "\(undone): \(error)", exitCode: error.exitCode)
  }
}

extension ModelStoreError {
  /// The exit code of sysexits.h that says so.
  var exitCode: ExitCode {
    switch self {
    case .noStore, .unknownModel, .ambiguousModel, .noEarlierModel: return .unavailable
    case .notPublished, .notChanged: return .cannotCreate
    case .locked: return .tryLater
    case .noModel, .unreadable, .unsound, .checksumDiffers, .badCurrent: return .badConfiguration
    }
  }
}

/// Prints a value as JSON.
func printJSON(_ value: some Encodable) throws {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  Console.print(String(decoding: try encoder.encode(value), as: UTF8.self))
}

/// A time as `2026-11-25T01:02:03Z`.
func spelled(_ time: FileTime) -> String {
  Date(timeIntervalSince1970: Double(time.seconds)).formatted(.iso8601)
}
