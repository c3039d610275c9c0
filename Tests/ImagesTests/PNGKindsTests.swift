import Images
import TestScaffold
import Testing

/// PNG files of every colour type, depth and interlacing, against the definition.
@Suite("PNG kinds") struct PNGKindsTests {
  struct Kind: CustomTestStringConvertible, Sendable {
    var colorType: Int
    var bitDepth: Int
    var isInterlaced: Bool
    var hasTransparency = false
    var testDescription: String {
      "type \(colorType), \(bitDepth) bit\(isInterlaced ? ", interlaced" : "")"
        + (hasTransparency ? ", tRNS" : "")
    }
  }

  static let kinds: [Kind] = {
    let depths = [0: [1, 2, 4, 8, 16], 2: [8, 16], 3: [1, 2, 4, 8], 4: [8, 16], 6: [8, 16]]
    return depths.sorted { $0.key < $1.key }.flatMap { colorType, depths in
      depths.flatMap { depth in
        [false, true].flatMap { isInterlaced in
          (colorType < 4 ? [false, true] : [false]).map {
            Kind(
              colorType: colorType, bitDepth: depth, isInterlaced: isInterlaced,
              hasTransparency: $0)
          }
        }
      }
    }
  }()

  static let palette: [[Int]] = (0..<256).map { [$0 * 7 % 256, 255 - $0, $0 * 29 % 256] }
  static let paletteAlpha: [Int] = (0..<256).map { $0 * 53 % 256 }

  @Test("decodes to the values of the definition", arguments: kinds)
  func decodes(kind: Kind) throws {
    // 13 x 11: no pass of Adam7 is empty, no row ends on a byte.
    var builder = PNGBuilder(
      width: 13, height: 11, bitDepth: kind.bitDepth, colorType: kind.colorType,
      isInterlaced: kind.isInterlaced)
    var random = SplitMix64(state: UInt64(kind.colorType * 100 + kind.bitDepth))
    builder.samples = (0..<(13 * 11 * builder.samplesPerPixel)).map { _ in
      Int.random(in: 0..<(1 << kind.bitDepth), using: &random)
    }
    let key = Array(builder.samples.prefix(builder.samplesPerPixel))
    if kind.colorType == 3 {
      let colors = Self.palette.prefix(1 << kind.bitDepth).flatMap { $0.map { UInt8($0) } }
      builder.chunksBefore.append(PNGBuilder.chunk("PLTE", colors))
    }
    if kind.hasTransparency {
      let data =
        kind.colorType == 3
        ? Self.paletteAlpha.prefix(1 << kind.bitDepth).map { UInt8($0) }
        : key.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
      builder.chunksBefore.append(PNGBuilder.chunk("tRNS", data))
    }
    let image = try ImageDecoder.decode(builder.file())
    let channels = kind.colorType == 0 || kind.colorType == 4 ? 1 : 3
    #expect((image.width, image.height, image.channels) == (13, 11, channels))
    let perPixel = builder.samplesPerPixel
    let expected = (0..<(13 * 11)).flatMap { pixel in
      Self.color(
        Array(builder.samples[(pixel * perPixel)..<((pixel + 1) * perPixel)]), kind: kind, key: key)
    }
    #expect(image.pixels == expected)
  }

  /// One pixel in 8 bits, over white.
  private static func color(_ samples: [Int], kind: Kind, key: [Int]) -> [UInt8] {
    func eightBits(_ value: Int) -> Int {
      let largest = 1 << kind.bitDepth - 1
      return (value * 255 * 2 + largest) / (2 * largest)
    }
    func overWhite(_ values: [Int], _ alpha: Int) -> [UInt8] {
      values.map { UInt8(($0 * alpha + 255 * (255 - alpha) + 127) / 255) }
    }
    switch kind.colorType {
    case 3:
      let alpha = kind.hasTransparency ? paletteAlpha[samples[0]] : 255
      return overWhite(palette[samples[0]], alpha)
    case 4, 6:
      return overWhite(samples.dropLast().map(eightBits), eightBits(samples[samples.count - 1]))
    default:
      let isTransparent = kind.hasTransparency && samples == key
      return overWhite(samples.map(eightBits), isTransparent ? 0 : 255)
    }
  }

