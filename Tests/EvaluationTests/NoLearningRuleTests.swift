import Evaluation
import Images
import Masks
import TestScaffold
import Testing

@Suite struct NoLearningRuleTests {
  @Test func otsuPartsTwoHeaps() {
    let values =
      [UInt8](repeating: 40, count: 30) + [UInt8](repeating: 42, count: 10)
      + [UInt8](repeating: 200, count: 50) + [UInt8](repeating: 190, count: 5)
    #expect((42..<190).contains(NoLearningRule.otsuThreshold(of: values)))
  }

  /// The variance between classes computed from its definition, for every threshold.
  @Test func otsuIsTheBestOfAllThresholds() {
    for index in 0..<5 {
      let blue = DrawnPair(index: index).image.pixels.enumerated()
        .filter { $0.offset % 3 == 2 }.map(\.element)
      func variance(_ threshold: UInt8) -> Double {
        let below = blue.filter { $0 <= threshold }.map(Double.init)
        let above = blue.filter { $0 > threshold }.map(Double.init)
        guard !below.isEmpty, !above.isEmpty else { return 0 }
        let difference =
          below.reduce(0, +) / Double(below.count) - above.reduce(0, +) / Double(above.count)
        return Double(below.count) * Double(above.count) * difference * difference
      }
      let best = (0...255).map { variance(UInt8($0)) }.max() ?? 0
      let found = variance(NoLearningRule.otsuThreshold(of: blue))
      #expect(found >= best * (1 - 1e-12))
      #expect(best > 0)
    }
  }

  @Test func anEvenPictureHasNoThreshold() {
    #expect(NoLearningRule.otsuThreshold(of: [UInt8](repeating: 9, count: 7)) == 0)
    let even = Image(width: 20, height: 20, channels: 3, filledWith: 180)
    #expect(NoLearningRule.mask(for: even).pixels.allSatisfy { $0 == 0 })
  }

  @Test func ofSeveralRegionsTheCentralOneIsKept() {
    var plane = BinaryPlane(
      width: 40, height: 40, isSet: [Bool](repeating: false, count: 1600))
    for y in 0..<40 {
      for x in 0..<40 {
        let isCorner = x < 12 && y < 12
        let isCentral = (18..<26).contains(x) && (15..<24).contains(y)
        plane.isSet[y * 40 + x] = isCorner || isCentral
      }
    }
    let kept = NoLearningRule.centralRegion(of: plane)
    // The corner is twice as large, and dark corners are what photographs have.
    #expect(kept.isSet.filter { $0 }.count == 72)
    #expect(kept.isSet[20 * 40 + 20])
  }

  @Test func aDrawnLesionIsFoundAtThePhotographsSize() {
    for index in 0..<6 {
      let pair = DrawnPair(index: index, width: 300, height: 220)
      let mask = NoLearningRule.mask(for: pair.image)
      #expect(mask.width == 300 && mask.height == 220 && mask.channels == 1)
      #expect(Set(mask.pixels) == [0, 255])
      #expect(ConfusionCounts(mask: mask, truth: pair.mask).jaccardIndex > 0.95)
    }
  }
}
