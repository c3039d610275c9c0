import Masks
import Testing

@Suite struct RegionsTests {
  /// Regions as sets of pixel indices, by spreading from pixel to pixel.
  private func spread(_ plane: BinaryPlane, _ value: Bool) -> [Set<Int>] {
    var seen = plane.isSet.map { $0 != value }
    var found: [Set<Int>] = []
    for start in seen.indices where !seen[start] {
      var region: Set<Int> = [start]
      var next = [start]
      seen[start] = true
      while let pixel = next.popLast() {
        let (x, y) = (pixel % plane.width, pixel / plane.width)
        for (nx, ny) in [(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)]
        where (0..<plane.width).contains(nx) && (0..<plane.height).contains(ny) {
          let other = ny * plane.width + nx
          guard !seen[other] else { continue }
          seen[other] = true
          region.insert(other)
          next.append(other)
        }
      }
      found.append(region)
    }
    return found
  }

  @Test(arguments: 1...60) func areThoseOfSpreadingFromPixelToPixel(_ seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    let (width, height) = (1 + seed % 13, 1 + seed % 11)
    let share = Float(seed % 10) / 10
    let plane = BinaryPlane(
      width: width, height: height, isSet: (0..<(width * height)).map { _ in dice.roll() < share })
    for value in [true, false] {
      var found = plane.regions(of: value) { x, y in Double(x + 100 * y) }
      let (labels, regions) = found.found()
      var pixels = [Set<Int>](repeating: [], count: regions.count)
      for (run, label) in zip(found.runs, labels) {
        for x in run.start..<run.end { pixels[label].insert(Int(run.row) * width + Int(x)) }
      }
      #expect(pixels == spread(plane, value))
      for (region, pixels) in zip(regions, pixels) {
        #expect(region.area == pixels.count)
        let places = pixels.map { ($0 % width, $0 / width) }
        #expect(region.weight == Double(places.reduce(0) { $0 + $1.0 + 100 * $1.1 }))
        let border = places.count { x, y in
          x == 0 || y == 0 || x == width - 1 || y == height - 1
        }
        #expect(region.borderPixels == border)
      }
    }
  }

  @Test func cornersDoNotHoldRegionsTogether() {
    var regions = plane("#.", ".#").regions()
    #expect(regions.found().regions.count == 2)
  }

  @Test func aSpiralAndACombAreOne() {
    var spiral = plane(
      "#######",
      "......#",
      "#####.#",
      "#...#.#",
      "#.###.#",
      "#.....#",
      "#######"
    ).regions()
    #expect(spiral.found().regions.count == 1)
    var comb = plane(
      "#.#.#.#",
      "#.#.#.#",
      "#######"
    ).regions()
    #expect(comb.found().regions.map(\.area) == [15])
  }

  @Test func holesAreFilledAndBaysAreNot() {
    var ring = plane(
      ".....",
      ".###.",
      ".#.#.",
      ".###.",
      ".....")
    ring.fillHoles()
    #expect(ring.isSet.count { $0 } == 9)
    var bay = plane(
      "###",
      "#.#",
      "#.#")
    let before = bay
    bay.fillHoles()
    #expect(bay == before)
  }
}
