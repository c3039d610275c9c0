import Settings
import SystemPackage

/// One thing that was looked at, and what is to be said about it.
public struct Finding: Sendable, Equatable, Encodable {
  /// How bad it is.
  public enum Severity: String, Sendable, Encodable, CaseIterable {
    /// As it should be.
    case good
    /// It works, but somebody should know.
    case warning
    /// The daemon cannot do its work, or not all of it.
    case bad
  }

  /// What it belongs to.
  public enum Area: String, Sendable, Encodable, CaseIterable {
    case configuration, folders, limits, model, units, processor
  }

  /// What it belongs to.
  public var area: Area
  /// How bad it is.
  public var severity: Severity
  /// What was found, in one line.
  public var message: String
  /// The command, or the line of the configuration, that mends it.
  public var remedy: String?

  init(_ area: Area, _ severity: Severity, _ message: String, remedy: String? = nil) {
    (self.area, self.severity) = (area, severity)
    (self.message, self.remedy) = (message, remedy)
  }
}

/// The commands that give a unit a line of its own: `systemctl edit` wants a terminal and an editor.
func dropIn(_ line: String, unit: String) -> String {
  let folder = "/etc/systemd/system/\(unit).service.d"
  return "mkdir -p \(folder)"
    + " && printf '[Service]\\n%s\\n' \(shellQuoted(line)) >> \(folder)/doctor.conf"
    + " && systemctl daemon-reload && systemctl try-restart \(unit)"
}

/// The command that sees what whoever asked may not.
func askAsRoot(_ configuration: FilePath) -> String {
  "sudo dermseg doctor"
    + (configuration == Settings.defaultFile
      ? "" : " --config \(shellQuoted(configuration.string))")
}

/// The command that opens the configuration, and what to change there.
func edit(_ configuration: FilePath, _ what: String) -> String {
  "editor \(shellQuoted(configuration.string))  # \(what)"
}

/// Words for a shell: quoted where it would take them for something else.
func shellQuoted(_ text: String) -> String {
  let isPlain = text.utf8.allSatisfy { byte in
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      return true
    default: return "/._-+=:,@%".utf8.contains(byte)
    }
  }
  return isPlain && !text.isEmpty ? text : "'" + text.replacing("'", with: #"'\''"#) + "'"
}
