/// What the elements of a tensor are.
enum SafeTensorsElement: Equatable {
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
struct SafeTensorsEntry {
  var shape: [Int]
  var begin: Int
  var end: Int
  var type: SafeTensorsElement

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
    guard let type = dtype.flatMap({ SafeTensorsElement($0) }),
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
