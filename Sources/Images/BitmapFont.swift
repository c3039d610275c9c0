/// The letters that pictures are labelled with: fixed width, 9 x 15 pixels, one bit each.
enum BitmapFont {
  /// Pixels from one letter to the next.
  static let width = 9
  /// Pixels from one line to the next.
  static let height = 15

  /// The rows of a letter from the top; bit 8 is its leftmost pixel. A character that the font lacks is
  /// an empty box, a space and whatever is not printed are empty.
  static func rows(of character: Character) -> [UInt16] {
    if character.isWhitespace { return [UInt16](repeating: 0, count: height) }
    return table[character] ?? box
  }

  private static let box: [UInt16] =
    [0, 0, 0x0FE] + [UInt16](repeating: 0x082, count: 8) + [0x0FE, 0, 0, 0]

  private static let table: [Character: [UInt16]] = {
    var table: [Character: [UInt16]] = [:]
    for line in glyphs.split(separator: "\n") {
      let parts = line.split(separator: " ")
      guard let code = UInt32(parts[0], radix: 16), let scalar = Unicode.Scalar(code) else {
        continue
      }
      let digits = Array(parts[1].utf8)
      table[Character(scalar)] = (0..<height).map { row in
        digits[(3 * row)..<(3 * row + 3)].reduce(0) { $0 << 4 | hexadecimal($1) }
      }
    }
    return table
  }()

  private static func hexadecimal(_ digit: UInt8) -> UInt16 {
    UInt16(digit <= UInt8(ascii: "9") ? digit - 48 : digit - 87)
  }
}
