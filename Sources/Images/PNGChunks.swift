/// Walks over and writes the chunks of a PNG file (PNG specification, third edition, section 5)
/// without decoding pixels.
enum PNGChunks {
  /// The first eight bytes of every PNG file.
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
  /// Where the chunk after IHDR begins.
  static let endOfHeader = 33

  /// Calls `body` with the type and data of each chunk, its check sum verified, until it returns
  /// false.
  ///
  /// - Returns: Whether the walk reached IEND, that is whether the file is whole. False where `body`
  ///   stopped it.
  @discardableResult
  static func forEach(
    in bytes: [UInt8], _ body: (_ type: String, _ data: ArraySlice<UInt8>) -> Bool
  ) -> Bool {
    guard bytes.starts(with: signature) else { return false }
    var position = signature.count
    while bytes.count - position >= 12 {
      let length = Int(bigEndian(bytes, at: position))
      guard length <= bytes.count - position - 12 else { return false }
      let data = bytes[(position + 8)..<(position + 8 + length)]
      let checked = bytes[(position + 4)..<(position + 8 + length)]
      guard CRC32.checksum(checked) == bigEndian(bytes, at: position + 8 + length) else {
        return false
      }
      let type = String(decoding: bytes[(position + 4)..<(position + 8)], as: UTF8.self)
      if !body(type, data) { return false }
      if type == "IEND" { return true }
      position += 12 + length
    }
    return false
  }

  /// The orientation of the eXIf chunk, or 1.
  static func orientation(of bytes: [UInt8]) -> UInt8 {
    var orientation: UInt8 = 1
    forEach(in: bytes) { type, data in
      guard type == "eXIf" else { return true }
      orientation = Orientation.read(tiff: data)
      return false
    }
    return orientation
  }

  /// One chunk: length, type, data, check sum.
  static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let checked = Array(type.utf8) + data
    return bigEndian(UInt32(data.count)) + checked + bigEndian(CRC32.checksum(checked[...]))
  }

  static func bigEndian(_ bytes: [UInt8], at position: Int) -> UInt32 {
    UInt32(bytes[position]) << 24 | UInt32(bytes[position + 1]) << 16
      | UInt32(bytes[position + 2]) << 8 | UInt32(bytes[position + 3])
  }

  private static func bigEndian(_ value: UInt32) -> [UInt8] {
    [UInt8(value >> 24), UInt8(value >> 16 & 0xFF), UInt8(value >> 8 & 0xFF), UInt8(value & 0xFF)]
  }
}

/// The check sum of PNG chunks (PNG specification, annex D).
enum CRC32 {
  private static let table: [UInt32] = (0..<256).map { index in
    var value = UInt32(index)
    for _ in 0..<8 { value = value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1 }
    return value
  }

  static func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    let table = table
    var value: UInt32 = 0xFFFF_FFFF
    for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 0xFF)] ^ value >> 8 }
    return value ^ 0xFFFF_FFFF
  }
}
