import Files
import SystemPackage

/// Why the settings cannot be used.
public enum SettingsError: Error, Equatable, Sendable {
  /// The configuration file cannot be read.
  case unreadable(FileError)
  /// The configuration file is not YAML with one key per line.
  case malformed(FilePath, line: Int?, reason: String)
  /// A key that does not exist.
  case unknownKey(String, origin: SettingOrigin, suggestion: String?)
  /// A value that is not allowed.
  case invalidValue(key: String, value: String, allowed: String, origin: SettingOrigin)
}

/// Where a value came from.
public enum SettingOrigin: Sendable, Equatable, CustomStringConvertible {
  case option(String)
  case environment(String)
  case file(FilePath, line: Int?)

  /// The place, for messages.
  public var description: String {
    switch self {
    case .option(let name): return "option \(name)"
    case .environment(let name): return "environment variable \(name)"
    case .file(let path, let line?): return "\(path.displayed) line \(line)"
    case .file(let path, nil): return path.displayed
    }
  }
}

extension SettingsError {
  /// The line of the configuration file that it is about.
  var line: Int? {
    switch self {
    case .malformed(_, let line, _), .unknownKey(_, .file(_, let line), _),
      .invalidValue(_, _, _, .file(_, let line)):
      return line
    case .unreadable, .unknownKey, .invalidValue: return nil
    }
  }
}

extension SettingsError: CustomStringConvertible {
  /// Which place, which key, why, and what to do.
  public var description: String {
    switch self {
    case .unreadable(let error):
      return "the configuration cannot be read: \(error)"
    case .malformed(let path, let line, let reason):
      return "\(SettingOrigin.file(path, line: line)): \(reason) Write one \"key: value\" per line."
    case .unknownKey(let key, let origin, let suggestion?):
      return "\(origin): there is no key \"\(key)\". Did you mean \"\(suggestion)\"?"
    case .unknownKey(let key, let origin, nil):
      return "\(origin): there is no key \"\(key)\". The keys are "
        + SettingKey.all.map(\.name).joined(separator: ", ") + "."
    case .invalidValue(let key, let value, let allowed, let origin):
      return "\(origin): \(key) is \"\(value)\", but must be \(allowed)."
    }
  }
}
