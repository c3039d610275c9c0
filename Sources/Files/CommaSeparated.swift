/// Rows of comma-separated values. Source: RFC 4180.
package enum CommaSeparated {
  /// A line without its end; a field with a comma, a quote or a line end is put in quotes.
  package static func line(_ fields: [String]) -> String {
    fields.map { field in
      let isPlain = !field.utf8.contains { [0x22, 0x2C, 0x0A, 0x0D].contains($0) }
      return isPlain
        ? field
        : "\""
          + field.split(separator: "\"", omittingEmptySubsequences: false)
          .joined(separator: "\"\"") + "\""
    }.joined(separator: ",")
  }

  /// All rows of a text; nil if a quote is not closed or stands in the middle of a field.
  package static func rows(of text: String) -> [[String]]? {
    var rows: [[String]] = []
    var row: [String] = []
    var field: [UInt8] = []
    var (isQuoted, wasQuoted) = (false, false)
    let bytes = Array(text.utf8)
    var index = 0
    func endField() {
      row.append(String(decoding: field, as: UTF8.self))
      field = []
      wasQuoted = false
    }
    while index < bytes.count {
      let byte = bytes[index]
      index += 1
      if isQuoted {
        if byte != 0x22 {
          field.append(byte)
        } else if index < bytes.count, bytes[index] == 0x22 {
          field.append(0x22)
          index += 1
        } else {
          (isQuoted, wasQuoted) = (false, true)
        }
      } else if byte == 0x2C {
        endField()
      } else if byte == 0x0A {
        endField()
        rows.append(row)
        row = []
      } else if byte == 0x22, field.isEmpty, !wasQuoted {
        isQuoted = true
      } else if byte == 0x22 || wasQuoted {
        return nil
      } else {
        field.append(byte)
      }
    }
    guard !isQuoted else { return nil }
    if !row.isEmpty || !field.isEmpty {
      endField()
      rows.append(row)
    }
    return rows
  }
}
