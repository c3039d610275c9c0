import Evaluation
import Images
import Testing

@Suite struct ConfusionCountsTests {
  private func plane(_ rows: String...) -> Image {
    Image(
      width: rows[0].count, height: rows.count, channels: 1,
      pixels: rows.joined().map { $0 == "#" ? 255 : 0 })
  }

  @Test func scoresOfADrawnMaskAreThoseCountedByHand() {
    let truth = plane(
      "....",
      ".##.",
      ".##.",
      "....")
    let mask = plane(
      "....",
      "..##",
      "..##",
      "....")
    let counts = ConfusionCounts(mask: mask, truth: truth)
    #expect(
      counts
        == ConfusionCounts(
          truePositives: 2, falsePositives: 2, falseNegatives: 2, trueNegatives: 10))
    #expect(counts.jaccardIndex == 2.0 / 6)
    #expect(counts.diceCoefficient == 0.5)
    #expect(counts.thresholdedJaccard == 0)
    #expect(counts.pixelAccuracy == 12.0 / 16)
    #expect(counts.sensitivity == 0.5)
    #expect(counts.specificity == 10.0 / 12)
  }

  @Test(arguments: [
    (13, 7, 0, 0.65), (1299, 701, 0, 0.0), (65, 0, 35, 0.65), (1, 0, 0, 1.0),
  ])
  func theThresholdIsSixtyFivePercent(_ tp: Int, _ fp: Int, _ fn: Int, _ expected: Double) {
    let counts = ConfusionCounts(
      truePositives: tp, falsePositives: fp, falseNegatives: fn, trueNegatives: 5)
    #expect(counts.thresholdedJaccard == expected)
  }

  @Test func emptyMasksFollowTheStatedConventions() {
    let none = plane("...", "...")
    let some = plane("..#", "...")
    let all = plane("###", "###")
    let neither = ConfusionCounts(mask: none, truth: none)
    #expect(neither.jaccardIndex == 1 && neither.diceCoefficient == 1)
    #expect(neither.sensitivity == nil && neither.specificity == 1)
    let invented = ConfusionCounts(mask: some, truth: none)
    #expect(invented.jaccardIndex == 0 && invented.diceCoefficient == 0)
    #expect(invented.sensitivity == nil && invented.specificity == 5.0 / 6)
    let missed = ConfusionCounts(mask: none, truth: some)
    #expect(missed.jaccardIndex == 0 && missed.sensitivity == 0)
    #expect(ConfusionCounts(mask: all, truth: all).specificity == nil)
  }

  @Test func sizesOfOverlapGiveTheSameCounts() {
    let counts = ConfusionCounts(intersection: 5, predicted: 8, truth: 11, pixels: 30)
    #expect(
      counts
        == ConfusionCounts(
          truePositives: 5, falsePositives: 3, falseNegatives: 6, trueNegatives: 16))
    #expect(counts.pixels == 30)
  }

  @Test func poolingCountsPixelsAndTheMeanCountsImages() {
    let small = ConfusionCounts(truePositives: 1, trueNegatives: 3)
    let large = ConfusionCounts(
      truePositives: 10, falsePositives: 30, falseNegatives: 0, trueNegatives: 60)
    var pooled = small
    pooled += large
    #expect(Scores(pooled).jaccard == 11.0 / 41)
    let mean = Scores(meanOf: [Scores(small), Scores(large)])
    #expect(mean.jaccard == (1 + 0.25) / 2)
    #expect(mean.thresholdedJaccard == 0.5)
    // What is undefined for one image is left out of the mean.
    let healthy = ConfusionCounts(trueNegatives: 10)
    #expect(Scores(meanOf: [Scores(small), Scores(healthy)]).sensitivity == 1)
    #expect(Scores(meanOf: [Scores(healthy)]).sensitivity == nil)
  }
}
