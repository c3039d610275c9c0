import Evaluation
import FoundationEssentials
import Testing
import Training

/// The gate: which new models go into service.
@Suite struct PromotionTests {
  private func images(_ jaccards: [Double], floor: Double = 0.5) -> [ImageScores] {
    jaccards.enumerated().map { index, jaccard in
      var model = Scores(ConfusionCounts(truePositives: 1))
      model.jaccard = jaccard
      var rule = model
      rule.jaccard = floor
      return ImageScores(
        name: "\(index)", width: 1, height: 1, model: model, noLearningRule: rule)
    }
  }

  private func decision(
    new: [Double], current: [Double], floor: Double = 0.5
  ) -> PromotionDecision {
    Promotion.decision(images(new, floor: floor), ("old-1", images(current), 0, 0))
  }

  @Test func aBetterModelIsPromoted() throws {
    let better = decision(
      new: [0.8, 0.82, 0.84, 0.9, 0.7, 0.81], current: [0.7, 0.75, 0.7, 0.85, 0.66, 0.7])
    #expect(better.isPromoted && better.reason == "better than the model in service")
    let difference = try #require(better.current).difference
    #expect(abs(difference.mean - (0.1 + 0.07 + 0.14 + 0.05 + 0.04 + 0.11) / 6) < 1e-12)
    #expect(difference.low > 0.04 && difference.high < 0.14)
  }

  @Test func aWorseModelIsNot() {
    let worse = decision(
      new: [0.7, 0.75, 0.7, 0.85, 0.66, 0.7], current: [0.8, 0.82, 0.84, 0.9, 0.7, 0.81])
    #expect(!worse.isPromoted && worse.reason == "worse than the model in service")
  }

  @Test func whatIsWithinNoiseIsPromoted() {
    let new = (0..<40).map { 0.8 + ($0 % 2 == 0 ? 0.1 : -0.104) }
    let same = decision(new: new, current: [Double](repeating: 0.8, count: 40))
    #expect(same.isPromoted)
    #expect(same.reason == "not worse than the model in service beyond noise")
    #expect((same.current?.difference.mean ?? 0) < 0)
    let equal = decision(new: [0.8, 0.7], current: [0.8, 0.7])
    #expect(equal.isPromoted)
  }

  /// With few photographs the interval is wide and would let anything in.
  @Test func aLargeLossIsNotNoise() {
    let wide = decision(new: [0.9, 0.3, 0.9], current: [0.7, 0.8, 0.7])
    #expect((wide.current?.difference.high ?? 0) > 0)
    #expect(!wide.isPromoted)
    #expect(wide.reason == "worse than the model in service by more than 0.01")
  }

  @Test func theFloorIsUnderEveryModel() {
    let low = decision(new: [0.6, 0.6], current: [0.4, 0.4], floor: 0.6)
    #expect(!low.isPromoted)
    #expect(low.reason == "not better than the rule that has learnt nothing")
    let first = Promotion.decision(images([0.6, 0.7], floor: 0.5), nil)
    #expect(first.isPromoted && first.reason == "better than the rule that has learnt nothing")
    #expect(!Promotion.decision(images([0.4], floor: 0.5), nil).isPromoted)
  }

  @Test func onlyPhotographsThatBothHaveAreCompared() {
    var current = images([0.5, 0.5, 0.5])
    current.removeFirst()
    let decision = Promotion.decision(images([0.1, 0.9, 0.8]), ("old-1", current, 1, 0))
    #expect(decision.imageCount == 2)
    #expect(abs(decision.newJaccard - 0.85) < 1e-12)
    #expect(decision.message.contains("1 others are left out: old-1 has learnt from them."))
  }

  @Test func theNumbersAreInTheMessageAndInJSON() throws {
    let decision = Promotion.decision(
      images([0.8, 0.9], floor: 0.25), ("old-1", images([0.7, 0.75]), 0, 2))
    #expect(
      decision.message.hasPrefix(
        "better than the model in service: Jaccard 0.8500 on 2 held-out photographs, old-1 has 0.7250, "
          + "difference +0.1250 (95 %: +0.1000 to +0.1500), the rule that has learnt nothing 0.2500."
      ))
    #expect(decision.message.hasSuffix("old-1 has learnt from 2 of them, which favours it."))
    struct Record: Decodable {
      var promoted: Bool
      var currentId: String
      var difference: MeanInterval
      var knownToCurrent: Int
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let record = try decoder.decode(Record.self, from: try JSONEncoder().encode(decision))
    #expect(record.promoted && record.currentId == "old-1" && record.knownToCurrent == 2)
    #expect(abs(record.difference.mean - 0.125) < 1e-12)
  }
}
