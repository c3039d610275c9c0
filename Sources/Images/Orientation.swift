/// The EXIF orientation tag, read from and written as the TIFF structure that JPEG (APP1) and PNG
/// (eXIf) carry (Exif 2.32, section 4.6).
///
/// The bytes are hostile: whatever does not fit means "not turned".
enum Orientation {
  private static let tag = 0x0112
  private static let shortType = 3

  /// The orientation in a TIFF structure, or 1.
  static func read(tiff: ArraySlice<UInt8>) -> UInt8 {
    let reader: TIFFReader
    if tiff.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
      reader = TIFFReader(bytes: tiff, isBigEndian: false)
    } else if tiff.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      reader = TIFFReader(bytes: tiff, isBigEndian: true)
    } else {
      return 1
    }
    guard
      let directory = reader.integer(at: 4, bytes: 4),
      let count = reader.integer(at: directory, bytes: 2)
    else { return 1 }
    for index in 0..<count {
      let entry = directory + 2 + 12 * index
      guard let name = reader.integer(at: entry, bytes: 2) else { return 1 }
      if name != tag { continue }
      guard
        reader.integer(at: entry + 2, bytes: 2) == shortType,
        let value = reader.integer(at: entry + 8, bytes: 2), (1...8).contains(value)
      else { return 1 }
      return UInt8(value)
    }
    return 1
  }

  /// The smallest TIFF structure that says `orientation`: one directory of one entry.
  static func tiff(_ orientation: UInt8) -> [UInt8] {
    var bytes: [UInt8] = [0x4D, 0x4D, 0x00, 0x2A, 0, 0, 0, 8]
    bytes += [0, 1]  // one entry:
    bytes += [0x01, 0x12, 0, UInt8(shortType), 0, 0, 0, 1, 0, orientation, 0, 0]
    bytes += [0, 0, 0, 0]  // no next directory
    return bytes
  }
}

/// Bounds-checked integers of a TIFF structure; offsets count from its first byte.
private struct TIFFReader {
  let bytes: ArraySlice<UInt8>
  let isBigEndian: Bool

  func integer(at offset: Int, bytes count: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - count else { return nil }
    let field = bytes.dropFirst(offset).prefix(count)
    var value = 0
    for byte in isBigEndian ? Array(field) : field.reversed() { value = value << 8 | Int(byte) }
    return value
  }
}
