import Datasets
import Images
import TestScaffold
import Testing
import UNets

/// The variant of a pair computed pixel by pixel from its definition, in double precision.
private struct PlainWarp {
  let transform: SampleTransform
  let image: Image
  let mask: Image
  let side: Int

  /// Where an output pixel's centre lies in the source, in source pixel indices.
  func position(_ x: Int, _ y: Int) -> (x: Double, y: Double) {
    let u = (2 * Double(x) + 1) / Double(side) - 1
    let v = (2 * Double(y) + 1) / Double(side) - 1
    let map = transform.geometry
    let su = Double(map.xx) * u + Double(map.xy) * v + Double(map.x0)
    let sv = Double(map.yx) * u + Double(map.yy) * v + Double(map.y0)
    return (
      (su + 1) / 2 * Double(image.width) - 0.5, (sv + 1) / 2 * Double(image.height) - 0.5
    )
  }

  func sample(_ plane: Image, _ channel: Int, _ at: (x: Double, y: Double)) -> Double {
    var sum = 0.0
    let (left, top) = (Int(at.x.rounded(.down)), Int(at.y.rounded(.down)))
    for dy in 0...1 {
      for dx in 0...1 {
        let weightX = 1 - abs(at.x - Double(left + dx))
        let weightY = 1 - abs(at.y - Double(top + dy))
        let (px, py) = (inside(left + dx, plane.width), inside(top + dy, plane.height))
        let value = plane.pixels[(py * plane.width + px) * plane.channels + channel]
        sum += weightX * weightY * Double(value)
      }
    }
    return sum
  }

  private func inside(_ index: Int, _ count: Int) -> Int {
    if transform.surround == .edge { return min(max(index, 0), count - 1) }
    var index = index
    while index < 0 || index >= count {
      index = index < 0 ? -1 - index : 2 * count - 1 - index
    }
    return index
  }

  func color(_ rgb: [Double]) -> [Double] {
    (0..<3).map { to in
      let sum = (0..<3).reduce(Double(transform.color.offsets[to])) { sum, from in
        sum + Double(transform.color.weights[to * 3 + from]) * rgb[from] / 255
      }
      return min(1, max(0, sum))
    }
  }
}

@Suite struct WarpTests {
  private static let normalization = Normalization(
    mean: [0.5, 0.4, 0.3], standardDeviation: [0.25, 0.2, 0.5])

  private func pair(_ index: Int, side: Int = 40, channels: Int = 3) -> DecodedPair {
    let drawn = DrawnPair(index: index)
    return DecodedPair(image: drawn.image, mask: drawn.mask, side: side, channels: channels)
  }

  @Test(arguments: 0..<12)
  func aVariantIsWhatItsDefinitionSays(_ index: Int) {
    let pair = pair(index, side: 32)
    var ranges = Augmentation()
    // Without large reductions the copy is not halved and the definition is this simple.
    ranges.scale = 1...1.6
    (ranges.hair, ranges.blur) = (0, 0)
    var generator = SeededGenerator(seed: 77, index)
    let transform = ranges.draw(
      aspect: pair.aspect, lesionMeetsEdge: index % 2 == 0, using: &generator)
    let side = 32
    let format = SampleFormat(
      inputSize: side, channels: 3, normalization: Self.normalization)
    let sample = Sample(of: pair, transform: transform, format: format)
    let plain = PlainWarp(
      transform: transform, image: pair.image, mask: pair.mask, side: side)
    var largest = 0.0
    var wrongLabels = 0
    for y in 0..<side {
      for x in 0..<side {
        let at = plain.position(x, y)
        let rgb = plain.color((0..<3).map { plain.sample(pair.image, $0, at) })
        for channel in 0..<3 {
          let expected =
            (rgb[channel] - Double(Self.normalization.mean[channel]))
            / Double(Self.normalization.standardDeviation[channel])
          let found = Double(sample.inputs[(y * side + x) * 3 + channel])
          largest = max(largest, abs(found - expected))
        }
        let truth = plain.sample(pair.mask, 0, at)
        // Values within rounding of the threshold may fall on either side.
        if abs(truth - 127.5) > 0.05,
          (truth >= 127.5) != (sample.labels[y * side + x] == 1)
        {
          wrongLabels += 1
        }
      }
    }
    #expect(largest < 1e-3)
    #expect(wrongLabels == 0)
  }

  @Test(arguments: [1, 3])
  func theUnchangedVariantIsThePlainSample(_ channels: Int) {
    let pair = pair(3, side: 32, channels: channels)
    let format = SampleFormat(
      inputSize: 32, channels: channels, normalization: .unit(channels: channels))
    let plain = Sample(of: pair, format: format)
    let warped = Sample(of: pair, transform: .identity, format: format)
    #expect(plain.labels == warped.labels)
    let largest = zip(plain.inputs, warped.inputs).map { abs($0 - $1) }.max() ?? 1
    #expect(largest < 1e-5)
  }

