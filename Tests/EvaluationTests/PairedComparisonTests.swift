import Evaluation
import Images
import Testing

@Suite struct PairedComparisonTests {
  private func report(_ names: [String], _ jaccards: [Double]) -> EvaluationReport {
    let images = zip(names, jaccards).map { name, jaccard in
      var scores = Scores(ConfusionCounts(truePositives: 1))
      scores.jaccard = jaccard
      return ImageScores(
        name: name, width: 4, height: 3, model: scores, noLearningRule: scores)
    }
    return EvaluationReport(modelID: "m", images: images, bootstrap: Bootstrap())
  }

  @Test func photographsArePairedByName() throws {
    let new = report(["a", "b", "c", "x"], [0.5, 0.75, 0.25, 1])
    let old = report(["c", "y", "a", "b"], [0.25, 0, 0.75, 0.5])
    let comparison = try #require(PairedComparison(of: new, with: old))
    #expect(comparison.imageCount == 3)
    let jaccard = try #require(comparison.differences["jaccard"])
    #expect(jaccard.interval == Bootstrap().interval(of: [-0.25, 0.25, 0]))
    #expect(jaccard.higher == 1 && jaccard.lower == 1)
    // The truth has no background: never defined.
    #expect(comparison.differences["specificity"] == nil)
    #expect(comparison.differences["boundary_distance"] == nil)
  }

  @Test func otherSizesAndOtherNamesAreNotCompared() {
    let new = report(["a"], [0.5])
    var old = new
    old.images[0].width = 5
    #expect(PairedComparison(of: new, with: old) == nil)
    #expect(PairedComparison(of: new, with: report(["b"], [0.5])) == nil)
  }
}
