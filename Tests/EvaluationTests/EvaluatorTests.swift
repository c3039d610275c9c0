import Datasets
import Evaluation
import Images
import SystemPackage
import TestScaffold
import Testing

@Suite struct EvaluatorTests {
  private struct Refusal: Error {}

  private func pairs(_ folder: ScratchDirectory) throws -> [TrainingPair] {
    try PairListing(
      images: folder.path.appending("images"), masks: folder.path.appending("masks")
    ).pairs
  }

  @Test func aMethodThatKnowsTheTruthIsPerfect() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<4, to: folder)
    var next = 0
    var done: [Int] = []
    let report = try #require(
      Evaluator { done.append($0) }.report(on: try pairs(folder), modelID: "oracle-1") { _ in
        next += 1
        return EvaluatedMask(DrawnPair(index: next - 1).mask)
      })
    #expect(report.imageCount == 4 && report.modelID == "oracle-1")
    #expect(done == [1, 2, 3, 4])
    for scores in [report.model.mean, report.model.pooled] {
      #expect(scores.jaccard == 1 && scores.dice == 1 && scores.pixelAccuracy == 1)
      #expect(scores.sensitivity == 1 && scores.specificity == 1)
    }
    #expect(report.images.map(\.name) == (0..<4).map { DrawnPair.name($0) })
    #expect(report.images.allSatisfy { $0.width == 48 && $0.height == 36 })
    #expect(report.noLearningRule.mean.jaccard > 0.85)
  }

  @Test func meanAndPooledAreThoseOfThePlainFormulas() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<5, to: folder)
    func left(_ image: Image) -> Image {
      Image(
        width: image.width, height: image.height, channels: 1,
        pixels: (0..<(image.width * image.height)).map {
          $0 % image.width < image.width / 2 ? 255 : 0
        })
    }
    let report = try #require(
      Evaluator().report(on: try pairs(folder), modelID: "left") {
        EvaluatedMask(left($0))
      })
    var (intersections, unions, jaccards) = (0, 0, [Double]())
    for index in 0..<5 {
      let truth = DrawnPair(index: index)
      let both = zip(left(truth.image).pixels, truth.mask.pixels)
      let intersection = both.filter { $0 == 255 && $1 == 255 }.count
      let union = both.filter { $0 == 255 || $1 == 255 }.count
      intersections += intersection
      unions += union
      jaccards.append(Double(intersection) / Double(union))
    }
    #expect(abs(report.model.mean.jaccard - jaccards.reduce(0, +) / 5) < 1e-12)
    #expect(abs(report.model.pooled.jaccard - Double(intersections) / Double(unions)) < 1e-12)
  }

  @Test func pairsThatFailAreNamedAndTheRestIsScored() throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<4, to: folder)
    let listed = try pairs(folder)
    try folder.write("no picture", to: "images/lesion_01.png")
    folder.shell("rm masks/lesion_02_segmentation.png")
    let report = try #require(
      Evaluator().report(
        on: listed, skipped: [SkippedPair(name: "x.jpg", reason: "no mask.")], modelID: "m"
      ) { image in
        if image == DrawnPair(index: 3).image { throw Refusal() }
        return EvaluatedMask(DrawnPair(index: 0).mask)
      })
    #expect(report.images.map(\.name) == ["lesion_00"])
    #expect(report.skipped.count == 4)
    #expect(report.skipped[0] == "x.jpg: no mask.")
    #expect(report.skipped[1].hasPrefix("lesion_01: "))
    #expect(report.skipped[2].hasPrefix("lesion_02: "))
    #expect(report.skipped[3].hasPrefix("lesion_03: "))
  }

  @Test func withoutAUsablePairThereIsNoReport() {
    #expect(Evaluator().report(on: [], modelID: "m") { EvaluatedMask($0) } == nil)
  }
}
