import Images
import Testing

@Suite("Encoding and decoding") struct RoundTripTests {
  @Test("PNG keeps every pixel", arguments: [1, 3]) func pngIsLossless(channels: Int) throws {
    for (width, height) in [(8, 8), (9, 31), (257, 64)] {
      let image = noise(width: width, height: height, channels: channels, seed: 1)
      #expect(try ImageDecoder.decode(PNGEncoder.encode(image)) == image)
    }
  }

  @Test("JPEG keeps a smooth picture nearly", arguments: [1, 3], [false, true])
  func jpegIsClose(channels: Int, progressive: Bool) throws {
    let image = gradient(width: 75, height: 50, channels: channels)
    let bytes = try JPEGEncoder.encode(image, quality: 95, progressive: progressive)
    let decoded = try ImageDecoder.decode(bytes)
    #expect(decoded.channels == channels)
    #expect(largestDifference(decoded, image) <= 12)
  }

  @Test("the orientation survives", arguments: 1...8) func orientation(value: Int) throws {
    var image = gradient(width: 16, height: 9, channels: 3)
    image.orientation = UInt8(value)
    #expect(try ImageDecoder.decode(PNGEncoder.encode(image)) == image)
    let fromJPEG = try ImageDecoder.decode(JPEGEncoder.encode(image))
    #expect(fromJPEG.orientation == UInt8(value))
    #expect(fromJPEG.width == 16)
    #expect(fromJPEG.height == 9)
  }

  @Test("texts survive and need a whole file") func texts() throws {
    let image = noise(width: 20, height: 20, channels: 1, seed: 3)
    let texts = [
      PNGText(keyword: "Source-SHA256", value: String(repeating: "0f", count: 32)),
      PNGText(keyword: "Title", value: "Überweisung 皮膚"),
      PNGText(keyword: "Empty", value: ""),
    ]
    let bytes = try PNGEncoder.encode(image, text: texts)
    #expect(PNGText.read(from: bytes) == texts)
    #expect(try ImageDecoder.decode(bytes) == image)
    #expect(PNGText.read(from: bytes.dropLast(1)) == [])
    for index in [60, bytes.count / 2, bytes.count - 20] {
      var damaged = bytes
      damaged[index] ^= 1
      #expect(PNGText.read(from: damaged) == [])
    }
  }

  @Test("texts that PNG does not allow are refused") func forbiddenTexts() {
    let image = Image(width: 8, height: 8, channels: 1)
    let texts = [
      PNGText(keyword: "", value: "x"), PNGText(keyword: "a\0b", value: "x"),
      PNGText(keyword: "k", value: "x\0y"), PNGText(keyword: "ü", value: "x"),
      PNGText(keyword: String(repeating: "k", count: 80), value: "x"),
    ]
    for text in texts {
      #expect(throws: ImageError.self) { try PNGEncoder.encode(image, text: [text]) }
    }
  }

  @Test("the header is read without the rest") func header() throws {
    let bytes = try PNGEncoder.encode(noise(width: 300, height: 20, channels: 3, seed: 1))
    let header = PNGHeader(width: 300, height: 20, bitDepth: 8, colorType: 2)
    #expect(PNGHeader.read(from: Array(bytes.prefix(33))) == header)
    #expect(PNGHeader.read(from: Array(bytes.prefix(32))) == nil)
    #expect(
      try PNGHeader.read(from: JPEGEncoder.encode(gradient(width: 9, height: 9, channels: 1)))
        == nil)
  }

  @Test("grey and RGB convert by BT.601") func conversion() {
    let colors = Image(
      width: 5, height: 1, channels: 3,
      pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 10, 20, 30])
    let grey = colors.converted(toChannels: 1)
    #expect(grey.pixels == [76, 150, 29, 255, 18])
    #expect(grey.converted(toChannels: 3).pixels == grey.pixels.flatMap { [$0, $0, $0] })
    #expect(colors.converted(toChannels: 3) == colors)
  }
}
