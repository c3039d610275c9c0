import Logging

/// A value that a journal entry keeps byte by byte, while lines of text show ``description``.
///
/// For file names: the journal stores any bytes in a field, and none of them can forge another
/// field.
public protocol JournalBytes: CustomStringConvertible, Sendable {
  /// What the field holds.
  var journalBytes: [UInt8] { get }
}

/// One entry of the journal: fields in the native protocol's sense (systemd.journal-fields(7)).
package struct JournalEntry: Sendable, Equatable {
  /// A name of upper-case letters, digits and underscores, with its value.
  package struct Field: Sendable, Equatable {
    package var name: String
    package var value: [UInt8]
  }

  package var fields: [Field]

  /// The entry of a log event.
  ///
  /// Metadata with a key in capitals becomes the field of that name (`MESSAGE_ID`); `areaPercent`
  /// becomes `DERMSEG_AREA_PERCENT`.
  package init(_ event: LogEvent, metadata: Logger.Metadata, identifier: String) {
    fields = [
      Field(name: "MESSAGE", value: Array(event.message.description.utf8)),
      Field(name: "PRIORITY", value: Array(String(priority(of: event.level)).utf8)),
      Field(name: "SYSLOG_IDENTIFIER", value: Array(identifier.utf8)),
      Field(name: "CODE_FILE", value: Array(event.file.utf8)),
      Field(name: "CODE_LINE", value: Array(String(event.line).utf8)),
      Field(name: "CODE_FUNC", value: Array(event.function.utf8)),
    ]
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      fields.append(Field(name: fieldName(for: key), value: bytes(of: value)))
    }
    if let error = event.error {
      fields.append(Field(name: "DERMSEG_ERROR", value: Array("\(error)".utf8)))
    }
  }
}

/// The syslog priority of a level (syslog(3)).
func priority(of level: Logger.Level) -> Int {
  switch level {
  case .trace, .debug: return 7
  case .info: return 6
  case .notice: return 5
  case .warning: return 4
  case .error: return 3
  case .critical: return 2
  }
}

/// `areaPercent` -> `DERMSEG_AREA_PERCENT`, `sourceSHA256` -> `DERMSEG_SOURCE_SHA256`; `MESSAGE_ID`
/// stays.
///
/// journald drops fields whose names have other characters, begin with a digit or an underscore, or
/// are longer than 64 bytes.
package func fieldName(for key: String) -> String {
  let isFieldName = key.utf8.allSatisfy {
    (0x41...0x5a).contains($0) || (0x30...0x39).contains($0) || $0 == UInt8(ascii: "_")
  }
  if isFieldName, let first = key.utf8.first, first >= 0x41, first != UInt8(ascii: "_") {
    return String(key.prefix(64))
  }
  var name = "DERMSEG_"
  var followsCapital = true
  for scalar in key.unicodeScalars {
    let isCapital = ("A"..."Z").contains(scalar)
    // A word begins at a capital, but `SHA` is one word.
    if isCapital && !followsCapital { name += "_" }
    followsCapital = isCapital
    switch scalar {
    case "A"..."Z": name += String(scalar)
    case "a"..."z": name += String(scalar).uppercased()
    case "0"..."9": name += String(scalar)
    default: name += "_"
    }
  }
  return String(name.prefix(64))
}

private func bytes(of value: Logger.MetadataValue) -> [UInt8] {
  if case .stringConvertible(let convertible) = value, let raw = convertible as? any JournalBytes {
    return raw.journalBytes
  }
  return Array(value.description.utf8)
}
