/// A keyword and its text in a PNG file. Masks carry what they were made from in such pairs.
public struct PNGText: Sendable, Equatable {
  /// 1 to 79 printable ASCII characters.
  public var keyword: String
  /// Any text without a zero byte. ASCII is written as tEXt, everything else as uncompressed iTXt.
  public var value: String

  /// Makes a pair.
  public init(keyword: String, value: String) {
    self.keyword = keyword
    self.value = value
  }

  /// Reads the texts of a PNG file without decoding its pixels.
  ///
  /// All check sums are verified, those of the pixels too: texts of a file that is cut or damaged say
  /// nothing about it. Compressed texts (zTXt) are skipped.
  ///
  /// - Parameter png: The whole file.
  /// - Returns: The pairs in the order of the file; none when it is not a whole PNG file.
  public static func read(from png: [UInt8]) -> [PNGText] {
    var texts: [PNGText] = []
    let isWhole = PNGChunks.forEach(in: png) { type, data in
      switch type {
      case "tEXt": if let text = PNGText(latin1: data) { texts.append(text) }
      case "iTXt": if let text = PNGText(international: data) { texts.append(text) }
      default: break
      }
      return true
    }
    return isWhole ? texts : []
  }

  /// The chunk that carries this pair, or nil when keyword or value are not allowed.
  var chunk: [UInt8]? {
    let keywordBytes = Array(keyword.utf8)
    guard (1...79).contains(keywordBytes.count),
      keywordBytes.allSatisfy({ (32...126).contains($0) }),
      !value.utf8.contains(0), value.utf8.count <= 1 << 20
    else { return nil }
    if value.utf8.allSatisfy({ $0 < 0x80 }) {
      return PNGChunks.chunk("tEXt", keywordBytes + [0] + Array(value.utf8))
    }
    // Keyword, not compressed, method 0, no language, no translated keyword, text.
    return PNGChunks.chunk("iTXt", keywordBytes + [0, 0, 0, 0, 0] + Array(value.utf8))
  }

  /// tEXt: keyword, zero, ISO 8859-1 text.
  private init?(latin1 data: ArraySlice<UInt8>) {
    let parts = data.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    keyword = Self.latin1(parts[0])
    value = Self.latin1(parts[1])
  }

  /// iTXt: keyword, zero, compression flag and method, language, zero, translated keyword, zero, UTF-8.
  private init?(international data: ArraySlice<UInt8>) {
    let parts = data.split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].starts(with: [0, 0]) else { return nil }
    let rest = parts[1].dropFirst(2).split(
      separator: 0, maxSplits: 2, omittingEmptySubsequences: false)
    guard rest.count == 3 else { return nil }
    keyword = Self.latin1(parts[0])
    value = String(decoding: rest[2], as: UTF8.self)
  }

  private static func latin1(_ bytes: ArraySlice<UInt8>) -> String {
    var text = ""
    for byte in bytes { text.unicodeScalars.append(Unicode.Scalar(byte)) }
    return text
  }
}

/// The size and kind of a PNG file, from its first 33 bytes.
public struct PNGHeader: Sendable, Equatable {
  /// Width in pixels.
  public var width: Int
  /// Height in pixels.
  public var height: Int
  /// Bits per sample: 1, 2, 4, 8 or 16.
  public var bitDepth: Int
  /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
  public var colorType: Int

  /// Makes a header.
  public init(width: Int, height: Int, bitDepth: Int, colorType: Int) {
    self.width = width
    self.height = height
    self.bitDepth = bitDepth
    self.colorType = colorType
  }

  /// Reads the header of a PNG file; its check sum is verified.
  ///
  /// - Parameter png: The file, or at least its first 33 bytes.
  /// - Returns: The header, or nil when the bytes are not the beginning of a PNG file.
  public static func read(from png: [UInt8]) -> PNGHeader? {
    var header: PNGHeader?
    PNGChunks.forEach(in: Array(png.prefix(PNGChunks.endOfHeader))) { type, data in
      if type == "IHDR" && data.count == 13 {
        let fields = Array(data)
        header = PNGHeader(
          width: Int(PNGChunks.bigEndian(fields, at: 0)),
          height: Int(PNGChunks.bigEndian(fields, at: 4)),
          bitDepth: Int(fields[8]), colorType: Int(fields[9]))
      }
      return false
    }
    return header
  }
}
