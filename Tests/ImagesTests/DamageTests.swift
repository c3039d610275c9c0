import Images
import TestScaffold
import Testing

/// Files that are cut, damaged or something else: never a success, never a crash.
@Suite("Damaged images") struct DamageTests {
  static let kinds = ["baseline", "progressive", "grey", "turned", "png", "interlaced", "mask"]

  static func sample(_ kind: String) throws -> [UInt8] {
    var image = noise(width: 90, height: 70, channels: 3, seed: 5).resized(width: 180, height: 140)
    switch kind {
    case "baseline": return try JPEGEncoder.encode(image)
    case "progressive": return try JPEGEncoder.encode(image, progressive: true)
    case "grey": return try JPEGEncoder.encode(image.converted(toChannels: 1))
    case "turned":
      image.orientation = 6
      return try JPEGEncoder.encode(image)
    case "interlaced":
      return PNGBuilder(
        width: 180, height: 140, colorType: 2, isInterlaced: true,
        samples: image.pixels.map(Int.init)
      ).file()
    case "mask":
      var mask = image.converted(toChannels: 1)
      for index in mask.pixels.indices { mask.pixels[index] = mask.pixels[index] > 128 ? 255 : 0 }
      mask.orientation = 3
      return try PNGEncoder.encode(mask, text: [PNGText(keyword: "Model-SHA256", value: "0")])
    default: return try PNGEncoder.encode(image)
    }
  }

