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
    var ranges: [(entry: SafeTensorsEntry, name: String)] = []
    for (name, value) in members {
      if name == "__metadata__" {
        metadata = try Self.metadata(value)
      } else {
        ranges.append((try SafeTensorsEntry(name, value, acceptsForeignTypes), name))
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
