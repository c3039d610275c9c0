/// The contents of a safetensors file: named Float tensors and text metadata.
///
/// Format: 8-byte little-endian length, that many bytes of JSON `{name: {dtype, shape,
/// data_offsets}}` with an optional `__metadata__` of strings, then the raw little-endian elements.
/// Read as hostile input: every count is checked against what is left, names are unique, the
/// tensors fill the data without gap or overlap. Source: the safetensors format description,
/// https://huggingface.co/docs/safetensors.
public struct SafeTensorsFile: Sendable, Equatable {
  /// The tensors in file order. Half-precision tensors (`F16`) are widened when read.
  public var tensors: [(name: String, tensor: Tensor)]
  /// The `__metadata__`.
  public var metadata: [String: String]
  /// Names to be written as `F16`; everything else is `F32`.
  public var storesHalfPrecision: Bool

  /// Contents to be written.
  public init(
    tensors: [(name: String, tensor: Tensor)], metadata: [String: String],
    storesHalfPrecision: Bool = false
  ) {
    self.tensors = tensors
    self.metadata = metadata
    self.storesHalfPrecision = storesHalfPrecision
  }

  /// Same tensors in the same order, same metadata, same precision.
  public static func == (left: SafeTensorsFile, right: SafeTensorsFile) -> Bool {
    left.metadata == right.metadata && left.storesHalfPrecision == right.storesHalfPrecision
      && left.tensors.elementsEqual(right.tensors) { $0.name == $1.name && $0.tensor == $1.tensor }
  }

  /// Longest JSON header that is read, bytes.
  static let headerLimitBytes = 4 << 20
  /// Most axes of a tensor.
  static let rankLimit = 8

  /// Parses a whole file in memory.
  ///
  /// - Parameter acceptsForeignTypes: for weights of other frameworks: `BF16` and `F64` are read too, and
  ///   tensors that are not of floating-point numbers (such as counters) are left out.
  /// - Throws: `SafeTensorsError` saying what is wrong and where; never traps, whatever the bytes.
  public init(
    parsing bytes: [UInt8], acceptsForeignTypes: Bool = false
  ) throws(SafeTensorsError) {
    guard bytes.count >= 8 else { throw .tooShort(bytes.count) }
    let length = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(Self.headerLimitBytes), length <= UInt64(bytes.count - 8) else {
      throw .badHeaderLength(length, available: bytes.count - 8)
    }
    let dataStart = 8 + Int(length)
    let header: JSONValue
    do {
      header = try JSONValue(parsing: bytes[8..<dataStart])
    } catch {
      throw .badHeader(offset: 8 + error.offset, reason: error.reason)
    }
    guard case .object(let members) = header else {
      throw .badHeader(offset: 8, reason: "it is not an object")
    }
    metadata = [:]
    tensors = []
    storesHalfPrecision = false
    var ranges: [(entry: TensorEntry, name: String)] = []
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try Self.metadata(value)
      } else {
        ranges.append((try TensorEntry(name, value, acceptsForeignTypes), name))
      }
    }
    ranges.sort { ($0.entry.begin, $0.entry.end) < ($1.entry.begin, $1.entry.end) }
    var position = 0
    for (entry, name) in ranges {
      guard entry.begin == position, entry.end <= bytes.count - dataStart else {
        throw .badTensor(
          name,
          "its data is at \(entry.begin) to \(entry.end), expected to start at \(position) of \(bytes.count - dataStart) bytes"
        )
      }
      position = entry.end
      let data = bytes[(dataStart + entry.begin)..<(dataStart + entry.end)]
      if entry.type == .float16 { storesHalfPrecision = true }
      guard entry.type.isFloatingPoint else { continue }
      tensors.append((name, Tensor(shape: entry.shape, values: entry.values(data))))
    }
    guard position == bytes.count - dataStart else {
      throw .trailingBytes(bytes.count - dataStart - position)
    }
  }

  private static func metadata(_ value: JSONValue) throws(SafeTensorsError) -> [String: String] {
    guard case .object(let members) = value else {
      throw .badHeader(offset: 8, reason: "__metadata__ is not an object")
    }
    var result: [String: String] = [:]
    for (key, value) in members {
      guard case .string(let text) = value else {
        throw .badHeader(offset: 8, reason: "__metadata__.\(key) is not a string")
      }
      result[key] = text
    }
    return result
  }

  /// The file's bytes: metadata with sorted keys, tensors in the order given, header padded to 8
  /// bytes.
  public func serialized() -> [UInt8] {
    let width = storesHalfPrecision ? 2 : 4
    var header = "{"
    if !metadata.isEmpty {
      let members = metadata.sorted { $0.key < $1.key }.map {
        JSONValue.quoted($0.key) + ":" + JSONValue.quoted($0.value)
      }
      header += "\"__metadata__\":{" + members.joined(separator: ",") + "},"
    }
    var offset = 0
    var entries: [String] = []
    for (name, tensor) in tensors {
      let end = offset + tensor.count * width
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      entries.append(
        JSONValue.quoted(name)
          + ":{\"dtype\":\"\(storesHalfPrecision ? "F16" : "F32")\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
      )
      offset = end
    }
    header += entries.joined(separator: ",") + "}"
    var headerBytes = Array(header.utf8)
    while headerBytes.count % 8 != 0 { headerBytes.append(UInt8(ascii: " ")) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + headerBytes.count + offset)
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: headerBytes.count >> (8 * shift))) }
    bytes += headerBytes
    for (_, tensor) in tensors {
      if storesHalfPrecision {
        appendLittleEndian(tensor.values.lazy.map { Float16($0).bitPattern }, to: &bytes)
      } else {
        appendLittleEndian(tensor.values.lazy.map(\.bitPattern), to: &bytes)
      }
    }
    return bytes
  }

  private func appendLittleEndian(
    _ values: some Sequence<some FixedWidthInteger>, to bytes: inout [UInt8]
  ) {
    for value in values {
      unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
  }
}

