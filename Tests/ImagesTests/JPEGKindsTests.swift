import CImageCodecs
import Images
import Testing

@Suite("JPEG kinds") struct JPEGKindsTests {
  /// Encodes inks as Adobe stores them (255 is none).
  static func cmyk(_ inks: [UInt8], width: Int, height: Int) -> [UInt8] {
    var buffer = unsafe codec_buffer()
    var report = codec_report()
    let status = unsafe inks.withUnsafeBufferPointer { inks in
      unsafe codec_jpeg_encode(
        inks.baseAddress, UInt32(width), UInt32(height), 4, 100, 0, &buffer, &report)
    }
    defer { unsafe codec_buffer_free(&buffer) }
    guard status == CODEC_OK else { return [] }
    return unsafe [UInt8](UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
  }

  @Test(
    "inks become red, green and blue",
    arguments: [
      ([255, 255, 255, 255], [255, 255, 255]), ([0, 255, 255, 255], [0, 255, 255]),
      ([255, 0, 255, 255], [255, 0, 255]), ([255, 255, 255, 0], [0, 0, 0]),
      ([200, 150, 100, 128], [100, 75, 50]),
    ] as [([UInt8], [Int])])
  func cmykIsConverted(ink: [UInt8], color: [Int]) throws {
    let inks = (0..<256).flatMap { _ in ink }
    let image = try ImageDecoder.decode(Self.cmyk(inks, width: 16, height: 16))
    #expect((image.width, image.height, image.channels) == (16, 16, 3))
    for (index, value) in image.pixels.enumerated() {
      #expect(abs(Int(value) - color[index % 3]) <= 3)
    }
  }

  @Test("without Adobe's marker inks are not inverted") func plainInks() throws {
    var bytes = Self.cmyk([UInt8](repeating: 255, count: 1024), width: 16, height: 16)
    let marker = try #require(position(of: [0xFF, 0xEE], in: bytes))
    bytes.removeSubrange(marker..<(marker + 16))
    let image = try ImageDecoder.decode(bytes)
    #expect(image.pixels.allSatisfy { $0 <= 3 })
  }

  @Test("kinds that are not decoded say so")
  func unsupported() throws {
    let bytes = try JPEGEncoder.encode(gradient(width: 64, height: 64, channels: 3))
    let frame = try #require(position(of: [0xFF, 0xC0], in: bytes))
    var twelveBits = bytes
    twelveBits[frame + 4] = 12
    var lossless = bytes
    lossless[frame + 1] = 0xC3
    var hierarchical = bytes
    hierarchical[frame + 1] = 0xC5
    for bytes in [twelveBits, lossless, hierarchical] {
      guard case .unsupported = refusal(of: bytes) else {
        Issue.record("\(String(describing: refusal(of: bytes)))")
        continue
      }
    }
    // Two components have no colour.
    var components = bytes
    components[frame + 3] = 14
    components[frame + 9] = 2
    components.removeSubrange((frame + 16)..<(frame + 19))
    #expect(refusal(of: components) != nil)
  }

  @Test("comments and applications' segments change nothing, however many") func segments() throws {
    let bytes = try JPEGEncoder.encode(gradient(width: 40, height: 30, channels: 3))
    let plain = try ImageDecoder.decode(bytes)
    let comment: [UInt8] = [0xFF, 0xFE, 0, 3, 65]
    let many = (0..<65_500).flatMap { _ in comment }
    let thumbnail =
      [0xFF, 0xE1, 0xFF, 0xFF] + Array("Exif\0\0".utf8)
      + [UInt8](repeating: 0xFF, count: 65_527)
    #expect(try ImageDecoder.decode(Array(bytes[..<2] + many + bytes[2...])) == plain)
    #expect(try ImageDecoder.decode(Array(bytes[..<2] + thumbnail + bytes[2...])) == plain)
  }

  @Test("what follows the end of the image is not read") func trailer() throws {
    let jpeg = try JPEGEncoder.encode(gradient(width: 40, height: 30, channels: 3))
    #expect(refusal(of: jpeg + [UInt8](repeating: 7, count: 1000)) == nil)
    let png = try PNGEncoder.encode(gradient(width: 40, height: 30, channels: 3))
    #expect(refusal(of: png + [UInt8](repeating: 7, count: 1000)) == nil)
  }

  @Test("the first EXIF segment before the pixels counts") func firstSegment() throws {
    var image = gradient(width: 16, height: 16, channels: 1)
    image.orientation = 8
    let bytes = try JPEGEncoder.encode(image)
    image.orientation = 3
    let other = try JPEGEncoder.encode(image)
    let segment = other[2..<(4 + Int(other[4]) << 8 + Int(other[5]))]
    #expect(
      try ImageDecoder.decode(Array(bytes[..<2] + segment + bytes[2...])).orientation == 3)
    // One after the pixels does not.
    image.orientation = 1
    let plain = try JPEGEncoder.encode(image)
    #expect(try ImageDecoder.decode(plain + segment).orientation == 1)
  }
}

/// Where `pattern` first occurs.
func position(of pattern: [UInt8], in bytes: [UInt8], from start: Int = 0) -> Int? {
  (start..<(bytes.count - pattern.count)).first {
    bytes[$0..<($0 + pattern.count)].elementsEqual(pattern)
  }
}
