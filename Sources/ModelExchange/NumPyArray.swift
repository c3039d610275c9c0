import NeuralNetworks

/// A NumPy array of floating-point numbers, read as hostile input.
///
/// Versions 1 to 3 of the format; element types `f2`, `f4` and `f8` in either byte order; C and Fortran order.
/// Source: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
package enum NumPyArray {
  private static let rankLimit = 8

  /// The array as a tensor in C order.
  ///
  /// - Parameters:
  ///   - bytes: a whole `.npy` file.
  ///   - name: for messages.
  /// - Returns: nil if its elements are not floating-point numbers.
  package static func tensor(_ bytes: [UInt8], name: String) throws(WeightsError) -> Tensor? {
    let reader = LittleEndianReader(bytes: bytes)
    guard bytes.starts(with: [0x93] + Array("NUMPY".utf8)), bytes.count >= 10 else {
      throw .badArray(name, "it is not a NumPy array")
    }
    let lengthWidth = bytes[6] == 1 ? 2 : 4
    guard (1...3).contains(bytes[6]), let length = reader.number(lengthWidth, at: 8),
      length <= 1 << 16, 8 + lengthWidth + length <= bytes.count
    else { throw .badArray(name, "its header is damaged") }
    let start = 8 + lengthWidth + length
    var parser = HeaderParser(bytes[(8 + lengthWidth)..<start])
    guard let header = parser.header() else { throw .badArray(name, "its header is damaged") }
    guard header.shape.count <= rankLimit else {
      throw .badArray(name, "it has \(header.shape.count) axes, limit \(rankLimit)")
    }
    guard let type = ElementType(header.descr) else { return nil }
    var size = type.width
    for axis in header.shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: axis)
      guard !overflow else { throw .badArray(name, "its shape \(header.shape) overflows") }
      size = product
    }
    guard bytes.count - start == size else {
      throw .badArray(
        name, "its shape \(header.shape) needs \(size) bytes, it has \(bytes.count - start)")
    }
    let values = type.values(bytes[start...])
    guard header.isFortranOrder, header.shape.count > 1 else {
      return Tensor(shape: header.shape, values: values)
    }
    // The first index moves fastest: the same numbers with the axes turned round.
    return Tensor(shape: header.shape.reversed(), values: values)
      .transposed(Array(header.shape.indices.reversed()))
  }
}

/// `<f4` and its like.
private struct ElementType {
  var width: Int
  var isBigEndian: Bool

  init?(_ descr: String) {
    let characters = Array(descr)
    guard characters.count == 3, "<>=|".contains(characters[0]), characters[1] == "f",
      let width = characters[2].wholeNumberValue, [2, 4, 8].contains(width)
    else { return nil }
    self.width = width
    isBigEndian = characters[0] == ">"
  }

  func values(_ data: ArraySlice<UInt8>) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(data.count / width)
    var position = data.startIndex
    while position < data.endIndex {
      var bits: UInt64 = 0
      for offset in 0..<width {
        let place = isBigEndian ? offset : width - 1 - offset
        bits = bits << 8 | UInt64(data[position + place])
      }
      switch width {
      case 2: values.append(Float(Float16(bitPattern: UInt16(truncatingIfNeeded: bits))))
      case 4: values.append(Float(bitPattern: UInt32(truncatingIfNeeded: bits)))
      default: values.append(Float(Double(bitPattern: bits)))
      }
      position += width
    }
    return values
  }
}

/// The header: a Python dictionary of a string, a truth value and a tuple of whole numbers.
private struct HeaderParser {
  struct Header {
    var descr: String
    var isFortranOrder: Bool
    var shape: [Int]
  }

  private let bytes: ArraySlice<UInt8>
  private var position: Int

  init(_ bytes: ArraySlice<UInt8>) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  /// Nil unless it is exactly what NumPy writes, spaces aside.
  mutating func header() -> Header? {
    guard take("{") else { return nil }
    var (descr, isFortranOrder, shape): (String?, Bool?, [Int]?) = (nil, nil, nil)
    while !take("}") {
      guard let key = string(), take(":") else { return nil }
      switch key {
      case "descr" where descr == nil: descr = string()
      case "fortran_order" where isFortranOrder == nil: isFortranOrder = truth()
      case "shape" where shape == nil: shape = tuple()
      default: return nil
      }
      guard take(",") || peek("}") else { return nil }
    }
    skipSpaces()
    guard position == bytes.endIndex, let descr, let isFortranOrder, let shape else { return nil }
    return Header(descr: descr, isFortranOrder: isFortranOrder, shape: shape)
  }

  private mutating func skipSpaces() {
    while position < bytes.endIndex, bytes[position] == 0x20 || bytes[position] == 0x0A {
      position += 1
    }
  }

  private mutating func peek(_ text: String) -> Bool {
    skipSpaces()
    return bytes[position...].starts(with: text.utf8)
  }

  private mutating func take(_ text: String) -> Bool {
    guard peek(text) else { return false }
    position += text.utf8.count
    return true
  }

  private mutating func string() -> String? {
    let quote: UInt8 = peek("\"") ? 0x22 : 0x27
    guard take(quote == 0x22 ? "\"" : "'"), let end = bytes[position...].firstIndex(of: quote)
    else {
      return nil
    }
    defer { position = end + 1 }
    return String(validating: bytes[position..<end], as: UTF8.self)
  }

  private mutating func truth() -> Bool? {
    if take("True") { return true }
    return take("False") ? false : nil
  }

  private mutating func tuple() -> [Int]? {
    guard take("(") else { return nil }
    var numbers: [Int] = []
    while !take(")") {
      skipSpaces()
      let digits = bytes[position...].prefix { (0x30...0x39).contains($0) }
      guard let number = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      position += digits.count
      numbers.append(number)
      guard take(",") || peek(")") else { return nil }
    }
    return numbers
  }
}
