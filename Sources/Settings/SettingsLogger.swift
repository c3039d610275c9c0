import Glibc
import Journal
import Logging

extension Settings {
  /// The logger that they ask for.
  ///
  /// - Parameters:
  ///   - identifier: the program's name in the journal.
  ///   - environment: says where standard error leads to, for ``LogFormat/auto``.
  public func logger(identifier: String, environment: [String: String]) -> Logger {
    let destination: LogDestination =
      switch logFormat {
      case .auto: .automatic(environment: environment)
      case .journal: .journal
      case .text: .text(descriptor: STDERR_FILENO, coloured: false)
      case .json: .json(descriptor: STDERR_FILENO)
      }
    return Logger(
      destination: destination, identifier: identifier,
      level: Logger.Level(rawValue: logLevel.rawValue) ?? .info)
  }
}
