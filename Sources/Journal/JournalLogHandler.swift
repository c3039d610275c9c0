import Logging

/// A swift-log handler for services: entries with fields in the journal, or lines of text.
public struct JournalLogHandler: LogHandler {
  /// Where the events go.
  public let destination: LogDestination
  /// The program's name: `SYSLOG_IDENTIFIER`, what `journalctl -t` finds.
  public let identifier: String
  /// The least important level that is written.
  public var logLevel: Logger.Level
  /// Metadata of every event of this handler.
  public var metadata: Logger.Metadata = [:]
  /// Adds metadata from the task, for instance.
  public var metadataProvider: Logger.MetadataProvider?

  /// Creates a handler.
  public init(destination: LogDestination, identifier: String, logLevel: Logger.Level = .info) {
    self.destination = destination
    self.identifier = identifier
    self.logLevel = logLevel
  }

  /// One value of ``metadata``.
  public subscript(metadataKey key: String) -> Logger.MetadataValue? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  /// Writes one event.
  public func log(event: LogEvent) {
    var all = metadata
    if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
    if let own = event.metadata { all.merge(own) { $1 } }
    destination.write(event, metadata: all, identifier: identifier)
  }
}

extension Logger {
  /// A logger of this process.
  public init(destination: LogDestination, identifier: String, level: Logger.Level = .info) {
    self.init(label: identifier) { _ in
      JournalLogHandler(destination: destination, identifier: identifier, logLevel: level)
    }
  }

  /// Logs an entry of a known kind.
  ///
  /// - Parameters:
  ///   - kind: Gives the entry its `MESSAGE_ID`.
  ///   - level: How important it is.
  ///   - message: One line for people.
  ///   - fields: `areaPercent` becomes `DERMSEG_AREA_PERCENT`.
  public func record(
    _ kind: MessageKind, level: Logger.Level, _ message: @autoclosure () -> String,
    fields: @autoclosure () -> Logger.Metadata = [:],
    file: String = #fileID, function: String = #function, line: UInt = #line
  ) {
    log(
      level: level, "\(message())",
      metadata: fields().merging(["MESSAGE_ID": "\(kind.identifier)"]) { $1 },
      file: file, function: function, line: line)
  }
}
