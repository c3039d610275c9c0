import Settings
import SystemPackage

/// Judges the units, as the service manager has them.
package struct UnitFindings {
  /// What was found.
  package private(set) var findings: [Finding] = []

  private let instance: ServiceInstance
  private static let timer = "dermseg-trainer.timer"

  /// Asks about the daemon of a configuration and the trainer's timer.
  package init(
    _ systemd: Systemd, settings: Settings?, configFile: FilePath = Settings.defaultFile
  ) {
    instance = ServiceInstance(configFile: configFile)
    guard systemd.isRunning else {
      add(
        .warning,
        "systemd does not manage this machine (/run/systemd/system is missing): the daemon has to be "
          + "started in another way.", remedy: "dermsegd --config \(shellQuoted(configFile.string))"
      )
      return
    }
    let name = "\(instance.unit).service"
    let daemon = systemd.properties(of: name)
    judge(daemon, name, isNeeded: true)
    judge(systemd.properties(of: Self.timer), Self.timer, isNeeded: false)
    if let settings, daemon["LoadState"] == "loaded" { judgeSandbox(daemon, settings) }
  }

  private mutating func add(
    _ severity: Finding.Severity, _ message: String, remedy: String? = nil
  ) {
    findings.append(Finding(.units, severity, message, remedy: remedy))
  }

  private mutating func judge(_ unit: [String: String], _ name: String, isNeeded: Bool) {
    let trouble: Finding.Severity = isNeeded ? .bad : .warning
    guard unit["LoadState"] == "loaded" else {
      let state = unit["LoadState"] ?? "not known"
      return add(
        trouble, "\(name) is not installed (\(state)).",
        remedy: state == "masked"
          ? "systemctl unmask \(name) && systemctl enable --now \(name)"
          : "make install && systemctl daemon-reload")
    }
    if unit["NeedDaemonReload"] == "yes" {
      add(.warning, "\(name) was changed since systemd read it.", remedy: "systemctl daemon-reload")
    }
    let isEnabled = unit["UnitFileState"]?.hasPrefix("enabled") == true
    let restarts = unit["NRestarts"].flatMap { Int($0) } ?? 0
    let enabled = isEnabled ? "enabled" : unit["UnitFileState"] ?? "not enabled"
    switch unit["ActiveState"] {
    case "active"?, "activating"?, "reloading"?:
      let again = restarts > 0 ? ", restarted \(restarts) times" : ""
      add(
        isEnabled && restarts == 0 ? .good : .warning,
        "\(name) is \(unit["ActiveState"] ?? ""), \(enabled)\(again).",
        remedy: !isEnabled
          ? "systemctl enable \(name)"
          : restarts > 0 ? "journalctl -u \(name) -p warning; systemctl reset-failed \(name)" : nil)
    case "failed"?:
      add(
        trouble, "\(name) failed (\(unit["Result"] ?? "")), \(enabled).",
        remedy: "journalctl -u \(name) -n 20; systemctl restart \(name)")
    default:
      add(
        trouble, "\(name) is not active (\(unit["ActiveState"] ?? "not known")), \(enabled).",
        remedy: "systemctl enable --now \(name)")
    }
  }

  /// A folder that is configured, but that the unit's sandbox hides or protects.
  private mutating func judgeSandbox(_ unit: [String: String], _ settings: Settings) {
    let written = Self.paths(unit["ReadWritePaths"])
    let hidden = Self.paths(unit["InaccessiblePaths"])
    let state = (unit["StateDirectory"] ?? "").split(separator: " ")
      .map { FilePath("/var/lib").appending(String($0)) }
    let folders: [(FilePath, String, isWritten: Bool)] = [
      (settings.testFolder, "test folder", false),
      (settings.resultsFolder, "Results folder", true),
      (settings.stateDirectory, "state directory", true),
      (settings.modelStore, "model store", false),
    ]
    for (path, role, isWritten) in folders {
      if hidden.contains(where: { path.starts(with: $0) })
        || unit["ProtectHome"] == "yes"
          && ["/home", "/root", "/run/user"].contains(where: { path.starts(with: FilePath($0)) })
      {
        add(
          .bad, "The \(role) \(path.displayed) is hidden from the service by its sandbox.",
          remedy: dropIn("ProtectHome=no", unit: instance.unit))
      } else if isWritten, unit["ProtectSystem"] == "strict",
        !(written + state).contains(where: { path.starts(with: $0) })
      {
        add(
          .bad, "The \(role) \(path.displayed) is read-only for the service by its sandbox.",
          remedy: dropIn("ReadWritePaths=\(Self.quoted(path))", unit: instance.unit))
      }
    }
  }

  /// A path as a unit file has it (systemd.syntax(7)).
  private static func quoted(_ path: FilePath) -> String {
    let text = path.string.replacing("%", with: "%%")
    guard text.contains(where: { " \t\"'\\".contains($0) }) else { return text }
    return "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
  }

  /// `-/a "/b c"` is two paths, as `systemctl show` prints them; the minus says that the first may be missing.
  private static func paths(_ text: String?) -> [FilePath] {
    var words: [String] = [""]
    var (isQuoted, isEscaped) = (false, false)
    for character in text ?? "" {
      switch character {
      case _ where isEscaped: words[words.count - 1].append(character)
      case "\\": break
      case "\"": isQuoted.toggle()
      case " " where !isQuoted: words.append("")
      default: words[words.count - 1].append(character)
      }
      isEscaped = !isEscaped && character == "\\"
    }
    return words.filter { !$0.isEmpty }.map {
      FilePath(String($0.first == "-" ? $0.dropFirst() : Substring($0)))
    }
  }
}
