import Images
import Reports
import Testing

/// Drawn forms whose measures are known from geometry.
@Suite struct ShapeMeasurementsTests {
  private func isNear(_ value: Double, _ expected: Double, within share: Double) -> Bool {
    abs(value - expected) <= share * abs(expected)
  }

  @Test(arguments: [20.0, 47.3, 100, 140])
  func aDisc(_ radius: Double) throws {
    let shape = try #require(ShapeMeasurements(disc(radius: radius)))
    let share = 1.5 / radius
    #expect(isNear(Double(shape.areaPixels), .pi * radius * radius, within: 0.01))
    #expect(isNear(shape.areaPercent, 100 * .pi * radius * radius / 90_000, within: 0.01))
    #expect(isNear(shape.perimeterPixels, 2 * .pi * radius, within: 0.012))
    #expect(isNear(shape.equivalentDiameterPixels, 2 * radius, within: 0.01))
    #expect(isNear(shape.maximumDiameterPixels, 2 * radius, within: share))
    #expect(isNear(shape.compactness, 1, within: 0.03))
    #expect(shape.borderIrregularity < share)
    #expect(shape.asymmetryMajorAxis < share && shape.asymmetryMinorAxis < share)
    #expect(shape.parts == 1 && shape.borderShare == 0)
    #expect(abs(shape.centroid[0] - 150.3) < 0.1 && abs(shape.centroid[1] - 150.3) < 0.1)
  }

  @Test func aSquareIsExact() throws {
    let mask = drawn(width: 50, height: 40) { x, y in (10..<30).contains(x) && (5..<25).contains(y)
    }
    let shape = try #require(ShapeMeasurements(mask))
    #expect(shape.areaPixels == 400 && shape.areaPercent == 20)
    #expect(shape.boundingBox == PixelBox(x: 10, y: 5, width: 20, height: 20))
    #expect(shape.centroid == [20, 15])
    #expect(shape.maximumDiameterPixels == 28.284)
    #expect(shape.borderIrregularity == 0)
    #expect(shape.asymmetryMajorAxis == 0 && shape.asymmetryMinorAxis == 0)
    // 40 changes along rows and columns each, 2 x 39 along each diagonal.
    #expect(shape.perimeterPixels == 74.734)
    #expect(isNear(shape.perimeterPixels, 80, within: 0.07))
    #expect(isNear(shape.compactness, 4 / .pi, within: 0.14))
  }

  /// Against the sum of its description, pixel by pixel.
  @Test(arguments: 1...30) func thePerimeterIsThatOfTheNeighbors(_ seed: Int) throws {
    let (width, height) = (seed * 7 % 31 + 1, seed * 5 % 17 + 1)
    let mask = drawn(width: width, height: height) { x, y in
      (Int(x) &* 7919 &+ Int(y) &* 104_729 &+ seed &* 31) % 11 < 5
    }
    guard let shape = ShapeMeasurements(mask) else { return }
    func isLesion(_ x: Int, _ y: Int) -> Bool {
      (0..<width).contains(x) && (0..<height).contains(y) && mask.pixels[y * width + x] == 255
    }
    var (straight, diagonal) = (0, 0)
    for y in -1...height {
      for x in -1...width {
        for (dx, dy) in [(1, 0), (0, 1)] where isLesion(x, y) != isLesion(x + dx, y + dy) {
          straight += 1
        }
        for dx in [-1, 1] where isLesion(x, y) != isLesion(x + dx, y + 1) { diagonal += 1 }
      }
    }
    let expected = .pi / 8 * (Double(straight) + Double(diagonal) / 2.0.squareRoot())
    #expect(shape.perimeterPixels == expected.rounded(places: 3))
  }

  @Test(arguments: [0.0, 30, 45, 90, -60])
  func anEllipse(_ degrees: Double) throws {
    let (a, b) = (150.0, 60.0)
    let shape = try #require(ShapeMeasurements(ellipse(a, b, degrees: degrees)))
    #expect(isNear(Double(shape.areaPixels), .pi * a * b, within: 0.005))
    // Ramanujan's approximation.
    let h = (a - b) * (a - b) / ((a + b) * (a + b))
    let around = .pi * (a + b) * (1 + 3 * h / (10 + (4 - 3 * h).squareRoot()))
    #expect(isNear(shape.perimeterPixels, around, within: 0.03))
    #expect(isNear(shape.maximumDiameterPixels, 2 * a, within: 0.01))
    let turned = abs(abs(shape.orientationDegrees - degrees).truncatingRemainder(dividingBy: 180))
    #expect(min(turned, 180 - turned) < 0.5)
    #expect(shape.asymmetryMajorAxis < 0.02 && shape.asymmetryMinorAxis < 0.02)
    #expect(shape.borderIrregularity < 0.02)
  }

