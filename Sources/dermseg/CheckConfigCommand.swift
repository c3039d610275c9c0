import ArgumentParser
import Settings
import SystemPackage

/// `dermseg check-config`
struct CheckConfigCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check-config",
    abstract: "Reads a configuration file as the daemon would, and names every error.",
    discussion: """
      Each error names the line, the key, the value and what is allowed; of a key that does not exist, the \
      one that was probably meant. Without errors the keys that the file gives are printed, with their values.

      EXAMPLES
        dermseg check-config
        dermseg check-config my.yaml && sudo systemctl reload dermsegd

      EXIT CODES
        0 right, 2 bad arguments, 78 errors.
      """)

  @Argument(
    help: ArgumentHelp("The file. Default: \(Settings.defaultFile).", valueName: "file"),
    completion: .file(extensions: ["yaml"]))
  var file: String?

  @OptionGroup var quiet: QuietOption

  func run() async throws {
    let path = file.map { FilePath($0) } ?? Settings.defaultFile
    let (given, errors) = await Settings.check(path)
    for error in errors { Console.error("\(error)") }
    if !errors.isEmpty { throw ExitCode.badConfiguration }
    for key in given { quiet.say("\(key.name): \(key.value)") }
    let count = given.count
    quiet.say(
      "\(path): right; \(count) key\(count == 1 ? "" : "s") given, the others are defaults.")
  }
}
