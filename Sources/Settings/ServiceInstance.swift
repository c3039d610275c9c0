import SystemPackage

/// Which of a machine's daemons a configuration file belongs to: `/etc/dermseg/NAME.yaml` to `dermsegd@NAME`, any
/// other to `dermsegd`.
public struct ServiceInstance: Sendable, Equatable {
  /// NAME; nil: the daemon without one.
  public let name: String?

  /// The daemon of a configuration file; nil: of ``Settings/defaultFile``.
  public init(configFile: FilePath?) {
    guard let file = configFile?.lexicallyNormalized(), file != Settings.defaultFile,
      file.removingLastComponent() == Self.folder, file.extension == "yaml"
    else {
      name = nil
      return
    }
    name = file.stem
  }

  private static let folder = Settings.defaultFile.removingLastComponent()

  /// The configuration file of an instance.
  public static func configFile(of name: String) -> FilePath {
    folder.appending("\(name).yaml")
  }

  /// The unit, as one types it after `systemctl`.
  public var unit: String { name.map { "dermsegd@\($0)" } ?? "dermsegd" }

  /// The variables that this instance's unit sets beside those that are there: its own state directory.
  public func environment(_ own: [String: String]) -> [String: String] {
    guard let name else { return own }
    return own.merging(["DERMSEG_STATE_DIRECTORY": "/var/lib/dermsegd-\(name)"]) { given, _ in given
    }
  }
}
