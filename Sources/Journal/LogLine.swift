import Glibc
import Logging

/// One log event as a line of text.
enum LogLine {
  /// `02:33:03 Segmented: a.jpg ...`, the time dim, warnings yellow, errors red.
  static func coloured(_ event: LogEvent, time: timespec) -> String {
    let message = singleLine(event.message.description)
    let painted: String
    switch event.level {
    case .trace, .debug: painted = "\u{1b}[2m\(message)\u{1b}[0m"
    case .info: painted = message
    case .notice: painted = "\u{1b}[1m\(message)\u{1b}[0m"
    case .warning: painted = "\u{1b}[33m\(message)\u{1b}[0m"
    case .error, .critical: painted = "\u{1b}[31m\(message)\u{1b}[0m"
    }
    return "\u{1b}[2m\(WallClock.stamp(time).suffix(14).prefix(8))\u{1b}[0m \(painted)\n"
  }

  /// `2026-11-23T02:33:03+0000 warning: Not segmented: a.jpg ...`.
  static func plain(_ event: LogEvent, time: timespec) -> String {
    let stamp = WallClock.stamp(time)
    return "\(stamp.prefix(19))\(stamp.suffix(5)) \(event.level): "
      + singleLine(event.message.description) + "\n"
  }

  /// One JSON object with the time, the level, the message and all metadata.
  static func json(
    _ event: LogEvent, metadata: Logger.Metadata, identifier: String, time: timespec
  ) -> String {
    let stamp = WallClock.stamp(time)
    var pairs = [
      ("time", "\(stamp.prefix(19))\(stamp.suffix(5))"), ("level", "\(event.level)"),
      ("program", identifier), ("message", event.message.description),
    ]
    pairs += metadata.sorted { $0.key < $1.key }.map { ($0.key, $0.value.description) }
    let members = pairs.map { "\(jsonString($0.0)):\(jsonString($0.1))" }
    return "{" + members.joined(separator: ",") + "}\n"
  }

  /// A message can quote what users wrote: control characters must not forge a second line or
  /// drive the terminal.
  private static func singleLine(_ text: String) -> String {
    var line = ""
    for scalar in text.unicodeScalars {
      if scalar.properties.generalCategory == .control {
        line += scalar == "\n" ? "\\n" : "\\x" + hexadecimal(scalar.value, digits: 2)
      } else {
        line.unicodeScalars.append(scalar)
      }
    }
    return line
  }

  private static func jsonString(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{00}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}":
        quoted += "\\u" + hexadecimal(scalar.value, digits: 4)
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
