import ArgumentParser
import Glibc
import Progress
import Settings
import SystemPackage

/// The terminal or whatever stands in its place.
enum Console {
  /// The one bar of this process, on standard error: what is printed may go elsewhere.
  static let bar = ProgressBar(
    isTerminal: isTerminal(.standardError), columns: { terminalColumns(STDERR_FILENO) },
    write: { write($0, to: .standardError) })

  /// Writes a line to standard output.
  static func print(_ line: String) {
    bar.clear()
    write(line + "\n", to: .standardOutput)
  }

  /// Writes text to standard output as it is.
  static func write(_ text: String) {
    write(text, to: .standardOutput)
  }

  /// Writes a line to standard error.
  static func error(_ line: String) {
    bar.clear()
    write(line + "\n", to: .standardError)
  }

  /// How words stand out on a terminal.
  enum Style: String {
    case good = "32"
    case warning = "33"
    case bad = "31"
    case strong = "1"
  }

  /// Words for standard output, coloured where that is wanted: on a terminal, unless `NO_COLOR` is set
  /// (https://no-color.org) or the terminal has no colours.
  static func styled(_ words: String, _ style: Style) -> String {
    hasColours ? "\u{1B}[\(style.rawValue)m\(words)\u{1B}[0m" : words
  }

  private static let hasColours: Bool = {
    let environment = processEnvironment()
    return isTerminal(.standardOutput) && environment["NO_COLOR", default: ""].isEmpty
      && environment["TERM"] != "dumb"
  }()

  private static func isTerminal(_ descriptor: FileDescriptor) -> Bool {
    isatty(descriptor.rawValue) != 0
  }

  private static func write(_ text: String, to descriptor: FileDescriptor) {
    // Nobody is left to tell when the reader of a pipe went away.
    _ = try? descriptor.writeAll(text.utf8)
  }
}

/// The flag of every command that takes its time.
struct QuietOption: ParsableArguments {
  @Flag(
    name: .shortAndLong,
    help: "No progress bar, and no lines about what went well; results and errors only.")
  var quiet = false

  /// The bar to show progress on.
  var bar: ProgressBar {
    if quiet { Console.bar.hide() }
    return Console.bar
  }

  /// Prints a line about what went well.
  func say(_ line: String) {
    if !quiet { Console.print(line) }
  }
}
