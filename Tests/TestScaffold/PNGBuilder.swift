/// Writes PNG files of any kind, right or wrong, without libpng.
public struct PNGBuilder {
  /// Columns.
  public var width: Int
  /// Rows.
  public var height: Int
  /// Bits per sample: 1, 2, 4, 8 or 16.
  public var bitDepth: Int
  /// 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
  public var colorType: Int
  /// Whether the pixels come in seven passes (Adam7).
  public var isInterlaced: Bool
  /// `[H, W, samples]`, each as wide as `bitDepth`.
  public var samples: [Int]
  /// Chunks between IHDR and IDAT.
  public var chunksBefore: [[UInt8]]
  /// Chunks between IDAT and IEND.
  public var chunksAfter: [[UInt8]]

  /// Describes a file; the size may be one that no file can have.
  public init(
    width: Int, height: Int, bitDepth: Int = 8, colorType: Int = 0, isInterlaced: Bool = false,
    samples: [Int] = [], chunksBefore: [[UInt8]] = [], chunksAfter: [[UInt8]] = []
  ) {
    (self.width, self.height, self.bitDepth) = (width, height, bitDepth)
    (self.colorType, self.isInterlaced, self.samples) = (colorType, isInterlaced, samples)
    (self.chunksBefore, self.chunksAfter) = (chunksBefore, chunksAfter)
  }

  /// Of the colour type.
  public var samplesPerPixel: Int { [0: 1, 2: 3, 3: 1, 4: 2, 6: 4][colorType] ?? 1 }

  /// The eight bytes that every PNG file begins with.
  public static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The whole file.
  public func file() -> [UInt8] {
    file(imageData: Self.zlib(stored: scanlines()))
  }

  /// The whole file around image data that is compressed already.
  public func file(imageData: [UInt8]) -> [UInt8] {
    var bytes = Self.signature + header()
    for chunk in chunksBefore { bytes += chunk }
    bytes += Self.chunk("IDAT", imageData)
    for chunk in chunksAfter { bytes += chunk }
    return bytes + Self.chunk("IEND", [])
  }

  /// The IHDR chunk.
  public func header() -> [UInt8] {
    Self.chunk(
      "IHDR",
      Self.bigEndian(width) + Self.bigEndian(height) + [
        UInt8(bitDepth), UInt8(colorType), 0, 0, isInterlaced ? 1 : 0,
      ])
  }

  /// The rows, each behind filter type 0; for an interlaced image the seven passes of Adam7.
  private func scanlines() -> [UInt8] {
    if !isInterlaced { return rows(startX: 0, startY: 0, stepX: 1, stepY: 1) }
    let passes = [
      (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
      (0, 1, 1, 2),
    ]
    return passes.flatMap { rows(startX: $0.0, startY: $0.1, stepX: $0.2, stepY: $0.3) }
  }

  private func rows(startX: Int, startY: Int, stepX: Int, stepY: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    if startX >= width { return bytes }
    for y in stride(from: startY, to: height, by: stepY) {
      bytes.append(0)
      var bits = 0
      var bitCount = 0
      for x in stride(from: startX, to: width, by: stepX) {
        for sample in 0..<samplesPerPixel {
          bits = bits << bitDepth | samples[(y * width + x) * samplesPerPixel + sample]
          bitCount += bitDepth
          while bitCount >= 8 {
            bytes.append(UInt8(bits >> (bitCount - 8) & 0xFF))
            bitCount -= 8
          }
        }
      }
      if bitCount > 0 { bytes.append(UInt8(bits << (8 - bitCount) & 0xFF)) }
    }
    return bytes
  }

  /// A chunk with its length and check sum.
  public static func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let checked = Array(type.utf8) + data
    var check: UInt32 = 0xFFFF_FFFF
    for byte in checked {
      check ^= UInt32(byte)
      for _ in 0..<8 { check = check & 1 == 1 ? 0xEDB8_8320 ^ check >> 1 : check >> 1 }
    }
    return bigEndian(data.count) + checked + bigEndian(Int(~check))
  }

  /// Four bytes.
  public static func bigEndian(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) }
  }

  /// zlib data of stored blocks (RFC 1950, RFC 1951).
  public static func zlib(stored bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = [0x78, 0x01]
    var position = 0
    repeat {
      let count = min(65_535, bytes.count - position)
      let isLast = position + count == bytes.count
      result += [isLast ? 1 : 0, UInt8(count & 0xFF), UInt8(count >> 8)]
      result += [UInt8(~count & 0xFF), UInt8(~count >> 8 & 0xFF)]
      result += bytes[position..<(position + count)]
      position += count
    } while position < bytes.count
    return result + bigEndian(Int(adler32(bytes)))
  }

  /// The check sum of zlib data.
  public static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var (low, high): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      low = (low + UInt32(byte)) % 65_521
      high = (high + low) % 65_521
    }
    return high << 16 | low
  }

  /// zlib data that expands to at least `count` zeros, 13 bits for each 258 of them (fixed Huffman codes:
  /// one literal 0, then matches of length 258 and distance 1). The check sum is right for exactly
  /// `1 + 258 n` zeros; the bomb is meant never to be read so far.
  public static func zlib(zeros count: Int) -> [UInt8] {
    var result: [UInt8] = [0x78, 0x01]
    var bits: UInt32 = 0
    var bitCount: UInt32 = 0
    func put(_ value: UInt32, _ width: UInt32, reversed: Bool = false) {
      for bit in 0..<width {
        bits |= (value >> (reversed ? width - 1 - bit : bit) & 1) << bitCount
        bitCount += 1
        if bitCount == 8 {
          result.append(UInt8(bits))
          (bits, bitCount) = (0, 0)
        }
      }
    }
    put(1, 1)
    put(1, 2)
    put(0x30, 8, reversed: true)
    let matches = (count + 256) / 258
    for _ in 0..<matches {
      put(0b1100_0101, 8, reversed: true)
      put(0, 5)
    }
    put(0, 7)
    if bitCount > 0 { result.append(UInt8(bits)) }
    // Adler-32 of zeros: the low half stays 1, the high half counts.
    return result + bigEndian(((1 + 258 * matches) % 65_521) << 16 | 1)
  }
}
