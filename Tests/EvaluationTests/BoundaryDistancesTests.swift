import Datasets
import Evaluation
import Images
import Testing

@Suite struct BoundaryDistancesTests {
  private func plane(_ rows: String...) -> Image {
    Image(
      width: rows[0].count, height: rows.count, channels: 1,
      pixels: rows.joined().map { $0 == "#" ? 255 : 0 })
  }

  private func hausdorff95(mask: Image, truth: Image) -> Double {
    BoundaryDistances(mask: mask, truth: truth).hausdorff95
  }

  private func rectangle(
    _ width: Int, _ height: Int, _ columns: Range<Int>, _ rows: Range<Int>
  ) -> Image {
    Image(
      width: width, height: height, channels: 1,
      pixels: (0..<(width * height)).map {
        columns.contains($0 % width) && rows.contains($0 / width) ? 255 : 0
      })
  }

  /// Numbers of scipy 1.17: erosion, `distance_transform_edt` and numpy's percentile.
  @Test func smallCasesHaveTheNumbersOfAnotherImplementation() {
    let left = rectangle(12, 9, 1..<6, 2..<7)
    #expect(hausdorff95(mask: left, truth: left) == 0)
    #expect(
      hausdorff95(mask: left, truth: rectangle(12, 9, 4..<11, 2..<7)) == 5)
    #expect(
      abs(
        hausdorff95(mask: left, truth: rectangle(12, 9, 6..<8, 0..<1))
          - 7.360889332172647) < 1e-12)
    #expect(
      abs(
        hausdorff95(
          mask: rectangle(40, 30, 3..<30, 4..<20), truth: rectangle(40, 30, 10..<38, 9..<29))
          - 10.446162193273445) < 1e-12)
    let corner = plane("#....", ".....", ".....", "....#")
    #expect(
      hausdorff95(mask: corner, truth: plane("#....", ".....", ".....", "....."))
        == 4.75)
    #expect(hausdorff95(mask: plane("#...#"), truth: plane("..#..")) == 2)
  }

  @Test func emptyMasksFollowTheStatedConventions() {
    let none = plane("....", "....", "....")
    let some = plane("....", ".#..", "....")
    #expect(hausdorff95(mask: none, truth: none) == 0)
    #expect(hausdorff95(mask: some, truth: none) == 5)
    #expect(hausdorff95(mask: none, truth: some) == 5)
  }

  @Test func emptyMasksAreEqualOrAsFarAwayAsCanBe() {
    let none = plane("....", "....", "....")
    let some = plane("....", ".#..", "....")
    let same = BoundaryDistances(mask: none, truth: none)
    #expect(same.mean == 0 && same.fMeasure() == 1)
    for (mask, truth) in [(none, some), (some, none)] {
      let distances = BoundaryDistances(mask: mask, truth: truth)
      #expect(distances.mean == 5 && distances.fMeasure() == 0)
    }
  }

  /// Two squares in one another, 3 pixels apart, and two beside one another.
  @Test func drawnShapesHaveTheirKnownErrors() {
    let (outer, inner) = (rectangle(80, 60, 10..<51, 10..<51), rectangle(80, 60, 13..<48, 13..<48))
    let distances = BoundaryDistances(mask: outer, truth: inner)
    // Beyond each corner of the inner one: a pixel at the corner, and two pairs beside it.
    let beyond: Double = 18.0.squareRoot() + 2 * 13.0.squareRoot() + 2 * 10.0.squareRoot()
    let total: Double = 4 * beyond + 3 * 140 + 3 * 136
    #expect(abs(distances.mean - total / 296) < 1e-12)
    #expect(distances.diagonal == 100)
    // 3 pixels are 3 % of the diagonal.
    #expect(distances.fMeasure() == 0)
    #expect(abs(distances.fMeasure(tolerance: 0.03) - 2 * 140 / (160 + 140.0)) < 1e-12)
    #expect(distances.fMeasure(tolerance: 0.05) == 1)
    // Moved by 4 pixels along their rows: columns are 4 away, and so is what they pass.
    let moved = BoundaryDistances(
      mask: rectangle(80, 60, 10..<30, 10..<40), truth: rectangle(80, 60, 14..<34, 10..<40))
    #expect(moved.hausdorff95 == 4)
    let half = moved.fMeasure(tolerance: 0)
    // On both: 16 of the 20 columns in the top and bottom row, of 96 boundary pixels.
    #expect(abs(half - 32 / 96.0) < 1e-12)
  }

  @Test(arguments: 1...40) func allMeasuresAreThoseOfAllPairs(_ seed: Int) {
    var generator = SeededGenerator(seed: UInt64(seed))
    let (width, height) = (1 + seed % 15, 1 + seed * 7 % 13)
    func noise() -> Image {
      Image(
        width: width, height: height, channels: 1,
        pixels: (0..<(width * height)).map { _ in generator.next() % 3 == 0 ? 255 : 0 })
    }
    func boundary(_ image: Image) -> [(Int, Int)] {
      func isLesion(_ x: Int, _ y: Int) -> Bool {
        (0..<width).contains(x) && (0..<height).contains(y) && image.pixels[y * width + x] == 255
      }
      return (0..<(width * height)).map { ($0 % width, $0 / width) }.filter { x, y in
        isLesion(x, y)
          && ![(x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)].allSatisfy { isLesion($0.0, $0.1) }
      }
    }
    let (mask, truth) = (noise(), noise())
    let (found, drawn) = (boundary(mask), boundary(truth))
    guard !found.isEmpty && !drawn.isEmpty else { return }
    func nearest(_ from: [(Int, Int)], _ to: [(Int, Int)]) -> [Double] {
      from.map { a in
        to.map { b in
          Double((a.0 - b.0) * (a.0 - b.0) + (a.1 - b.1) * (a.1 - b.1)).squareRoot()
        }.min() ?? 0
      }
    }
    let (there, back) = (nearest(found, drawn), nearest(drawn, found))
    let distances = BoundaryDistances(mask: mask, truth: truth)
    #expect(
      abs(distances.mean - (there + back).reduce(0, +) / Double(there.count + back.count)) < 1e-9)
    #expect(
      distances.hausdorff95
        == max(percentile(there.sorted(), 0.95), percentile(back.sorted(), 0.95)))
    for tolerance in [0, 0.0075, 0.1, 0.2] {
      let limit = tolerance * distances.diagonal
      let precision = Double(there.count { $0 <= limit }) / Double(there.count)
      let recall = Double(back.count { $0 <= limit }) / Double(back.count)
      let expected =
        precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall)
      #expect(abs(distances.fMeasure(tolerance: tolerance) - expected) < 1e-12)
    }
  }

  @Test func distancesAreThoseOfAllPairs() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<60 {
      let (width, height) = (Int.random(in: 1...17), Int.random(in: 1...17))
      let share = Double.random(in: 0.01...0.6)
      var sites = (0..<(width * height)).map { _ in
        Double.random(in: 0..<1, using: &generator) < share
      }
      sites[Int.random(in: sites.indices)] = true
      let found = DistanceTransform(width: width, height: height, sites: sites).squared
      for index in sites.indices {
        let nearest = sites.indices.filter { sites[$0] }.map { site in
          let (x, y) = (site % width - index % width, site / width - index / width)
          return Double(x * x + y * y)
        }.min()
        #expect(found[index] == nearest)
      }
    }
  }

  @Test func quantilesAreLinearBetweenNeighbours() {
    let values = [1.0, 2, 4, 8]
    #expect(percentile(values, 0) == 1 && percentile(values, 1) == 8)
    #expect(percentile(values, 0.5) == 3)
    #expect(abs(percentile(values, 0.95) - 7.4) < 1e-12)
    #expect(percentile([5], 0.95) == 5)
  }

  @Test func scoresHaveItInPixelsAndPercent() {
    let scores = Scores(
      mask: rectangle(40, 30, 3..<10, 4..<20), truth: rectangle(40, 30, 8..<15, 4..<20))
    #expect(scores.hausdorff95 == 5 && scores.hausdorff95Percent == 10)
    #expect(scores.boundaryDistancePercent == scores.boundaryDistance.map { 2 * $0 })
    #expect(scores.boundaryFMeasure.map { $0 > 0 && $0 < 1 } == true)
    #expect(scores.isFailure)
  }
}
