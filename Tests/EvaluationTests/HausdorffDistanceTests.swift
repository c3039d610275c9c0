import Evaluation
import Images
import Testing

@Suite struct HausdorffDistanceTests {
  private func plane(_ rows: String...) -> Image {
    Image(
      width: rows[0].count, height: rows.count, channels: 1,
      pixels: rows.joined().map { $0 == "#" ? 255 : 0 })
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
    #expect(HausdorffDistance.percentile95(mask: left, truth: left) == 0)
    #expect(
      HausdorffDistance.percentile95(mask: left, truth: rectangle(12, 9, 4..<11, 2..<7)) == 5)
    #expect(
      abs(
        HausdorffDistance.percentile95(mask: left, truth: rectangle(12, 9, 6..<8, 0..<1))
          - 7.360889332172647) < 1e-12)
    #expect(
      abs(
        HausdorffDistance.percentile95(
          mask: rectangle(40, 30, 3..<30, 4..<20), truth: rectangle(40, 30, 10..<38, 9..<29))
          - 10.446162193273445) < 1e-12)
    let corner = plane("#....", ".....", ".....", "....#")
    #expect(
      HausdorffDistance.percentile95(mask: corner, truth: plane("#....", ".....", ".....", "....."))
        == 4.75)
    #expect(HausdorffDistance.percentile95(mask: plane("#...#"), truth: plane("..#..")) == 2)
  }

  @Test func emptyMasksFollowTheStatedConventions() {
    let none = plane("....", "....", "....")
    let some = plane("....", ".#..", "....")
    #expect(HausdorffDistance.percentile95(mask: none, truth: none) == 0)
    #expect(HausdorffDistance.percentile95(mask: some, truth: none) == 5)
    #expect(HausdorffDistance.percentile95(mask: none, truth: some) == 5)
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
    #expect(scores.isFailure)
  }
}
