import ArgumentParser
import ManualPages
import Settings
import SystemPackage

/// `dermseg manual-page`, for `scripts/man-pages`.
struct ManualPageCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual-page",
    abstract: "Writes a manual page of what a program says about itself.",
    discussion: """
      Reads the JSON of `PROGRAM --experimental-dump-help` from standard input; with --settings it is the page \
      of the configuration file.
      """, shouldDisplay: false)

  @Option(help: "Section of the manual.") var section = 1
  @Option(help: "The day that the page names, such as 2026-11-25.") var date: String
  @Flag(help: "Write dermseg.yaml(5).") var settings = false

  func run() throws {
    let version = "dermseg \(dermsegVersion)"
    if settings {
      return Console.write(SettingsPage(version: version, date: date).text)
    }
    let program: ProgramDescription
    do {
      program = try ProgramDescription(json: try standardInput())
    } catch {
      throw CommandFailure(
        message:
          "Not written: standard input is not what --experimental-dump-help prints: \(error)",
        exitCode: .dataError)
    }
    let page = ManualPage(
      of: program, section: section, version: version, date: date,
      files: [
        ("\(Settings.defaultFile)", "Settings, see dermseg.yaml(5)."),
        ("/srv/dermseg/test", "The watched folder, unless configured otherwise."),
        ("/srv/dermseg/Results", "The masks, and in failed/ the reasons."),
        ("/srv/dermseg/training", "Photographs (images/) and masks (masks/) to learn from."),
        ("/var/lib/dermseg/models", "The model store."),
      ],
      seeAlso: [
        "dermseg(1)", "dermsegd(8)", "dermseg-trainer(8)", "dermseg.yaml(5)", "systemctl(1)",
        "journalctl(1)",
      ])
    Console.write(page.text)
  }

  private func standardInput() throws -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try unsafe buffer.withUnsafeMutableBytes {
        try unsafe FileDescriptor.standardInput.read(into: $0)
      }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
    }
  }
}
