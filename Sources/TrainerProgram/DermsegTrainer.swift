import ArgumentParser
import Glibc
import Journal
import Logging
import SettingOptions
import Settings
import SystemPackage
import Training

/// The trainer's program: parses, runs, and maps errors to exit codes.
public enum DermsegTrainer {
  /// Does all that, with the command line of this process; to be called on the main thread.
  public static func main() -> Never {
    let options: Options
    do {
      options = try Options.parse()
    } catch {
      // --help is an "error" of code 0; the parser's own code for real ones is 64.
      if Options.exitCode(for: error) == .success { Options.exit(withError: error) }
      _ = try? FileDescriptor.standardError.writeAll(
        (Options.fullMessage(for: error) + "\n").utf8)
      exit(2)
    }
    runProgram { exit(await run(options)) }
  }

  /// - Returns: the exit code.
  private static func run(_ options: Options) async -> Int32 {
    let environment = processEnvironment()
    var logger = Logger(
      destination: .automatic(environment: environment), identifier: "dermseg-trainer")
    do {
      let settings = try await Settings.load(
        configFile: options.config.map { FilePath($0) }, options: options.givenSettings,
        environment: environment)
      logger = settings.logger(identifier: "dermseg-trainer", environment: environment)
      return try await rebuild(settings, RebuildLog(logger: logger))
    } catch let error as SettingsError {
      logger.record(.trainingFailed, level: .error, "Not trained: \(error)")
      if case .invalidValue(_, _, _, .option) = error { return 2 }
      return 78
    } catch let error as RebuildError {
      logger.record(.trainingFailed, level: .error, error.description)
      return error.exitCode
    } catch {
      logger.record(.trainingFailed, level: .error, "Ended by a fault: \(error)")
      return 70
    }
  }

  private static func rebuild(_ settings: Settings, _ log: RebuildLog) async throws -> Int32 {
    let snapshot = StepSnapshot()
    let overdue: @Sendable () -> Void = {
      // A step, or the reading of photographs, takes longer than there is time.
      do {
        try snapshot.save()
        log.end(.stopped)
        exit(0)
      } catch {
        log.logger.record(.trainingFailed, level: .error, "Stopped; state not written: \(error)")
        exit(73)
      }
    }
    let outcome = try await withStopOnSignals(overdue: overdue) { stop in
      var rebuild = Rebuild(settings: settings)
      rebuild.observe = log.show
      rebuild.reading = log.showReading
      rebuild.snapshot = snapshot
      rebuild.shouldStop = { stop.isRaised }
      return try await rebuild.run()
    }
    log.end(outcome)
    return 0
  }
}
