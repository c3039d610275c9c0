import Files
import Glibc

/// What the service manager says, asked through `systemctl`.
public struct Systemd: Sendable {
  /// Runs a command of words that need no quoting; what it wrote, nil if it could not be run.
  private let output: @Sendable (_ command: String) -> String?
  /// Whether systemd manages this machine (sd_booted(3)).
  public let isRunning: Bool

  /// The one of this machine.
  public init() {
    let isBooted = ((try? fileStatus(at: "/run/systemd/system")) ?? nil) != nil
    self.init(isRunning: isBooted) { outputOfCommand($0) }
  }

  /// One that a test makes up.
  package init(isRunning: Bool, output: @escaping @Sendable (_ command: String) -> String?) {
    (self.isRunning, self.output) = (isRunning, output)
  }

  /// The properties of a unit, by their names (org.freedesktop.systemd1(5)); empty where there is no systemd.
  public func properties(of unit: String) -> [String: String] {
    guard isRunning else { return [:] }
    let names = UnitProperty.allCases.map(\.rawValue).joined(separator: ",")
    guard let text = output("systemctl show --property=\(names) \(unit)") else { return [:] }
    var properties: [String: String] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { properties[String(parts[0])] = String(parts[1]) }
    }
    return properties
  }
}

/// What is asked about a unit.
private enum UnitProperty: String, CaseIterable {
  case loadState = "LoadState"
  case activeState = "ActiveState"
  case unitFileState = "UnitFileState"
  case result = "Result"
  case restarts = "NRestarts"
  case needsReload = "NeedDaemonReload"
  case statusText = "StatusText"
  case user = "User"
  case mainPID = "MainPID"
  case protectSystem = "ProtectSystem"
  case protectHome = "ProtectHome"
  case readWritePaths = "ReadWritePaths"
  case inaccessiblePaths = "InaccessiblePaths"
  case stateDirectory = "StateDirectory"
  case openFiles = "LimitNOFILE"
  case memoryLimit = "MemoryMax"
}

private func outputOfCommand(_ command: String) -> String? {
  guard let stream = unsafe popen(command + " 2>/dev/null", "re") else { return nil }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 4096)
  while true {
    let count = unsafe fread(&buffer, 1, buffer.count, stream)
    if count == 0 { break }
    bytes += buffer[..<count]
  }
  return unsafe pclose(stream) == 0 ? String(decoding: bytes, as: UTF8.self) : nil
}
