import ArgumentParser
import Diagnosis
import Settings
import SystemPackage

/// `dermseg doctor`
struct DoctorCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Looks at everything the service needs, and says how to mend what is wrong.",
    discussion: """
      Configuration, folders, limits of the machine, model, units and processor. Folders are tried out as \
      the user of the service if root asks. Nothing is changed; in the folders that the daemon writes to, a \
      small file is made and removed.

      EXAMPLES
        sudo dermseg doctor
        dermseg doctor --config my.yaml
        dermseg doctor --json | grep remedy

      EXIT CODES
        0 nothing is wrong, though there may be warnings, 1 something is, 2 bad arguments.
      """)

  @OptionGroup var service: ServiceOptions
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Print only what is wrong.") var quiet = false

  func run() async throws {
    let doctor = Doctor(
      configFile: service.configFile, options: service.given, environment: processEnvironment())
    let findings = await doctor.findings()
    if json {
      try printJSON(findings)
    } else {
      print(findings)
    }
    if findings.contains(where: { $0.severity == .bad }) { throw ExitCode(1) }
  }

  private func print(_ findings: [Finding]) {
    for area in Finding.Area.allCases {
      let found = findings.filter { $0.area == area && (!quiet || $0.severity != .good) }
      if found.isEmpty { continue }
      Console.print(Console.styled(area.rawValue, .strong))
      for finding in found {
        Console.print("  \(finding.severity.mark) \(finding.message)")
        if let remedy = finding.remedy { Console.print("          \(remedy)") }
      }
    }
    let bad = findings.count { $0.severity == .bad }
    let warnings = findings.count { $0.severity == .warning }
    if !quiet || bad + warnings > 0 {
      Console.print("\(findings.count) looked at, \(bad) wrong, \(warnings) to know of.")
    }
  }
}

extension Finding.Severity {
  /// The word before a finding, of one width.
  fileprivate var mark: String {
    switch self {
    case .good: return Console.styled("ok     ", .good)
    case .warning: return Console.styled("note   ", .warning)
    case .bad: return Console.styled("WRONG  ", .bad)
    }
  }
}