  @Test("orientation is read from eXIf before or after the pixels", arguments: 1...8)
  func orientation(value: Int) throws {
    let littleEndian: [UInt8] = [
      0x49, 0x49, 0x2A, 0, 8, 0, 0, 0, 2, 0,  // two entries
      0x0F, 0x01, 2, 0, 3, 0, 0, 0, 65, 66, 0, 0,  // a maker before it
      0x12, 0x01, 3, 0, 1, 0, 0, 0, UInt8(value), 0, 0, 0, 0, 0, 0, 0,
    ]
    var builder = PNGBuilder(width: 8, height: 8, samples: [Int](repeating: 9, count: 64))
    builder.chunksBefore = [PNGBuilder.chunk("eXIf", littleEndian)]
    #expect(try ImageDecoder.decode(builder.file()).orientation == UInt8(value))
    builder.chunksAfter = builder.chunksBefore
    builder.chunksBefore = []
    #expect(try ImageDecoder.decode(builder.file()).orientation == UInt8(value))
  }

  @Test("nonsense in eXIf means not turned") func nonsenseOrientation() throws {
    let start: [UInt8] = [0x4D, 0x4D, 0, 0x2A]
    let entry: [UInt8] = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0]
    let cases: [[UInt8]] = [
      [], [0x4D], start, start + [0, 0, 0, 8], start + [0xFF, 0xFF, 0xFF, 0xFF],
      start + [0, 0, 0, 8, 0xFF, 0xFF], start + [0, 0, 0, 8, 0, 1] + entry.dropLast(4),
      start + [0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 4] + entry.dropFirst(4),
      start + [0, 0, 0, 8, 0, 1] + entry.prefix(8) + [0, 9, 0, 0],
      start + [0, 0, 0, 8, 0, 1] + entry.prefix(8) + [0, 0, 0, 0],
      [0x4D, 0x4D, 0x2A, 0] + [0, 0, 0, 8, 0, 1] + entry,
    ]
    for data in cases {
      var builder = PNGBuilder(width: 8, height: 8, samples: [Int](repeating: 9, count: 64))
      builder.chunksBefore = [PNGBuilder.chunk("eXIf", data)]
      #expect(try ImageDecoder.decode(builder.file()).orientation == 1)
    }
  }

  @Test("other chunks change nothing, however many and large") func ignoredChunks() throws {
    var builder = PNGBuilder(width: 8, height: 8, samples: (0..<64).map { $0 })
    let plain = try ImageDecoder.decode(builder.file())
    let animation = [
      PNGBuilder.chunk("acTL", PNGBuilder.bigEndian(2) + PNGBuilder.bigEndian(0)),
      PNGBuilder.chunk("fcTL", [UInt8](repeating: 0, count: 26)),
    ]
    let bombs = [
      PNGBuilder.chunk("zTXt", Array("k\0\0".utf8) + PNGBuilder.zlib(zeros: 100_000_000)),
      PNGBuilder.chunk("iCCP", Array("p\0\0".utf8) + PNGBuilder.zlib(zeros: 100_000_000)),
      PNGBuilder.chunk("tEXt", [UInt8](repeating: 65, count: 3_000_000)),
    ]
    let many = [[UInt8](PNGBuilder.chunk("tEXt", [107, 0])), PNGBuilder.chunk("abCd", [1, 2, 3])]
    builder.chunksBefore = animation + bombs + (0..<20_000).map { many[$0 % 2] }
    builder.chunksAfter = many
    #expect(try ImageDecoder.decode(builder.file()) == plain)
  }
}
