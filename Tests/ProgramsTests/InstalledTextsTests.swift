import Files
import SystemPackage
import TestScaffold
import Testing

/// The manual pages and completions as they are installed.
@Suite struct InstalledTextsTests {
  private static let share = Result<ScratchDirectory, any Error> {
    let folder = try ScratchDirectory()
    let script = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent().appending("scripts/man-pages")
    let code = folder.shell("'\(script)' '\(ProgramRun.directory)' share > log 2>&1")
    #expect(code == 0)
    return folder
  }

  private static func has(_ command: String) -> Bool {
    (try? ScratchDirectory().shell("command -v \(command) > /dev/null")) == 0
  }

  private static let pages = [
    "man1/dermseg.1", "man5/dermseg.yaml.5", "man8/dermsegd.8", "man8/dermseg-trainer.8",
  ]

  /// What a command says about a file; empty where it has nothing to say.
  private func complaints(_ command: String) throws -> String {
    let folder = try Self.share.get()
    // A file of its own: the tests run side by side.
    let file = "out-\(UInt64.random(in: 0...UInt64.max))"
    folder.shell("{ \(command); } > \(file) 2>&1 || echo failed >> \(file)")
    return String(decoding: (try? folder.read(file)) ?? [], as: UTF8.self)
  }

  @Test func everyCommandAndKeyIsInThem() throws {
    let page = try complaints("gzip -dc share/man/man1/dermseg.1.gz")
    for command in ["segment", "model list", "doctor", "check-config", "status", "failed", "retry"]
    {
      #expect(page.contains(".SS \"dermseg \(Roff.escaped(command))\"\n"), "\(command)")
    }
    #expect(!page.contains("manual\\-page"))
    let daemon = try complaints("gzip -dc share/man/man8/dermsegd.8.gz")
    #expect(daemon.contains("\\-\\-test\\-folder") && daemon.contains(".SH \"EXIT STATUS\""))
    let folder = try Self.share.get()
    #expect(folder.shell("test $(find share -type f | wc -l) = 13") == 0)
  }

  @Test(.enabled(if: has("groff"), "groff is not installed"), arguments: pages)
  func groffHasNothingToSay(_ page: String) throws {
    #expect(
      try complaints("gzip -dc share/man/\(page).gz | groff -man -ww -Tutf8 > /dev/null") == "")
  }

  @Test(.enabled(if: has("mandoc"), "mandoc is not installed"), arguments: pages)
  func mandocHasNothingToSay(_ page: String) throws {
    #expect(try complaints("gzip -dc share/man/\(page).gz | mandoc -T lint -W warning") == "")
  }

  @Test(arguments: ["dermseg", "dermsegd", "dermseg-trainer"])
  func bashReadsItsCompletions(_ program: String) throws {
    #expect(try complaints("bash -n share/bash-completion/completions/\(program)") == "")
  }

  @Test(
    .enabled(if: has("zsh"), "zsh is not installed"),
    arguments: ["dermseg", "dermsegd", "dermseg-trainer"])
  func zshReadsItsCompletions(_ program: String) throws {
    #expect(try complaints("zsh -n share/zsh/site-functions/_\(program)") == "")
  }

  @Test(
    .enabled(if: has("fish"), "fish is not installed"),
    arguments: ["dermseg", "dermsegd", "dermseg-trainer"])
  func fishReadsItsCompletions(_ program: String) throws {
    #expect(
      try complaints("HOME=$PWD fish -n share/fish/vendor_completions.d/\(program).fish") == "")
  }

  /// Bash itself is asked what it would offer.
  @Test func bashOffersCommands() throws {
    let offered = try complaints(
      """
      bash -c 'shopt -s extglob; . share/bash-completion/completions/dermseg
      COMP_WORDS=(dermseg sta) COMP_CWORD=1 COMP_LINE="dermseg sta" COMP_POINT=11
      _dermseg; printf "%s\\n" "${COMPREPLY[@]}"'
      """)
    #expect(offered.split(separator: "\n").contains("status"), "\(offered)")
  }

  /// And the models of the store, which the program lists itself.
  @Test func bashOffersModels() throws {
    let offered = try complaints(
      """
      PATH="\(ProgramRun.directory):$PATH" bash -c '
      shopt -s extglob; . share/bash-completion/completions/dermseg
      COMP_WORDS=(dermseg model promote b) COMP_CWORD=3 COMP_LINE="dermseg model promote b" COMP_POINT=23
      _dermseg; printf "%s\\n" "${COMPREPLY[@]}"'
      """)
    #expect(offered.split(separator: "\n").contains("built-in"), "\(offered)")
  }
}

/// Only what the names of commands need.
private enum Roff {
  static func escaped(_ words: String) -> String { words.replacing("-", with: "\\-") }
}