  @Test("cut at every percent means truncated", arguments: kinds) func cut(kind: String) throws {
    let bytes = try Self.sample(kind)
    #expect(refusal(of: bytes) == nil)
    var lengths = (0..<100).map { bytes.count * $0 / 100 }
    lengths += [1, 2, 3, 7, 8, 9, 12, 20, 33, bytes.count - 2, bytes.count - 1]
    for length in lengths {
      let error = refusal(of: Array(bytes.prefix(length)))
      #expect(
        error?.isTruncated == true, "\(length) of \(bytes.count): \(String(describing: error))")
    }
  }

  @Test("a tail of zeros means truncated", arguments: kinds) func zeros(kind: String) throws {
    let bytes = try Self.sample(kind)
    for percent in stride(from: 0, to: 100, by: 5) {
      let length = bytes.count * percent / 100
      let reserved = bytes.prefix(length) + [UInt8](repeating: 0, count: bytes.count - length)
      let error = refusal(of: Array(reserved))
      #expect(error?.isTruncated == true, "\(percent) %: \(String(describing: error))")
    }
  }

  @Test(
    "a hole in the pixels is not accepted", arguments: ["baseline", "png", "interlaced", "mask"])
  func hole(kind: String) throws {
    var bytes = try Self.sample(kind)
    for index in (bytes.count / 2)..<(bytes.count / 2 + bytes.count / 8) { bytes[index] = 0 }
    #expect(refusal(of: bytes) != nil)
  }

  @Test("every wrong check sum of a PNG is fatal") func checkSums() throws {
    let image = noise(width: 30, height: 30, channels: 1, seed: 2)
    let bytes = try PNGEncoder.encode(image, text: [PNGText(keyword: "k", value: "v")])
    var position = 8
    while position < bytes.count {
      let length = bytes[position..<(position + 4)].reduce(0) { $0 << 8 | Int($1) }
      var damaged = bytes
      damaged[position + 8 + length + 3] ^= 0x10
      guard case .damaged = refusal(of: damaged) else {
        Issue.record("chunk at \(position): \(String(describing: refusal(of: damaged)))")
        return
      }
      position += 12 + length
    }
    let builder = PNGBuilder(width: 8, height: 8, samples: [Int](repeating: 3, count: 64))
    var data = PNGBuilder.zlib(stored: [UInt8](repeating: 0, count: 8 * 9))
    #expect(refusal(of: builder.file(imageData: data)) == nil)
    data[data.count - 1] ^= 1
    guard case .damaged = refusal(of: builder.file(imageData: data)) else {
      Issue.record("a wrong Adler-32 was accepted")
      return
    }
  }

  @Test("too few rows, no pixels, a wrong header") func wrongPNG() {
    let builder = PNGBuilder(width: 8, height: 8, samples: [Int](repeating: 3, count: 64))
    let short = PNGBuilder.zlib(stored: [UInt8](repeating: 0, count: 7 * 9))
    #expect(refusal(of: builder.file(imageData: short)) != nil)
    let noImage = PNGBuilder.signature + builder.header() + PNGBuilder.chunk("IEND", [])
    #expect(refusal(of: noImage) != nil)
    for (width, height, depth, type) in [
      (0, 0, 8, 0), (8, 0, 8, 0), (8, 8, 3, 0), (8, 8, 16, 3), (8, 8, 8, 5), (8, 8, 4, 2),
      (1 << 31, 8, 8, 0),
    ] {
      let wrong = PNGBuilder(width: width, height: height, bitDepth: depth, colorType: type)
      #expect(refusal(of: wrong.file(imageData: short)) != nil)
    }
    let unknownPalette = PNGBuilder(width: 8, height: 8, colorType: 3)
    #expect(refusal(of: unknownPalette.file(imageData: short)) != nil)
  }

  @Test("the first bytes decide, not the name") func otherKinds() {
    let cases: [(bytes: [UInt8], error: ImageError)] = [
      ([], .empty),
      (Array("GIF89a".utf8) + [1, 0, 1, 0], .notAnImage(looksLike: "a GIF image")),
      (Array("Dear colleague, here is the photograph.".utf8), .notAnImage(looksLike: "text")),
      (Array("%PDF-1.7".utf8), .notAnImage(looksLike: "a PDF document")),
      (Array("BM".utf8) + [9, 9, 9, 9, 0], .notAnImage(looksLike: "a BMP image")),
      (Array("RIFF1234WEBPVP8 ".utf8), .notAnImage(looksLike: "a WebP image")),
      (
        [0, 0, 0, 24] + Array("ftypheic".utf8),
        .notAnImage(looksLike: "a HEIF or AVIF image or a film")
      ),
      (
        [UInt8](repeating: 0, count: 128) + Array("DICM".utf8),
        .notAnImage(looksLike: "a DICOM file")
      ),
      ([1, 2, 3, 4, 200], .notAnImage(looksLike: nil)),
    ]
    for (bytes, error) in cases { #expect(refusal(of: bytes) == error) }
    #expect(refusal(of: [0xFF, 0xD8])?.isTruncated == true)
    #expect(refusal(of: [UInt8](repeating: 0, count: 5_000))?.isTruncated == true)
    #expect(ImageError.empty.isTruncated)
    #expect(!ImageError.notAnImage(looksLike: nil).isTruncated)
  }

  @Test("messages say why, with numbers, and what to do") func messages() {
    #expect(
      ImageError.tooManyScans(count: 1_204, limit: 100).description
        == "1,204 progressive scans, limit 100. Save the image again as baseline JPEG.")
    #expect(
      ImageError.tooManyPixels(width: 10_000, height: 6_000, limit: 50_000_000).description
        == "10,000 x 6,000 = 60,000,000 pixels, limit 50,000,000. Save the image smaller.")
    #expect(ImageError.empty.description == "the file is empty. Copy it again.")
  }

  /// A thousand of them; `make test-long` has ten thousand tried under the address sanitizer.
  @Test("X1: mutated images end in pixels or a reason") func mutations() throws {
    let rounds = numberFromEnvironment("DERMSEG_TEST_MUTATIONS", otherwise: 1_000)
    print("X1: \(rounds) mutated images, seed 0xDE4D5E")
    var random = SplitMix64(state: 0x00DE_4D5E)
    let samples = try Self.kinds.map(Self.sample)
    var decodedCount = 0
    var reasons: Set<String> = []
    for round in 0..<rounds {
      var bytes = samples[round % samples.count]
      switch round / samples.count % 4 {
      case 0:  // single bits
        for _ in 0..<Int.random(in: 1...8, using: &random) {
          bytes[Int.random(in: 0..<bytes.count, using: &random)] ^=
            1 << UInt8.random(in: 0...7, using: &random)
        }
      case 1:  // a piece of another file
        let other = samples[Int.random(in: 0..<samples.count, using: &random)]
        let start = Int.random(in: 0..<bytes.count, using: &random)
        let from = Int.random(in: 0..<other.count, using: &random)
        bytes.replaceSubrange(start..., with: other[from...])
      case 2:  // markers and chunk headers
        let index = Int.random(in: 0..<min(200, bytes.count), using: &random)
        bytes[index] = UInt8.random(in: 0...255, using: &random)
      default:  // a piece left out
        let start = Int.random(in: 0..<bytes.count, using: &random)
        bytes.removeSubrange(
          start..<min(bytes.count, start + Int.random(in: 1...99, using: &random)))
      }
      do {
        let image = try ImageDecoder.decode(bytes, limits: ImageLimits(pixels: 4_000_000))
        #expect(image.pixels.count == image.width * image.height * image.channels)
        decodedCount += 1
      } catch {
        reasons.insert(String(error.description.prefix(20)))
      }
    }
    // Both happen, or the mutations do not do what they are for.
    #expect(decodedCount > rounds / 100)
    #expect(decodedCount < rounds * 9 / 10)
    #expect(reasons.count >= 4)
  }
}
