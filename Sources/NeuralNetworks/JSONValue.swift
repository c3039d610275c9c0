/// The JSON of a safetensors header, parsed without Foundation, with bounds on everything.
///
/// A decoder into types accepts duplicate names and does not say where it stopped; for a file from
/// a stranger both matter. Members stay in order. Source: RFC 8259.
package enum JSONValue: Equatable {
  case object([(String, JSONValue)])
  case array([JSONValue])
  case string(String)
  case number(Double)
  case bool(Bool)
  case null

  /// Where and why parsing stopped.
  package struct Failure: Error {
    /// Bytes before it.
    package var offset: Int
    /// Half a sentence.
    package var reason: String
  }

  /// Parses a whole document.
  package init(parsing bytes: ArraySlice<UInt8>) throws(Failure) {
    var parser = JSONParser(bytes)
    self = try parser.document()
  }

  /// Members of objects in the same order, too.
  package static func == (left: JSONValue, right: JSONValue) -> Bool {
    switch (left, right) {
    case (.object(let a), .object(let b)):
      a.elementsEqual(b) { $0.0 == $1.0 && $0.1 == $1.1 }
    case (.array(let a), .array(let b)): a == b
    case (.string(let a), .string(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.null, .null): true
    default: false
    }
  }

  /// A string as a JSON literal.
  package static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case "\u{0}"..<"\u{20}":
        let digits = String(scalar.value, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

private struct JSONParser {
  private let bytes: ArraySlice<UInt8>
  private var position: Int
  private var depth = 0

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  mutating func document() throws(JSONValue.Failure) -> JSONValue {
    let value = try value()
    skipSpaces()
    guard position == bytes.endIndex else { throw failure("more follows the value") }
    return value
  }

  private func failure(_ reason: String) -> JSONValue.Failure {
    JSONValue.Failure(offset: position - bytes.startIndex, reason: reason)
  }

  private var next: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

  private mutating func skipSpaces() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
      position += 1
    }
  }

  private mutating func expect(_ character: Unicode.Scalar) throws(JSONValue.Failure) {
    guard next == UInt8(ascii: character) else { throw failure("expected '\(character)'") }
    position += 1
  }

  private mutating func value() throws(JSONValue.Failure) -> JSONValue {
    skipSpaces()
    guard let byte = next else { throw failure("it ends early") }
    guard depth < 32 else { throw failure("it is nested too deeply") }
    depth += 1
    defer { depth -= 1 }
    switch byte {
    case UInt8(ascii: "{"): return .object(try members())
    case UInt8(ascii: "["): return .array(try items())
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return .number(try number())
    }
  }

  private mutating func members() throws(JSONValue.Failure) -> [(String, JSONValue)] {
    var result: [(String, JSONValue)] = []
    var names: Set<String> = []
    try expect("{")
    skipSpaces()
    if next == UInt8(ascii: "}") {
      position += 1
      return result
    }
    while true {
      skipSpaces()
      let name = try string()
      guard names.insert(name).inserted else { throw failure("the name \(name) is there twice") }
      skipSpaces()
      try expect(":")
      result.append((name, try value()))
      skipSpaces()
      if next == UInt8(ascii: ",") {
        position += 1
      } else {
        try expect("}")
        return result
      }
    }
  }

  private mutating func items() throws(JSONValue.Failure) -> [JSONValue] {
    var result: [JSONValue] = []
    try expect("[")
    skipSpaces()
    if next == UInt8(ascii: "]") {
      position += 1
      return result
    }
    while true {
      result.append(try value())
      skipSpaces()
      if next == UInt8(ascii: ",") {
        position += 1
      } else {
        try expect("]")
        return result
      }
    }
  }

  private mutating func word(
    _ text: String, _ value: JSONValue
  ) throws(JSONValue.Failure) -> JSONValue {
    guard bytes[position...].starts(with: text.utf8) else { throw failure("expected \(text)") }
    position += text.utf8.count
    return value
  }

  private mutating func number() throws(JSONValue.Failure) -> Double {
    let start = position
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { position += 1 }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      position = start
      throw failure("expected a value")
    }
    return value
  }

  private mutating func string() throws(JSONValue.Failure) -> String {
    try expect("\"")
    var units: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let text = String(validating: units, as: UTF8.self) else {
          throw failure("a string is not UTF-8")
        }
        return text
      case UInt8(ascii: "\\"): units += try escape()
      case 0..<0x20: throw failure("a string contains a control character")
      default: units.append(byte)
      }
    }
    throw failure("a string does not end")
  }

  private mutating func escape() throws(JSONValue.Failure) -> [UInt8] {
    guard let byte = next else { throw failure("a string does not end") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0C]
    case UInt8(ascii: "n"): return [0x0A]
    case UInt8(ascii: "r"): return [0x0D]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code) {
        try expect("\\")
        try expect("u")
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw failure("half of a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw failure("half of a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw failure("an unknown escape")
    }
  }

  private mutating func hexadecimal() throws(JSONValue.Failure) -> UInt32 {
    guard bytes.endIndex - position >= 4,
      let code = UInt32(
        String(decoding: bytes[position..<(position + 4)], as: UTF8.self), radix: 16)
    else { throw failure("expected four hexadecimal digits") }
    position += 4
    return code
  }
}