  @Test func flipsAndQuarterTurnsMovePixelsExactly() {
    let pair = pair(5, side: 32)
    let format = SampleFormat(inputSize: 32, channels: 3, normalization: .unit(channels: 3))
    let plain = Sample(of: pair, format: format)
    func moved(_ map: AffineMap) -> [UInt8] {
      let transform = SampleTransform(geometry: map, surround: .edge, color: .identity)
      return Sample(of: pair, transform: transform, format: format).labels
    }
    let side = 32
    func label(_ x: Int, _ y: Int) -> UInt8 { plain.labels[y * side + x] }
    let mirrored = moved(.scaling(x: -1, y: 1))
    let turned = moved(.quarterTurns(1))
    let upsideDown = moved(.quarterTurns(2))
    for y in 0..<side {
      for x in 0..<side {
        #expect(mirrored[y * side + x] == label(side - 1 - x, y))
        #expect(turned[y * side + x] == label(side - 1 - y, x))
        #expect(upsideDown[y * side + x] == label(side - 1 - x, side - 1 - y))
      }
    }
    #expect(mirrored != plain.labels)
  }

  @Test func aLesionMadeSmallKeepsItsShareOfTheFrame() {
    let format = SampleFormat(inputSize: 64, channels: 3, normalization: .unit(channels: 3))
    for index in 0..<5 {
      let pair = pair(index, side: 80)
      let transform = SampleTransform(
        geometry: .scaling(x: 2.5, y: 2.5), surround: .edge, color: .identity)
      let whole = Sample(of: pair, format: format).labels.reduce(0) { $0 + Int($1) }
      let small = Sample(of: pair, transform: transform, format: format)
      let area = small.labels.reduce(0) { $0 + Int($1) }
      #expect(abs(Double(area) / Double(whole) - 1 / 6.25) < 0.02)
      // Skin all around: nothing but the lesion is dark.
      let red = small.inputs.indices.filter { $0 % 3 == 0 }.map { small.inputs[$0] }
      let dark = red.filter { $0 < 0.65 }.count
      #expect(abs(dark - area) < 12)
    }
  }

  @Test func greyFollowsTheColourMapsMeanRow() {
    let pair = pair(1, side: 32, channels: 1)
    let format = SampleFormat(inputSize: 32, channels: 1, normalization: .unit(channels: 1))
    let plain = Sample(of: pair, format: format).inputs
    let color = ColorMap.identity.scaled(by: [0.5, 0.5, 0.5]).offset(by: 0.1)
    let changed = Sample(
      of: pair,
      transform: SampleTransform(geometry: .identity, surround: .edge, color: color),
      format: format
    ).inputs
    let largest = zip(plain, changed).map { abs($0 * 0.5 + 0.1 - $1) }.max() ?? 1
    #expect(largest < 1e-5)
  }
}

@Suite struct AugmentationTests {
  private func draw(_ ranges: Augmentation, _ index: Int, edge: Bool = false) -> SampleTransform {
    var generator = SeededGenerator(seed: 3, index)
    return ranges.draw(aspect: 4 / 3, lesionMeetsEdge: edge, using: &generator)
  }

  @Test func emptyRangesChangeNothing() {
    for index in 0..<20 {
      let transform = draw(.identity, index)
      let map = transform.geometry
      let expected = AffineMap.identity
      #expect(abs(map.xx - expected.xx) < 1e-6 && abs(map.yy - expected.yy) < 1e-6)
      #expect([map.xy, map.x0, map.yx, map.y0].allSatisfy { abs($0) < 1e-6 })
      let weights = zip(transform.color.weights, ColorMap.identity.weights)
      #expect(weights.allSatisfy { abs($0 - $1) < 1e-6 })
      #expect(transform.color.offsets.allSatisfy { abs($0) < 1e-6 })
    }
  }

  @Test func theSameSeedDrawsTheSame() {
    let ranges = Augmentation()
    #expect(draw(ranges, 4) == draw(ranges, 4))
    #expect(draw(ranges, 4) != draw(ranges, 5))
  }

  @Test func scaleReachesFarDownAndNotTooFarUp() {
    // The map goes from the output to the photograph: an area of 1 in the output covers `area` there.
    let areas = (0..<2000).map { index -> Float in
      let map = draw(Augmentation(), index).geometry
      return abs(map.xx * map.yy - map.xy * map.yx)
    }
    let sizes = areas.map { 1 / $0.squareRoot() }
    #expect((sizes.min() ?? 0) >= 0.299 && (sizes.min() ?? 0) < 0.32)
    #expect((sizes.max() ?? 0) <= 1.501 && (sizes.max() ?? 0) > 1.45)
    // Even on a logarithmic scale: half of them below the middle, 0.67.
    let below = sizes.filter { $0 < 0.6708 }.count
    #expect((900...1100).contains(below))
  }

  @Test func aFreeTurnKeepsAnglesOfTheRealPhotograph() {
    var ranges = Augmentation.identity
    ranges.rotationDegrees = 45
    for index in 0..<20 {
      let map = draw(ranges, index).geometry
      // In pixels of a 4:3 photograph both columns are as long as before and still at right angles.
      let aspect: Float = 4 / 3
      let (ax, ay) = (map.xx * aspect / aspect, map.yx / aspect)
      let (bx, by) = (map.xy * aspect, map.yy)
      #expect(abs(ax * ax + ay * ay - 1) < 1e-5)
      #expect(abs(bx * bx + by * by - 1) < 1e-5)
      #expect(abs(ax * bx + ay * by) < 1e-5)
    }
  }

  @Test func aLesionAtTheEdgeIsAlwaysMirrored() {
    let ranges = Augmentation()
    let open = (0..<200).filter { draw(ranges, $0).surround == .edge }.count
    #expect((130...170).contains(open))
    #expect((0..<200).allSatisfy { draw(ranges, $0, edge: true).surround == .mirrored })
  }
}
