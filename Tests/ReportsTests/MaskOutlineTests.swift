import Images
import Reports
import Testing

@Suite struct MaskOutlineTests {
  /// Lesion or not at random, clumped or not.
  private func noise(_ seed: UInt64, width: Int, height: Int) -> Image {
    var state = seed
    return drawn(width: width, height: height) { _, _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return state >> 40 & 3 > 0
    }
  }

  @Test func aPixelHasFourCorners() {
    let outline = MaskOutline(mask("...", ".#.", "..."))
    #expect(outline.parts.map(\.outer) == [[[2, 1], [2, 2], [1, 2], [1, 1]]])
    #expect(outline.parts[0].holes.isEmpty)
  }

  @Test func holesBelongToThePartAroundThem() throws {
    let outline = MaskOutline(
      mask("#######", "#.....#", "#.###.#", "#.#.#.#", "#.###.#", "#.....#", "#######"))
    #expect(outline.parts.count == 2)
    #expect(outline.parts.map(\.holes.count) == [1, 1])
    #expect(outline.parts[1].outer.count == 4 && outline.parts[1].outer.contains([2, 2]))
    #expect(outline.parts[1].holes[0].contains([3, 3]))
  }

  @Test func whatTouchesAtACornerIsTwoParts() {
    #expect(MaskOutline(mask("#.", ".#")).parts.count == 2)
    // The same of holes: over a corner the skin hangs together.
    #expect(MaskOutline(mask("####", "#.##", "##.#", "####")).parts[0].holes.count == 1)
  }

  @Test(arguments: 1...20)
  func theRingsHoldExactlyTheMask(_ seed: Int) {
    let mask = noise(UInt64(seed), width: 23, height: 17)
    let rings = MaskOutline(mask).parts.flatMap(\.rings).map { $0.map { SIMD2<Double>($0) } }
    #expect(filled(rings, width: 23, height: 17) == mask)
  }

  @Test func smoothRingsAreShortAndNearlyTheMask() {
    let mask = disc(radius: 100)
    let outline = MaskOutline(mask)
    let smooth = outline.parts.flatMap { $0.smoothRings(tolerance: 0.5) }
    #expect(smooth.count == 1 && smooth[0].count < 160 && outline.parts[0].outer.count > 300)
    let again = filled(smooth, width: 300, height: 300)
    let different = zip(again.pixels, mask.pixels).count { $0 != $1 }
    #expect(different < 200, "\(different)")
    let square = MaskOutline(squareMask).parts[0].smoothRings(tolerance: 0.5)
    #expect(filled(square, width: 20, height: 20).pixels.count { $0 == 255 } >= 96)
  }

  private let squareMask = drawn(width: 20, height: 20) { x, y in
    (5..<15).contains(x) && (5..<15).contains(y)
  }
}
