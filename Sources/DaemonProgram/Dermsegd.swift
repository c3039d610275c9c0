import ArgumentParser
import Daemon
import Dispatch
import Glibc
import Journal
import Logging
import ServiceLifecycle
import SettingOptions
import Settings
import Synchronization
import SystemPackage
import UnixSignals

/// The daemon's program: parses, runs, and maps errors to exit codes.
public enum Dermsegd {
  /// Does all that, with the command line of this process; to be called on the main thread.
  public static func main() -> Never {
    let options: Options
    do {
      options = try Options.parse()
    } catch {
      // --help and --version are "errors" of code 0; the parser's own code for real ones is 64.
      if Options.exitCode(for: error) == .success { Options.exit(withError: error) }
      say(Options.fullMessage(for: error))
      exit(2)
    }
    runProgram { exitNow(await run(options)) }
  }

  /// Runs the daemon.
  ///
  /// - Returns: The exit code.
  private static func run(_ options: Options) async -> Int32 {
    // Trapped before anything else: told to stop while the model is still being read, it stops cleanly.
    let orders = await UnixSignalsSequence(trapping: .sigterm, .sigint)
    let hangups = await UnixSignalsSequence(trapping: .sighup)
    let environment = processEnvironment()
    var logger = Logger(
      destination: .automatic(environment: environment), identifier: "dermsegd")
    do {
      let settings = try await Settings.load(
        configFile: options.config.map { FilePath($0) }, options: options.givenSettings,
        environment: environment)
      logger = settings.logger(identifier: "dermsegd", environment: environment)
      let stopper = Stopper()
      Task { [logger] in for await _ in orders { stopper.stop(logger) } }
      let service = try FolderService(settings: settings, logger: logger) { [logger] in
        endSoon(logger)
      }
      try service.noteCrashes()
      stopper.isStarted(service)
      let reloader = Reloader(
        hangups: hangups, service: service, configFile: options.config,
        given: options.givenSettings,
        logger: logger)
      try await run(service, reloader, logger)
      return 0
    } catch let error as SettingsError {
      notStarted("Not started: \(error)", logger)
      if case .invalidValue(_, _, _, .option) = error { return 2 }
      return 78
    } catch let error as DaemonError {
      notStarted("\(error)", logger)
      return error.exitCode
    } catch {
      notStarted("Ended by a fault: \(error)", logger)
      return 70
    }
  }

  private static func run(_ service: FolderService, _ reloader: Reloader, _ logger: Logger)
    async throws
  {
    var quiet = logger
    quiet.logLevel = .warning
    let group = ServiceGroup(
      configuration: ServiceGroupConfiguration(
        services: [
          .init(service: service, successTerminationBehavior: .gracefullyShutdownGroup),
          .init(service: reloader, successTerminationBehavior: .ignore),
        ], logger: quiet))
    try await group.run()
  }

  private static func notStarted(_ message: String, _ logger: Logger) {
    ServiceNotifier().stopping(status: message)
    logger.record(.notStarted, level: .error, message, fields: ["reason": "\(message)"])
  }
}

/// Stops the service, or, before there is one, the process.
private final class Stopper: Sendable {
  private let service = Mutex<FolderService?>(nil)

  func isStarted(_ started: FolderService) { service.withLock { $0 = started } }

  func stop(_ logger: Logger) {
    if let service = service.withLock({ $0 }) { return service.stop() }
    logger.record(.stopped, level: .notice, "Stopped as told, before it was ready.")
    exitNow(0)
  }
}

/// Reads the settings again at each SIGHUP (`systemctl reload`).
private struct Reloader: Service {
  let hangups: UnixSignalsSequence
  let service: FolderService
  let configFile: String?
  let given: [String: String]
  let logger: Logger

  func run() async {
    for await _ in hangups.cancelOnGracefulShutdown() {
      do throws(SettingsError) {
        let settings = try await Settings.load(
          configFile: configFile.map { FilePath($0) }, options: given,
          environment: processEnvironment())
        await service.reload(settings)
      } catch {
        logger.record(
          .notReloaded, level: .error, "Not reloaded: \(error) The settings stay as they were.",
          fields: ["reason": "\(error)"])
      }
    }
  }
}

/// Ends the process if the photograph in hand takes too long after the order to stop.
///
/// systemd and users are promised an end within 5 s. The photograph's mask is then absent, and made
/// after the next start.
private func endSoon(_ logger: Logger) {
  DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(4500)) {
    logger.record(
      .stopped, level: .notice,
      "Stopped as told, without waiting for the photograph in hand: it is done after the next start."
    )
    exitNow(0)
  }
}

/// Ends the process at once: no destructors of libraries whose threads still compute.
private func exitNow(_ code: Int32) -> Never { _exit(code) }

private func say(_ text: String) {
  _ = try? FileDescriptor.standardError.writeAll((text + "\n").utf8)
}
