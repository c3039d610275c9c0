import TestScaffold
import Testing

/// What a terminal gets and a pipe does not.
@Suite struct TerminalTests {
  private let folder: ScratchDirectory

  init() throws { folder = try ScratchDirectory() }

  /// Everything that a program writes to a terminal of its own; script(1) makes one.
  private func onTerminal(_ arguments: String, environment: String = "") throws -> String {
    let program = ProgramRun.directory.appending("dermseg")
    folder.shell(
      "env -u NO_COLOR TERM=xterm \(environment) script -qec '\(program) \(arguments)' /dev/null > out < /dev/null"
    )
    return String(decoding: (try? folder.read("out")) ?? [], as: UTF8.self)
  }

  private static let slow = "synth --count 5 --width 1600 --height 1200 --output s"

  @Test func whatTakesItsTimeShowsABar() throws {
    let text = try onTerminal(Self.slow)
    #expect(text.contains("\r\u{1B}[KDrawing photographs [") && text.contains("/5"))
    #expect(text.contains("5 photographs in s/images"))
    // The bar is gone when it is over.
    let end = try #require(text.split(separator: "\u{1B}[K").last)
    #expect(end.hasPrefix("5 photographs"))
  }

  @Test func quietAndPipesShowNone() throws {
    #expect(try onTerminal(Self.slow + " --quiet").isEmpty)
    let run = try ProgramRun(
      "dermseg", Self.slow.split(separator: " ").map(String.init), in: folder)
    #expect(
      run.errors.isEmpty && run.output == "5 photographs in s/images, their masks in s/masks\n")
  }

  @Test func coloursAreForTerminalsThatWantThem() throws {
    #expect(try onTerminal("doctor").contains("\u{1B}[1mfolders\u{1B}[0m"))
    for environment in ["NO_COLOR=1", "TERM=dumb"] {
      let text = try onTerminal("doctor", environment: environment)
      #expect(text.contains("folders") && !text.contains("\u{1B}["))
    }
    let piped = try ProgramRun("dermseg", ["doctor"], in: folder)
    #expect(piped.output.contains("folders") && !piped.output.contains("\u{1B}"))
  }
}
