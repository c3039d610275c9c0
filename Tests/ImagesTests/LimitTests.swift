import Images
import TestScaffold
import Testing

/// Each limit of `ImageLimits`, and files made to break them.
@Suite("Image limits") struct LimitTests {
  @Test("sizes are tested on the header") func sizes() throws {
    let cases: [(width: Int, height: Int, error: ImageError?)] = [
      (7, 100, .sideTooSmall(width: 7, height: 100, limit: 8)),
      (100, 7, .sideTooSmall(width: 100, height: 7, limit: 8)),
      (8, 8, nil),
      (1_000_000, 8, .sideTooLarge(width: 1_000_000, height: 8, limit: 16_384)),
      (8, 16_385, .sideTooLarge(width: 8, height: 16_385, limit: 16_384)),
      (30_000, 30_000, .sideTooLarge(width: 30_000, height: 30_000, limit: 16_384)),
      (10_000, 5_001, .tooManyPixels(width: 10_000, height: 5_001, limit: 50_000_000)),
      (16_384, 16_384, .tooManyPixels(width: 16_384, height: 16_384, limit: 50_000_000)),
    ]
    for (width, height, error) in cases {
      // The header alone, with pixels that are never reached, as one-bit grey.
      let builder = PNGBuilder(
        width: width, height: height, bitDepth: 1,
        samples: [Int](repeating: 1, count: error == nil ? width * height : 0))
      let bytes =
        error == nil ? builder.file() : builder.file(imageData: PNGBuilder.zlib(stored: []))
      #expect(refusal(of: bytes) == error)
    }
  }

