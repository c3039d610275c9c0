import Images
import Masks
import Testing

@Suite struct GuidedFilterTests {
  private func noise(_ dice: inout Dice, _ width: Int, _ height: Int) -> FloatPlane {
    FloatPlane(
      width: width, height: height, values: (0..<(width * height)).map { _ in dice.roll() })
  }

  /// The formulas of the paper, window by window, in double precision; slopes, offset and trust for each pixel.
  private func reference(
    _ p: FloatPlane, _ guide: [FloatPlane], _ filter: GuidedFilter
  ) -> [[Double]] {
    let (width, height, radius) = (p.width, p.height, filter.radius)
    func mean(_ index: Int, _ value: (Int) -> Double) -> Double {
      let (x, y) = (index % width, index / width)
      var (sum, count) = (0.0, 0)
      for row in (y - radius)...(y + radius) where (0..<height).contains(row) {
        for column in (x - radius)...(x + radius) where (0..<width).contains(column) {
          sum += value(row * width + column)
          count += 1
        }
      }
      return sum / Double(count)
    }
    func colour(_ channel: Int, _ index: Int) -> Double { Double(guide[channel].values[index]) }
    let pixels = p.values.indices
    let windows = pixels.map { index in
      let q = mean(index) { Double(p.values[$0]) }
      let m = (0..<3).map { channel in mean(index) { colour(channel, $0) } }
      var rows = (0..<3).map { i in
        (0..<3).map { j in
          mean(index) { (colour(i, $0) - m[i]) * (colour(j, $0) - m[j]) }
            + (i == j ? Double(filter.epsilon) : 0)
        } + [mean(index) { (colour(i, $0) - m[i]) * (Double(p.values[$0]) - q) }]
      }
      let a = solved(&rows)
      return a + [q - zip(a, m).reduce(0) { $0 + $1.0 * $1.1 }]
    }
    let lines = pixels.map { index in (0..<4).map { k in mean(index) { windows[$0][k] } } }
    let errors = pixels.map { index in
      let fitted = (0..<3).reduce(lines[index][3]) { $0 + lines[index][$1] * colour($1, index) }
      return (Double(p.values[index]) - fitted) * (Double(p.values[index]) - fitted)
    }
    let trust = pixels.map { index in
      let q = mean(index) { Double(p.values[$0]) }
      let variance = mean(index) { (Double(p.values[$0]) - q) * (Double(p.values[$0]) - q) }
      let share = 1 - mean(index) { errors[$0] } / (variance + 1e-6)
      return min(max((share - 0.7) / 0.15, 0), 1)
    }
    return pixels.map { index in lines[index] + [mean(index) { trust[$0] }] }
  }

  /// Elimination with the largest element of each column.
  private func solved(_ rows: inout [[Double]]) -> [Double] {
    for column in 0..<3 {
      let pivot = (column..<3).max { abs(rows[$0][column]) < abs(rows[$1][column]) } ?? column
      rows.swapAt(column, pivot)
      for row in 0..<3 where row != column {
        let factor = rows[row][column] / rows[column][column]
        for k in 0..<4 { rows[row][k] -= factor * rows[column][k] }
      }
    }
    return (0..<3).map { rows[$0][3] / rows[$0][$0] }
  }

  @Test(arguments: 1...12) func isThePapersFormula(_ seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    let (width, height) = (2 + seed % 9, 1 + seed * 5 % 11)
    let guide = (0..<3).map { _ in noise(&dice, width, height) }
    // Mostly explained by the colours, so that trust takes all values.
    var p = noise(&dice, width, height)
    for index in p.values.indices {
      p.values[index] =
        0.5 * guide[0].values[index] + 0.3 * guide[1].values[index]
        + 0.04 * Float(seed % 6) * p.values[index]
    }
    let filter = GuidedFilter(radius: 1 + seed % 4, epsilon: 1e-3)
    let fit = filter.fit(of: p, guide: guide)
    let expected = reference(p, guide, filter)
    for index in p.values.indices {
      for channel in 0..<3 {
        #expect(abs(Double(fit.slopes[channel].values[index]) - expected[index][channel]) < 1e-3)
      }
      #expect(abs(Double(fit.offsets.values[index]) - expected[index][3]) < 1e-3)
      #expect(abs(Double(fit.trust.values[index]) - expected[index][4]) < 1e-2)
    }
  }

  @Test func noiseIsNotTrustedAndAnEdgeIs() {
    var dice = Dice(seed: 9)
    let p = FloatPlane(width: 24, height: 24, values: (0..<576).map { $0 % 24 < 12 ? 1 : 0 })
    let edge = FloatPlane(width: 24, height: 24, values: p.values.map { 0.7 - 0.2 * $0 })
    let noise = noise(&dice, 24, 24)
    let clear = GuidedFilter().fit(of: p, guide: [edge, edge, edge]).trust
    let unclear = GuidedFilter().fit(of: p, guide: [noise, noise, noise]).trust
    for y in 0..<24 {
      #expect(clear.values[y * 24 + 12] > 0.85)
      #expect(unclear.values[y * 24 + 12] == 0)
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
    #expect(scene.wrong(.guided) < scene.wrong(.plain) * 6 / 10)
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

  /// What its colours do not explain is left as it is without guide.
  @Test(arguments: [0, 255]) func aPhotographWithoutClearEdgesChangesNothing(_ contrast: Int) {
    var scene = Scene()
    var dice = Dice(seed: 5)
    scene.photograph = Image(
      width: 160, height: 160, channels: 3,
      pixels: (0..<(3 * 160 * 160)).map { _ in UInt8(Float(contrast) * dice.roll()) })
    func pixels(_ edges: MaskEdges) -> [UInt8] {
      MaskMaker(settings: MaskSettings(edges: edges), modelThreshold: 0.5)
        .mask(from: scene.probabilities, for: scene.photograph).mask.pixels
    }
    let differing = zip(pixels(.guided), pixels(.plain)).count { $0 != $1 }
    // Enlarged twice linearly instead of once: the corners are a hair different.
    #expect(differing < 160 * 160 / 250)
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
