import TestScaffold
import Testing

/// What is installed is one program under three names.
@Suite struct OneProgramTests {
  @Test(arguments: ["dermseg", "dermsegd", "dermseg-trainer"])
  func theNameDecidesWhichProgramItIs(name: String) throws {
    let folder = try ScratchDirectory()
    let program = ProgramRun.directory.appending("dermseg").string
    #expect(folder.shell("mkdir bin && ln -s '\(program)' bin/\(name)") == 0)
    let version = "bin/\(name) --version | grep -qx '\(name) [0-9.]*'"
    #expect(folder.shell(version) == 0)
    // By way of PATH, too, where the name has no folder before it.
    let help = "PATH=\"$PWD/bin:$PATH\" && \(name) --help | grep -q 'USAGE: \(name) '"
    #expect(folder.shell(help) == 0)
    #expect(folder.shell("bin/\(name) --no-such-option 2> errors; test $? = 2") == 0)
    #expect(folder.shell("grep -q \"See '\(name) --help'\" errors") == 0)
  }
}