  @Test func aStarIsIrregularAndSymmetricAboutOneAxisOnly() throws {
    let (outer, inner) = (180.0, 75.0)
    let shape = try #require(ShapeMeasurements(star(outer: outer, inner: inner)))
    // Ten triangles around the middle; the hull is the pentagon of the outer corners.
    let area = 5 * outer * inner * 0.587785
    let hull = 2.5 * outer * outer * 0.951057
    #expect(isNear(Double(shape.areaPixels), area, within: 0.01))
    #expect(abs(shape.borderIrregularity - (1 - area / hull)) < 0.01)
    let side = (outer * outer + inner * inner - 2 * outer * inner * 0.809017).squareRoot()
    #expect(isNear(shape.perimeterPixels, 10 * side, within: 0.03))
    #expect(shape.compactness > 2)
  }

  @Test func aHalfDiscIsAsymmetricAboutTheAxisThatItLacks() throws {
    let half = drawn(width: 300, height: 300) { x, y in
      (x - 150) * (x - 150) + (y - 150) * (y - 150) < 100 * 100 && y < 150
    }
    let shape = try #require(ShapeMeasurements(half))
    // Its major axis is parallel to its straight side, 4 r / 3 pi from it. Above it lies what has no image.
    #expect(abs(shape.orientationDegrees) < 0.5)
    #expect(shape.asymmetryMajorAxis > 0.1)
    #expect(shape.asymmetryMinorAxis < 0.01)
    #expect(abs(shape.centroid[1] - (150 - 400 / (3 * .pi))) < 0.3)
  }

  @Test func partsHolesAndTheBorderAreCounted() throws {
    let shape = try #require(ShapeMeasurements(mask("##...", "#..#.", "...##", ".....")))
    #expect(shape.parts == 2 && shape.areaPixels == 6)
    #expect(shape.borderShare == (4.0 / 14).rounded(places: 5))
    let diagonal = try #require(ShapeMeasurements(mask("#.", ".#")))
    #expect(diagonal.parts == 2)
    let full = try #require(
      ShapeMeasurements(Image(width: 9, height: 7, channels: 1, filledWith: 255)))
    #expect(full.areaPercent == 100 && full.borderShare == 1 && full.borderIrregularity == 0)
    #expect(ShapeMeasurements(Image(width: 9, height: 7, channels: 1)) == nil)
    let one = try #require(ShapeMeasurements(mask("...", ".#.", "...")))
    #expect(
      one.areaPixels == 1 && one.centroid == [1.5, 1.5] && one.maximumDiameterPixels == 1.414)
    let line = try #require(ShapeMeasurements(mask("####")))
    #expect(line.areaPixels == 4 && line.borderShare == 1 && line.orientationDegrees == 0)
  }

  @Test func aLargeLesionIsSampledForItsAsymmetry() throws {
    let small = try #require(ShapeMeasurements(star(outer: 180, inner: 75)))
    let large = try #require(
      ShapeMeasurements(star(outer: 180, inner: 75).resized(width: 2000, height: 2000)))
    #expect(large.areaPixels > 800_000)
    #expect(abs(small.asymmetryMajorAxis - large.asymmetryMajorAxis) < 0.02)
    #expect(abs(small.asymmetryMinorAxis - large.asymmetryMinorAxis) < 0.02)
  }
}

@Suite struct ColorMeasurementsTests {
  /// Skin with a lesion of columns of colours, each with its share of 100 columns.
  private func photograph(_ columns: [(SIMD3<Double>, Int)], skin: SIMD3<Double>) -> (Image, Image)
  {
    var image = Image(width: 140, height: 60, channels: 3)
    let mask = drawn(width: 140, height: 60) { x, y in
      (20..<120).contains(x) && (10..<50).contains(y)
    }
    let colors = columns.flatMap { [SIMD3<Double>](repeating: $0.0, count: $0.1) }
    for index in 0..<(140 * 60) {
      let color = mask.pixels[index] == 255 ? colors[index % 140 - 20] : skin
      for channel in 0..<3 { image.pixels[3 * index + channel] = UInt8(color[channel]) }
    }
    return (image, mask)
  }

