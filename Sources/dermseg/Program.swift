import ArgumentParser
import DaemonProgram
import Glibc
import Journal
import SystemPackage
import TrainerProgram

/// All three programs in one: the name that it is called by says which.
///
/// Installed are `dermseg` and two links to it, because nine tenths of each program would be the same
/// Swift runtime.
@main
enum Program {
  static func main() {
    switch CommandLine.arguments.first.map({ FilePath($0) })?.lastComponent?.string {
    case "dermsegd": Dermsegd.main()
    case "dermseg-trainer": DermsegTrainer.main()
    default: runProgram { await runCommand() }
    }
  }

  /// Runs the command of the command line to its end.
  private static func runCommand() async -> Never {
    do {
      var command = try Dermseg.parseAsRoot()
      if var asynchronous = command as? AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
      exit(0)
    } catch let failure as CommandFailure {
      Console.error(failure.message)
      Dermseg.exit(withError: failure.exitCode)
    } catch  where Dermseg.exitCode(for: error) == .validationFailure {
      // The parser's own code for bad arguments is 64; ours is 2.
      Console.error(Dermseg.fullMessage(for: error))
      Dermseg.exit(withError: ExitCode(2))
    } catch {
      Dermseg.exit(withError: error)
    }
  }
}
