import Datasets
import Images
import Masks
import Segmentation
import Testing

@Suite struct HairRemovalTests {
  private static let side = 96

  /// Skin whose light changes across the picture.
  private func skin(channels: Int) -> Image {
    let side = Self.side
    return Image(
      width: side, height: side, channels: channels,
      pixels: (0..<(side * side * channels)).map { at in
        let (x, y) = (at / channels % side, at / channels / side)
        return UInt8(120 + x / 2 + y / 3 + 10 * (at % channels))
      })
  }

  /// Darkens a straight line; `width` pixels across.
  ///
  /// - Returns: Which pixels.
  @discardableResult
  private func drawHair(
    _ image: inout Image, from start: (Double, Double), to end: (Double, Double), width: Int = 1
  ) -> Set<Int> {
    var drawn: Set<Int> = []
    for step in 0...400 {
      let t = Double(step) / 400
      let (x, y) = (start.0 + t * (end.0 - start.0), start.1 + t * (end.1 - start.1))
      for offset in 0..<width { drawn.insert(Int(y) * image.width + Int(x) + offset) }
    }
    for pixel in drawn {
      for channel in 0..<image.channels { image.pixels[pixel * image.channels + channel] = 40 }
    }
    return drawn
  }

  /// The largest difference of a pixel's channels.
  private func difference(_ image: Image, _ other: Image, at pixel: Int) -> Int {
    (0..<image.channels).map {
      let at = pixel * image.channels + $0
      return abs(Int(image.pixels[at]) - Int(other.pixels[at]))
    }.max() ?? 0
  }

  private func differences(_ image: Image, _ other: Image) -> [Int] {
    (0..<(image.width * image.height)).map { difference(image, other, at: $0) }
  }

  @Test(arguments: [1, 3], [1, 2]) func drawnHairGoesAndTheSkinIsAsItWas(
    _ channels: Int, _ width: Int
  ) {
    let clean = skin(channels: channels)
    var image = clean
    drawHair(&image, from: (10, 8), to: (80, 8), width: width)
    drawHair(&image, from: (20, 15), to: (20, 85), width: width)
    drawHair(&image, from: (30, 20), to: (85, 75), width: width)
    // Crosses the one before.
    drawHair(&image, from: (28, 88), to: (86, 60), width: width)
    #expect(differences(image, clean).max() ?? 0 > 80)
    #expect(differences(HairRemoval().applied(to: image), clean).max() ?? 255 <= 1)
  }

  @Test func hairOnAPhotographIsReplacedAndNothingElseIsTouched() {
    let drawing = SyntheticDermoscopy.image(seed: 5, index: 4, width: 384, height: 384).image
    // What the picture brings along of its own goes first.
    let photograph = HairRemoval().applied(to: drawing.resized(width: 192, height: 192))
    var image = photograph
    let hair = drawHair(&image, from: (6, 30), to: (180, 12)).union(
      drawHair(&image, from: (12, 150), to: (96, 186)))
    let before = hair.map { difference(image, photograph, at: $0) }.reduce(0, +) / hair.count
    let result = HairRemoval().applied(to: image)
    let after = hair.map { difference(result, photograph, at: $0) }.reduce(0, +) / hair.count
    #expect(before > 80)
    #expect(after < 10)
    // Beyond the pixel around a hair.
    let far = (0..<(192 * 192)).filter { pixel in
      !(-2...2).contains { dy in
        (-2...2).contains { hair.contains(pixel + dy * 192 + $0) }
      }
    }
    #expect(far.count { difference(result, photograph, at: $0) > 0 } <= far.count / 200)
  }

  @Test func whatIsNotLongAndThinStays() {
    var image = skin(channels: 3)
    for y in 0..<Self.side {
      for x in 0..<Self.side {
        // A lesion, and a dot.
        let (dx, dy) = (x - 50, y - 50)
        guard dx * dx + dy * dy < 400 || (x - 15) * (x - 15) + (y - 15) * (y - 15) < 9 else {
          continue
        }
        for channel in 0..<3 { image.pixels[(y * Self.side + x) * 3 + channel] = 60 }
      }
    }
    #expect(!HairRemoval().hair(in: image).isSet.contains(true))
    #expect(HairRemoval().applied(to: image) == image)
  }

  @Test func aLesionUnderHairStaysDark() {
    var image = Image(width: 96, height: 96, channels: 1, filledWith: 180)
    for y in 0..<96 {
      for x in 0..<96 where (x - 50) * (x - 50) + (y - 50) * (y - 50) < 500 {
        image.pixels[y * 96 + x] = 110
      }
    }
    let clean = image
    drawHair(&image, from: (5, 20), to: (90, 80))
    #expect(differences(image, clean).count { $0 > 20 } > 120)
    // Where hair runs along the border, lesion and skin mix.
    #expect(differences(HairRemoval().applied(to: image), clean).count { $0 > 20 } <= 30)
  }

  @Test func cleanSkinAndSmallPicturesAreLeftAlone() {
    let clean = skin(channels: 3)
    #expect(HairRemoval().applied(to: clean) == clean)
    for (width, height) in [(1, 1), (1, 5), (7, 2)] {
      let image = Image(width: width, height: height, channels: 3, filledWith: 7)
      #expect(HairRemoval().applied(to: image) == image)
    }
  }
}