  @Test("a PNG of 30,000 x 30,000 in a few hundred kilobytes is refused") func pngBomb() {
    let builder = PNGBuilder(width: 30_000, height: 30_000, bitDepth: 1)
    let bomb = builder.file(imageData: PNGBuilder.zlib(zeros: 30_000 * 3_751))
    #expect(bomb.count < 800_000)
    #expect(
      refusal(of: bomb) == .sideTooLarge(width: 30_000, height: 30_000, limit: 16_384))
  }

  @Test("a large flat PNG within the limits decodes") func flatPNG() throws {
    // 259 rows of 259 bytes are 1 + 258 x 260 zeros: the check sum is right.
    let builder = PNGBuilder(width: 2_064, height: 259, bitDepth: 1)
    let image = try ImageDecoder.decode(
      builder.file(imageData: PNGBuilder.zlib(zeros: 259 * 259)), limits: .standard)
    #expect(image.pixels.allSatisfy { $0 == 0 })
  }

  @Test("sizes of a JPEG are tested too") func jpegSizes() throws {
    let bytes = try JPEGEncoder.encode(gradient(width: 64, height: 48, channels: 3))
    let frame = try #require(position(of: [0xFF, 0xC0], in: bytes))
    var huge = bytes
    huge.replaceSubrange((frame + 5)..<(frame + 9), with: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(refusal(of: huge) == .sideTooLarge(width: 65_535, height: 65_535, limit: 16_384))
    var long = bytes
    long.replaceSubrange((frame + 5)..<(frame + 9), with: [0, 100, 0x40, 1])
    #expect(refusal(of: long) == .sideTooLarge(width: 16_385, height: 100, limit: 16_384))
    var wide = bytes
    wide.replaceSubrange((frame + 5)..<(frame + 9), with: [0x30, 0, 0x30, 0])
    #expect(
      refusal(of: wide) == .tooManyPixels(width: 12_288, height: 12_288, limit: 50_000_000))
    var flat = bytes
    flat.replaceSubrange((frame + 5)..<(frame + 9), with: [0, 0, 0, 64])
    #expect(refusal(of: flat) != nil)
    let tiny = try JPEGEncoder.encode(gradient(width: 64, height: 7, channels: 3))
    #expect(refusal(of: tiny) == .sideTooSmall(width: 64, height: 7, limit: 8))
  }

  @Test("the size is known before anything is decoded") func sizeFromTheHeader() throws {
    let image = Image(width: 33, height: 21, channels: 3, filledWith: 9)
    for bytes in [try JPEGEncoder.encode(image), try PNGEncoder.encode(image)] {
      let size = try #require(ImageDecoder.size(of: bytes))
      #expect(size == (33, 21))
      #expect(ImageDecoder.size(of: Array(bytes.prefix(20))) == nil)
    }
    #expect(ImageDecoder.size(of: Array("no picture".utf8)) == nil)
    #expect(ImageDecoder.size(of: []) == nil)
  }

  @Test("limits can be lowered") func lowered() throws {
    let png = try PNGEncoder.encode(gradient(width: 64, height: 48, channels: 1))
    let cases: [(ImageLimits, ImageError)] = [
      (ImageLimits(fileBytes: 100), .fileTooLarge(bytes: png.count, limit: 100)),
      (ImageLimits(minimumSide: 49), .sideTooSmall(width: 64, height: 48, limit: 49)),
      (ImageLimits(maximumSide: 63), .sideTooLarge(width: 64, height: 48, limit: 63)),
      (ImageLimits(pixels: 3_071), .tooManyPixels(width: 64, height: 48, limit: 3_071)),
      (ImageLimits(cpuTime: .zero), .tooSlow(limit: .zero)),
    ]
    for (limits, error) in cases { #expect(refusal(of: png, limits: limits) == error) }
    #expect(refusal(of: png, limits: ImageLimits(fileBytes: png.count, pixels: 3_072)) == nil)
  }

  @Test("a JPEG of a thousand scans is refused and they are counted") func scanBomb() throws {
    #expect(refusal(of: try Self.scans(3)) == nil)
    #expect(refusal(of: try Self.scans(100)) == nil)
    #expect(refusal(of: try Self.scans(101)) == .tooManyScans(count: 101, limit: 100))
    let error = refusal(of: try Self.scans(1_204))
    #expect(
      error?.description
        == "1,204 progressive scans, limit 100. Save the image again as baseline JPEG.")
  }

  @Test("a progressive JPEG whose last scan is repeated a thousand times is refused")
  func progressiveScanBomb() throws {
    // In a flat picture the last scan, a refinement, says "nothing here" and may be repeated.
    let image = Image(width: 200, height: 200, channels: 1, filledWith: 90)
    let bytes = try JPEGEncoder.encode(image, progressive: true)
    #expect(refusal(of: bytes) == nil)
    let scans = Self.scanStarts(bytes)
    let last = try #require(scans.last)
    var bomb = Array(bytes[..<(bytes.count - 2)])
    for _ in 0..<1_000 { bomb += bytes[last..<(bytes.count - 2)] }
    bomb += [0xFF, 0xD9]
    // libjpeg complains 63 times about each one.
    guard case .tooManyWarnings(limit: 100, _) = refusal(of: bomb) else {
      Issue.record("\(String(describing: refusal(of: bomb)))")
      return
    }
    let patient = ImageLimits(warnings: 1_000_000)
    #expect(
      refusal(of: bomb, limits: patient)
        == .tooManyScans(count: scans.count + 1_000, limit: 100))
  }

  /// A baseline JPEG of three components in `count` scans, of which all but the first two are of the
  /// last component: correct to the letter, and each walks over the whole image.
  static func scans(_ count: Int) throws -> [UInt8] {
    let grey = try JPEGEncoder.encode(gradient(width: 64, height: 64, channels: 1))
    let frame = try #require(position(of: [0xFF, 0xC0], in: grey))
    let scan = try #require(position(of: [0xFF, 0xDA], in: grey))
    var bytes = Array(grey[..<(frame + 2)]) + [0, 17] + grey[(frame + 4)..<(frame + 9)] + [3]
    for component in UInt8(1)...3 { bytes += [component, 0x11, 0] }
    bytes += grey[(frame + 13)..<scan]
    for index in 0..<count {
      bytes += [0xFF, 0xDA, 0, 8, 1, UInt8(min(index + 1, 3)), 0, 0, 63, 0]
      bytes += grey[(scan + 10)..<(grey.count - 2)]
    }
    return bytes + [0xFF, 0xD9]
  }

  @Test("a progressive JPEG stays within the library's memory") func memory() throws {
    let bytes = try JPEGEncoder.encode(
      gradient(width: 600, height: 600, channels: 3), progressive: true)
    let limits = ImageLimits(jpegMemoryBytes: 500_000)
    #expect(refusal(of: bytes, limits: limits) == .tooMuchMemory(limitBytes: 500_000))
    #expect(refusal(of: bytes) == nil)
  }

  @Test("processor time is limited for every kind") func cpuTime() throws {
    let image = gradient(width: 64, height: 64, channels: 3)
    let limits = ImageLimits(cpuTime: .zero)
    for bytes in [
      try JPEGEncoder.encode(image), try JPEGEncoder.encode(image, progressive: true),
      try PNGEncoder.encode(image),
    ] {
      #expect(refusal(of: bytes, limits: limits) == .tooSlow(limit: .zero))
    }
  }

  @Test("oddities are counted") func warnings() throws {
    let bytes = try JPEGEncoder.encode(
      gradient(width: 64, height: 64, channels: 3), progressive: true)
    let scans = Self.scanStarts(bytes)
    // Bytes that belong to nothing, before each scan but the first.
    var odd: [UInt8] = Array(bytes[..<scans[0]])
    for (index, start) in scans.enumerated() {
      let end = index + 1 < scans.count ? scans[index + 1] : bytes.count
      if index > 0 { odd += [0, 1, 2, 3] }
      odd += bytes[start..<end]
    }
    #expect(refusal(of: odd) == nil)
    guard case .tooManyWarnings(limit: 3, _) = refusal(of: odd, limits: ImageLimits(warnings: 3))
    else {
      Issue.record("\(String(describing: refusal(of: odd, limits: ImageLimits(warnings: 3))))")
      return
    }
  }

  @Test("oddities of PNG files are counted") func warningsOfPNG() throws {
    let transparent = PNGBuilder.chunk("tRNS", [0, 7])
    func file(_ count: Int) -> [UInt8] {
      PNGBuilder(
        width: 16, height: 16, samples: Array(repeating: 9, count: 256),
        chunksBefore: Array(repeating: transparent, count: count)
      ).file()
    }
    // Only the first one counts; libpng complains about each of the others.
    #expect(refusal(of: file(100)) == nil)
    guard case .tooManyWarnings(limit: 100, _) = refusal(of: file(110)) else {
      Issue.record("\(String(describing: refusal(of: file(110))))")
      return
    }
  }

  /// Where the start-of-scan markers are. Within coded data 0xFF is followed by 0.
  static func scanStarts(_ bytes: [UInt8]) -> [Int] {
    (0..<(bytes.count - 1)).filter { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xDA }
  }
}