  private let skin: SIMD3<Double> = [225, 180, 165]

  @Test func meansAndVariancesAreThoseOfThePixels() throws {
    let (image, mask) = photograph([([10, 20, 30], 50), ([30, 60, 30], 50)], skin: skin)
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    #expect(colors.inside.mean == [20, 40, 30])
    #expect(colors.inside.variance == [100, 400, 0])
    let outside = try #require(colors.outside)
    #expect(outside.mean == [225, 180, 165] && outside.variance == [0, 0, 0])
  }

  /// Rows of any length, of which 32 pixels at a time are added, against plain sums.
  @Test(arguments: [1, 2, 7, 16, 31, 32, 33, 50, 97, 300])
  func sumsAreExactInRowsOfAnyLength(_ width: Int) throws {
    var image = Image(width: width + 20, height: 9, channels: 3)
    for index in image.pixels.indices { image.pixels[index] = UInt8(index * 73 % 251) }
    let mask = drawn(width: width + 20, height: 9) { x, _ in x > 11 && x < Double(width + 12) }
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    for (value, found) in [(UInt8(255), colors.inside), (0, try #require(colors.outside))] {
      for channel in 0..<3 {
        let samples = mask.pixels.indices.filter { mask.pixels[$0] == value }
          .map { Double(image.pixels[3 * $0 + channel]) }
        let mean = samples.reduce(0, +) / Double(samples.count)
        let square = samples.reduce(0) { $0 + $1 * $1 } / Double(samples.count)
        #expect(abs(found.mean[channel] - mean) < 0.001)
        #expect(abs(found.variance[channel] - (square - mean * mean)) < 0.002)
      }
    }
  }

  @Test func sumsOfLongWhiteRowsDoNotOverflow() throws {
    let image = Image(width: 9000, height: 20, channels: 3, filledWith: 255)
    let mask = drawn(width: 9000, height: 20) { _, y in y < 10 }
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    for part in [colors.inside, try #require(colors.outside)] {
      #expect(part.mean == [255, 255, 255] && part.variance == [0, 0, 0])
    }
  }

  /// Colours are counted two pixels at a time, the last ones of a picture one by one.
  @Test(arguments: 1...9) func eachPixelOfASmallPictureIsCounted(_ width: Int) throws {
    var image = Image(width: width, height: 1, channels: 3)
    let black = LesionColor.black.example
    let red = LesionColor.red.example
    for x in 0..<width {
      for channel in 0..<3 {
        image.pixels[3 * x + channel] = UInt8(x == width - 1 ? red[channel] : black[channel])
      }
    }
    let mask = Image(width: width, height: 1, channels: 1, filledWith: 255)
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    #expect(colors.shares["red"] == (1 / Double(width)).rounded(places: 5))
    #expect(colors.shares["black"] == (Double(width - 1) / Double(width)).rounded(places: 5))
  }

  @Test func theSixColorsAreFoundAndTheSkinIsNone() throws {
    let all = LesionColor.allCases.map { ($0.example, 15) } + [(skin, 10)]
    let (image, mask) = photograph(all, skin: skin)
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    #expect(colors.present == LesionColor.allCases)
    for color in LesionColor.allCases { #expect(colors.shares[color.rawValue] == 0.15) }
  }

  @Test func aColorCountsFromThreePerCentOn() throws {
    let (image, mask) = photograph(
      [
        (LesionColor.lightBrown.example, 95), (LesionColor.darkBrown.example, 3),
        (LesionColor.black.example, 2),
      ], skin: skin)
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    #expect(colors.present == [.lightBrown, .darkBrown])
  }

  @Test func whiteIsOnlyWhatIsLighterThanTheSkin() throws {
    let paleSkin: SIMD3<Double> = [250, 240, 240]
    let (image, mask) = photograph([(LesionColor.white.example, 100)], skin: paleSkin)
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    #expect(colors.present.isEmpty)
  }

  @Test func greyPhotographsAndFullMasksAreMeasured() throws {
    let image = Image(width: 10, height: 10, channels: 1, filledWith: 99)
    let mask = Image(width: 10, height: 10, channels: 1, filledWith: 255)
    let colors = try #require(Measurements(photograph: image, mask: mask).colors)
    #expect(colors.inside.mean == [99, 99, 99] && colors.outside == nil)
    let empty = Measurements(photograph: image, mask: Image(width: 10, height: 10, channels: 1))
    #expect(empty.colors == nil && empty.shape == nil && empty.outline.parts.isEmpty)
  }
}
