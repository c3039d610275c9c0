import SystemPackage

/// The name of one directory entry: raw bytes, as Linux keeps them.
///
/// Nothing says that a name is UTF-8, or that it holds no newline. A `FileName` keeps every byte,
/// compares by bytes, and shows itself (``description``) in a form that cannot forge a line in a
/// journal or a terminal.
public struct FileName: Hashable, Sendable {
  /// The bytes of the name: 1 or more, never NUL or `/`, never `.` or `..`.
  public let bytes: [UInt8]

  /// The most bytes that a name may have on Linux file systems.
  public static let limitBytes = 255

  /// Creates a name from raw bytes; nil if they cannot be the name of one directory entry.
  public init?(bytes: some Collection<UInt8>) {
    let bytes = Array(bytes)
    let dot = UInt8(ascii: ".")
    guard !bytes.isEmpty, !bytes.contains(where: { $0 == 0 || $0 == UInt8(ascii: "/") }),
      bytes[0] != dot || bytes.count > 2 || bytes.count == 2 && bytes[1] != dot
    else { return nil }
    self.bytes = bytes
  }

  /// Creates a name from text; nil if it cannot be the name of one directory entry.
  public init?(_ text: String) {
    self.init(bytes: Array(text.utf8))
  }

  /// The last component of a path; nil for paths such as `/` or `..`.
  public init?(lastComponentOf path: FilePath) {
    guard let component = path.lastComponent else { return nil }
    self.init(bytes: unsafe component.withPlatformString { unsafe Array(cString: $0) })
  }

  /// The name without its last extension: `a.b` for `a.b.jpg`, `.jpg` for `.jpg`.
  public var stem: [UInt8] {
    guard let dot = dotOfExtension else { return bytes }
    return Array(bytes[..<dot])
  }

  /// The last extension in ASCII lower case, without its dot: `jpg` for `A.JPG`; empty if there is
  /// none.
  public var lowercasedExtension: String {
    guard let dot = dotOfExtension else { return "" }
    return String(decoding: bytes[(dot + 1)...], as: UTF8.self).lowercased()
  }

  private var dotOfExtension: Int? {
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0 else { return nil }
    return dot
  }

  /// Calls `body` with the name as a C string.
  func withCString<Result, Failure: Error>(
    _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    // On the stack: this runs for each of 100,000 files.
    try unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) {
      (buffer) throws(Failure) in
      for index in bytes.indices { unsafe buffer[index] = CChar(bitPattern: bytes[index]) }
      unsafe buffer[bytes.count] = 0
      // Never nil: the buffer holds at least the terminator.
      guard let base = buffer.baseAddress else { preconditionFailure("an empty C string") }
      return try unsafe body(UnsafePointer(base))
    }
  }
}

extension FileName: Comparable {
  /// Orders by bytes.
  public static func < (left: FileName, right: FileName) -> Bool {
    left.bytes.lexicographicallyPrecedes(right.bytes)
  }
}

extension FileName: CustomStringConvertible {
  /// The name for people: UTF-8 as it is; other bytes, control characters, line separators,
  /// direction overrides and the backslash escaped (`\xff`, `\n`, `\u{202e}`, `\\`).
  public var description: String { escapedForDisplay(bytes) }
}

/// A name that a program chose itself.
///
/// - Parameter text: not empty, without a slash and a zero byte, not `.` or `..`; else the program stops.
package func fixedName(_ text: String) -> FileName {
  guard let name = FileName(text) else { preconditionFailure("\(text) is no file name") }
  return name
}

extension FilePath {
  /// This path followed by one name.
  public func appending(_ name: FileName) -> FilePath {
    var path = self
    unsafe name.withCString { unsafe path.append(Component(platformString: $0) ?? ".") }
    return path
  }

  /// The path for people, escaped like ``FileName/description``.
  public var displayed: String {
    escapedForDisplay(unsafe withPlatformString { unsafe Array(cString: $0) })
  }
}

extension Array<UInt8> {
  /// The bytes of a C string, without its terminator.
  init(cString: UnsafePointer<CChar>) {
    self = []
    var next = unsafe cString
    while unsafe next.pointee != 0 {
      append(UInt8(bitPattern: unsafe next.pointee))
      unsafe next += 1
    }
  }
}

/// Text for people from bytes that may be anything.
func escapedForDisplay(_ bytes: [UInt8]) -> String {
  var text = ""
  var decoder = UTF8()
  var rest = bytes[...]
  while !rest.isEmpty {
    var iterator = rest.makeIterator()
    switch decoder.decode(&iterator) {
    case .scalarValue(let scalar):
      text += escaped(scalar)
      rest = rest.dropFirst(UTF8.width(scalar))
    case .emptyInput, .error:
      text += escaped(byte: rest.removeFirst())
    }
    decoder = UTF8()
  }
  return text
}

private func escaped(byte: UInt8) -> String {
  let digits = String(byte, radix: 16)
  return "\\x" + (digits.count == 1 ? "0" : "") + digits
}

private func escaped(_ scalar: Unicode.Scalar) -> String {
  switch scalar {
  case "\n": return "\\n"
  case "\r": return "\\r"
  case "\t": return "\\t"
  case "\\": return "\\\\"
  default: break
  }
  switch scalar.properties.generalCategory {
  case .control:
    return scalar.value < 0x80
      ? escaped(byte: UInt8(scalar.value)) : "\\u{\(String(scalar.value, radix: 16))}"
  case .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
    return "\\u{\(String(scalar.value, radix: 16))}"
  default:
    return String(scalar)
  }
}

extension UTF8 {
  fileprivate static func width(_ scalar: Unicode.Scalar) -> Int {
    encode(scalar)?.count ?? 1
  }
}