/// What the elements of a tensor are.
private enum ElementType: Equatable {
  case float32, float16, bfloat16, float64
  case other(width: Int)

  init?(_ name: String) {
    switch name {
    case "F32": self = .float32
    case "F16": self = .float16
    case "BF16": self = .bfloat16
    case "F64": self = .float64
    case "I64", "U64": self = .other(width: 8)
    case "I32", "U32": self = .other(width: 4)
    case "I16", "U16": self = .other(width: 2)
    case "I8", "U8", "BOOL", "F8_E4M3", "F8_E5M2": self = .other(width: 1)
    default: return nil
    }
  }

  /// Bytes of one element.
  var width: Int {
    switch self {
    case .float32: 4
    case .float16, .bfloat16: 2
    case .float64: 8
    case .other(let width): width
    }
  }

  var isFloatingPoint: Bool {
    if case .other = self { return false }
    return true
  }
}

/// One tensor's description in the header, checked for itself.
private struct TensorEntry {
  var shape: [Int]
  var begin: Int
  var end: Int
  var type: ElementType

  init(
    _ name: String, _ value: JSONValue, _ acceptsForeignTypes: Bool
  ) throws(SafeTensorsError) {
    guard case .object(let members) = value else { throw .badTensor(name, "it is not an object") }
    var dtype: String?
    var shape: [Int]?
    var offsets: [Int]?
    for (key, value) in members {
      switch (key, value) {
      case ("dtype", .string(let text)): dtype = text
      case ("shape", .array(let items)): shape = Self.counts(items)
      case ("data_offsets", .array(let items)): offsets = Self.counts(items)
      default: throw .badTensor(name, "its member \(key) is not understood")
      }
    }
    guard let type = dtype.flatMap({ ElementType($0) }),
      acceptsForeignTypes || type == .float32 || type == .float16
    else {
      let readable = acceptsForeignTypes ? "F32, F16, BF16 or F64" : "F32 or F16"
      throw .badTensor(name, "its type is \(dtype ?? "missing"), \(readable) can be read")
    }
    self.type = type
    guard let shape, shape.count <= SafeTensorsFile.rankLimit else {
      throw .badTensor(name, "its shape is missing or not a list of counts")
    }
    guard let offsets, offsets.count == 2, offsets[0] <= offsets[1] else {
      throw .badTensor(name, "its data_offsets are missing or reversed")
    }
    var size = type.width
    for axis in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: axis)
      guard !overflow else { throw .badTensor(name, "its shape \(shape) overflows") }
      size = product
    }
    guard offsets[1] - offsets[0] == size else {
      throw .badTensor(
        name, "its shape \(shape) needs \(size) bytes, it has \(offsets[1] - offsets[0])")
    }
    self.shape = shape
    (begin, end) = (offsets[0], offsets[1])
  }

  /// Whole numbers of at least 0, nil otherwise.
  static func counts(_ items: [JSONValue]) -> [Int]? {
    var result: [Int] = []
    for item in items {
      guard case .number(let number) = item, number >= 0, number <= 0x1p53,
        number == number.rounded()
      else { return nil }
      result.append(Int(number))
    }
    return result
  }

  func values(_ data: ArraySlice<UInt8>) -> [Float] {
    let count = data.count / type.width
    return unsafe [Float](unsafeUninitializedCapacity: count) { target, filled in
      guard let first = target.baseAddress else { return }
      unsafe data.withUnsafeBytes { raw in
        for i in 0..<count {
          unsafe (first + i).initialize(to: unsafe element(i, of: raw))
        }
      }
      filled = count
    }
  }

  private func element(_ index: Int, of raw: UnsafeRawBufferPointer) -> Float {
    func bits<Bits: FixedWidthInteger>(_ type: Bits.Type) -> Bits {
      Bits(
        littleEndian: unsafe raw.loadUnaligned(
          fromByteOffset: index * MemoryLayout<Bits>.size, as: type))
    }
    switch type {
    case .float32: return Float(bitPattern: bits(UInt32.self))
    case .float16: return Float(Float16(bitPattern: bits(UInt16.self)))
    case .bfloat16: return Float(bitPattern: UInt32(bits(UInt16.self)) << 16)
    case .float64: return Float(Double(bitPattern: bits(UInt64.self)))
    case .other: return .nan
    }
  }
}

/// Why bytes are not a safetensors file that can be read.
public enum SafeTensorsError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Not even the length is there.
  case tooShort(Int)
  /// The header's length exceeds the limit or the file.
  case badHeaderLength(UInt64, available: Int)
  /// The JSON is not valid or has another structure.
  case badHeader(offset: Int, reason: String)
  /// A tensor's entry does not fit its data.
  case badTensor(String, String)
  /// There are bytes after the last tensor.
  case trailingBytes(Int)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .tooShort(let count): "it has \(count) bytes, a safetensors file has at least 8"
    case .badHeaderLength(let length, let available):
      "its header claims \(length) bytes, \(available) are there and \(SafeTensorsFile.headerLimitBytes) allowed"
    case .badHeader(let offset, let reason): "its header is damaged at byte \(offset): \(reason)"
    case .badTensor(let name, let reason): "tensor \(name): \(reason)"
    case .trailingBytes(let count): "it has \(count) bytes after the last tensor"
    }
  }
}
