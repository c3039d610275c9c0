/// The header of a NumPy array file of bytes, version 1.0: magic, length, a Python dictionary.
///
/// Source: numpy.lib.format, "NPY format".
struct NumPyHeader: Equatable {
  /// Items of each axis, [N, H, W, C].
  var shape: [Int]

  /// Bytes of the header, a multiple of 64 so that the data is aligned; enough for any four axes, so that
  /// the number of rows can be corrected at the end.
  static let byteCount = 192

  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8) + [1, 0]

  /// The header as it stands in a file.
  var bytes: [UInt8] {
    let axes = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
    let dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(axes)), }"
    let length = Self.byteCount - Self.magic.count - 2
    let padding = length - dictionary.utf8.count - 1
    precondition(padding >= 0, "four axes fit")
    return Self.magic + [UInt8(length & 0xFF), UInt8(length >> 8)]
      + Array((dictionary + String(repeating: " ", count: padding) + "\n").utf8)
  }

  init(shape: [Int]) {
    self.shape = shape
  }

  /// Reads a header that `bytes` made; nil for any other.
  init?(parsing bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    let text = String(decoding: bytes.dropFirst(Self.magic.count + 2), as: UTF8.self)
    guard let open = text.firstIndex(of: "("), let close = text.firstIndex(of: ")"), open < close
    else { return nil }
    let axes = text[text.index(after: open)..<close].split(separator: ",").map {
      Int($0.filter { !$0.isWhitespace })
    }
    let shape = axes.compactMap { $0 }
    guard shape.count == axes.count, shape.count == 4, shape.allSatisfy({ $0 >= 0 }) else {
      return nil
    }
    self.shape = shape
    guard self.bytes == bytes else { return nil }
  }
}
