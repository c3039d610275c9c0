import Images
import Masks
import Testing

@Suite struct GuidedFilterTests {
  private func noise(_ dice: inout Dice, _ width: Int, _ height: Int) -> FloatPlane {
    FloatPlane(
      width: width, height: height, values: (0..<(width * height)).map { _ in dice.roll() })
  }

  /// The formulas of the paper, window by window, in double precision.
  private func reference(
    _ p: FloatPlane, _ guide: FloatPlane, radius: Int, epsilon: Double
  ) -> (slopes: [Double], offsets: [Double]) {
    let (width, height) = (p.width, p.height)
    func mean(_ x: Int, _ y: Int, _ value: (Int) -> Double) -> Double {
      var (sum, count) = (0.0, 0)
      for row in (y - radius)...(y + radius) where (0..<height).contains(row) {
        for column in (x - radius)...(x + radius) where (0..<width).contains(column) {
          sum += value(row * width + column)
          count += 1
        }
      }
      return sum / Double(count)
    }
    var (a, b) = ([Double](), [Double]())
    for y in 0..<height {
      for x in 0..<width {
        let (g, q) = (mean(x, y) { Double(guide.values[$0]) }, mean(x, y) { Double(p.values[$0]) })
        let covariance = mean(x, y) { (Double(guide.values[$0]) - g) * (Double(p.values[$0]) - q) }
        let variance = mean(x, y) {
          (Double(guide.values[$0]) - g) * (Double(guide.values[$0]) - g)
        }
        a.append(covariance / (variance + epsilon))
        b.append(q - a[a.count - 1] * g)
      }
    }
    var (slopes, offsets) = ([Double](), [Double]())
    for y in 0..<height {
      for x in 0..<width {
        slopes.append(mean(x, y) { a[$0] })
        offsets.append(mean(x, y) { b[$0] })
      }
    }
    return (slopes, offsets)
  }

  @Test(arguments: 1...12) func isThePapersFormula(_ seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    let (width, height) = (1 + seed % 9, 1 + seed * 5 % 11)
    let (p, guide) = (noise(&dice, width, height), noise(&dice, width, height))
    let radius = 1 + seed % 4
    let lines = GuidedFilter(radius: radius, epsilon: 1e-2).lines(of: p, guide: guide)
    let expected = reference(p, guide, radius: radius, epsilon: Double(Float(1e-2)))
    for index in p.values.indices {
      #expect(abs(Double(lines.slopes.values[index]) - expected.slopes[index]) < 1e-4)
      #expect(abs(Double(lines.offsets.values[index]) - expected.offsets[index]) < 1e-4)
    }
  }

  /// A dark square with two notches on light skin, whose border lies within the network's pixels: the
  /// enlarged probabilities round it, the guided ones follow it.
  private struct Scene {
    let side = 160
    var photograph: Image
    var probabilities: FloatPlane

    init(channels: Int = 3) {
      let side = side
      photograph = Image(
        width: side, height: side, channels: channels,
        pixels: (0..<(side * side * channels)).map { at in
          Self.isLesion(at / channels % side, at / channels / side) ? 60 : 180
        })
      let truth = FloatPlane(
        width: side, height: side,
        values: (0..<(side * side)).map { Self.isLesion($0 % side, $0 / side) ? 1 : 0 })
      // As a network would see it: small, and less sure along the border.
      let small = truth.resized(width: 32, height: 32)
      probabilities = small.resized(width: 16, height: 16).resized(width: 32, height: 32)
    }

    static func isLesion(_ x: Int, _ y: Int) -> Bool {
      let isNotch = (70..<90).contains(x) && y < 55 || (60..<76).contains(y) && x > 100
      return (37..<118).contains(x) && (37..<118).contains(y) && !isNotch
    }

    func wrong(_ edges: MaskEdges) -> Int {
      let made = MaskMaker(
        settings: MaskSettings(edges: edges), modelThreshold: 0.5
      ).mask(from: probabilities, for: photograph)
      return made.mask.pixels.indices.count { index in
        (made.mask.pixels[index] == 255) != Self.isLesion(index % side, index / side)
      }
    }
  }

  @Test(arguments: [1, 3]) func theBorderFollowsThePhotographs(_ channels: Int) {
    let scene = Scene(channels: channels)
    #expect(scene.wrong(.plain) > 300)
    #expect(scene.wrong(.guided) < scene.wrong(.plain) / 2)
  }

  /// It says where the border is, not how large the lesion is.
  @Test(arguments: [Float(0.2), 0.9]) func theLesionIsAsLargeAsWithoutGuide(_ threshold: Float) {
    let scene = Scene()
    func area(_ edges: MaskEdges) -> Int {
      MaskMaker(settings: MaskSettings(edges: edges), modelThreshold: threshold)
        .mask(from: scene.probabilities, for: scene.photograph).lesionPixels
    }
    #expect(abs(area(.guided) - area(.plain)) < area(.plain) / 20)
  }

  @Test func aPhotographWithoutEdgesChangesNothingToSpeakOf() {
    var scene = Scene()
    scene.photograph = Image(width: 160, height: 160, channels: 3, filledWith: 128)
    func pixels(_ edges: MaskEdges) -> [UInt8] {
      MaskMaker(settings: MaskSettings(edges: edges), modelThreshold: 0.5)
        .mask(from: scene.probabilities, for: scene.photograph).mask.pixels
    }
    let differing = zip(pixels(.guided), pixels(.plain)).count { $0 != $1 }
    // Smoothed by the windows: the corners are a little rounder.
    #expect(differing < 160 * 160 / 25)
  }

  /// At the photograph's size every second pixel would be a run of its own, and the regions take 40 bytes for
  /// each.
  @Test func noiseMakesNoMoreRegionsThanTheFinerPlaneHasRoomFor() {
    let (width, height) = (400, 90)
    var dice = Dice(seed: 3)
    let checks = Image(
      width: width, height: height, channels: 1,
      pixels: (0..<(width * height)).map { _ in dice.roll() < 0.5 ? 0 : 255 })
    let p = FloatPlane(width: 16, height: 16, values: (0..<256).map { _ in dice.roll() })
    var settings = MaskSettings.plain
    settings.edges = .guided
    let made = MaskMaker(settings: settings, modelThreshold: 0.5).mask(from: p, for: checks)
    for y in 0..<height {
      let row = made.mask.pixels[(y * width)..<((y + 1) * width)]
      let runs = zip([0] + row.dropLast(), row).count { $0 == 0 && $1 == 255 }
      #expect(runs <= 2 * 16 / 2)
    }
  }

  @Test(arguments: [(1, 1), (1, 7), (7, 1), (5, 3)])
  func anySizeHasAMask(_ width: Int, _ height: Int) {
    let image = Image(width: width, height: height, channels: 3, filledWith: 90)
    let p = FloatPlane(width: 4, height: 4, values: [Float](repeating: 0.9, count: 16))
    let made = MaskMaker(settings: MaskSettings(edges: .guided), modelThreshold: 0.5).mask(
      from: p, for: image)
    #expect(made.lesionPixels == width * height)
  }
}
