import ArgumentParser
import Daemon
import Files
import ModelStore
import Progress
import Settings
import SystemPackage

/// `dermseg failed`
struct FailedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "failed", abstract: "Lists the photographs that were refused, with the reasons.",
    discussion: """
      These are the photographs about which there is a note in failed/ of the Results folder, newest first. \
      One that was replaced since, or whose note is of another model, is not among them: the daemon tries it \
      again by itself.

      EXAMPLES
        dermseg failed
        dermseg failed --json

      EXIT CODES
        0 done, also when there are none, 2 bad arguments, 69 the test folder cannot be listed, 78 bad \
      configuration.
      """)

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @OptionGroup var quiet: QuietOption

  /// One failure.
  private struct Line: Encodable {
    var file: String
    var reason: String
    /// Seconds since 1970.
    var noted: Int
  }

  func run() async throws {
    let settings = try await service.settings("Not listed")
    let found = try overview(of: settings, "Not listed", quiet)
    let lines = found.failed.map {
      Line(file: $0.source.description, reason: $0.reason, noted: $0.noted.seconds)
    }
    for text in notLookedAt(found.unreadable) { Console.error("Not looked at: \(text)") }
    if json { return try printJSON(lines) }
    for line in lines { Console.print("\(localTime(line.noted))  \(line.file): \(line.reason)") }
    if !settings.failedNotes {
      Console.error("The setting failedNotes is false: reasons are in the journal only.")
    }
    if lines.isEmpty {
      return quiet.say(found.unreadable.isEmpty ? "None." : "None that could be looked at.")
    }
    quiet.say("\(lines.count) failed. To try them again: dermseg retry --all")
  }
}

/// `dermseg retry`
struct RetryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retry", abstract: "Has the daemon try refused photographs once more.",
    discussion: """
      The note in failed/ is removed, and a photograph that is left alone because the program ended while it \
      had it in hand is pardoned: it is then tried last and alone. Neither needs the daemon to be stopped; \
      it finds out within the time of the setting rescanInterval, or at once when it is reloaded. NAME is what \
      `dermseg failed` shows, a path within the test folder.

      EXAMPLES
        sudo dermseg retry IMG_0042.jpg
        sudo dermseg retry --all && sudo systemctl reload dermsegd

      EXIT CODES
        0 done, 2 bad arguments, 69 a photograph has not failed, or the test folder cannot be listed, 73 a \
      note cannot be removed, 78 bad configuration.
      """)

  @OptionGroup var service: ServiceOptions
  @Flag(help: "All that failed.") var all = false
  @OptionGroup var quiet: QuietOption
  @Argument(
    help: ArgumentHelp("Photographs that failed.", valueName: "name"),
    completion: .shellCommand(
      #"dermseg failed --json 2>/dev/null | sed -n 's/^ *"file" : "\(.*\)",$/\1/p'"#))
  var names: [String] = []

  func validate() throws {
    if all != names.isEmpty {
      throw ValidationError("Give either names of photographs or --all.")
    }
  }

  func run() async throws {
    let settings = try await service.settings("Not tried again")
    guard settings.failedNotes else {
      throw CommandFailure(
        message:
          "Not tried again: the setting failedNotes is false, so the daemon alone knows what "
          + "failed. Restart it: systemctl restart \(service.service.unit)",
        exitCode: .badConfiguration)
    }
    let found = try overview(of: settings, "Not tried again", quiet)
    for text in notLookedAt(found.unreadable) { Console.error("Not looked at: \(text)") }
    let failed = found.failed.map(\.source)
    let chosen = all ? failed : try names.map { try source(named: $0, among: failed) }
    let state = stateDirectory(settings)
    for source in chosen {
      do {
        try SecondChance.give(
          to: source, results: try DirectoryHandle(opening: settings.resultsFolder), state: state)
      } catch {
        throw CommandFailure(
          message: "Not tried again: \(source): \(error)", exitCode: .cannotCreate)
      }
      quiet.say("To be tried again: \(source)")
    }
    if chosen.isEmpty {
      return quiet.say(
        found.unreadable.isEmpty ? "None has failed." : "None that could be looked at has failed.")
    }
    quiet.say(
      "The daemon finds out within \(spelled(settings.rescanInterval)); at once: systemctl reload "
        + service.service.unit
    )
  }

  private func source(named name: String, among failed: [SourcePath]) throws -> SourcePath {
    let found = failed.first {
      $0.bytes.elementsEqual(name.utf8) || $0.description == name
    }
    guard let found else {
      throw CommandFailure(
        message: "Not tried again: \(name): no photograph of this name has failed. "
          + "`dermseg failed` lists those that have.", exitCode: .unavailable)
    }
    return found
  }

  /// The state directory, which others than root and the service's user cannot look into.
  private func stateDirectory(_ settings: Settings) -> DirectoryHandle? {
    do throws(FileError) {
      return try DirectoryHandle(opening: settings.stateDirectory)
    } catch {
      if error.errno != .noSuchFileOrDirectory {
        Console.error("Not pardoned, should the daemon leave one of them alone: \(error)")
      }
      return nil
    }
  }
}

/// The folders of a service, judged by the model in service.
private func overview(
  of settings: Settings, _ undone: String, _ quiet: QuietOption
) throws -> FolderOverview {
  let bar = quiet.bar
  defer { bar.clear() }
  // A model that cannot be used is `dermseg status`'s and `dermseg doctor`'s to say.
  let model = try? ModelLocator.load(explicitFile: settings.model, store: settings.modelStore)
  do {
    return try FolderOverview(
      testFolder: settings.testFolder, resultsFolder: settings.resultsFolder,
      isRecursive: settings.recursive, modelSHA256: model?.sha256,
      maskSettings: settings.masks,
      progress: { bar.show("Looking at photographs", done: $0, of: $1) })
  } catch {
    throw CommandFailure(message: "\(undone): \(error)", exitCode: .unavailable)
  }
}
