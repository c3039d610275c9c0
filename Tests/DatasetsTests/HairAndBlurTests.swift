import Datasets
import Glibc
import Images
import TestScaffold
import Testing
import UNets

@Suite struct HairAndBlurTests {
  private let format = SampleFormat(
    inputSize: 32, channels: 3,
    normalization: Normalization(mean: [0.5, 0.5, 0.5], standardDeviation: [0.25, 0.25, 0.25]))

  private func sample(
    blur: Float = 0, hair: [DrawnHair] = [], channels: Int = 3, standardizes: Bool = false
  ) -> Sample {
    let drawn = DrawnPair(index: 3)
    let pair = DecodedPair(image: drawn.image, mask: drawn.mask, side: 32, channels: channels)
    var transform = SampleTransform.identity
    (transform.blur, transform.hair) = (blur, hair)
    var format = format
    format.channels = channels
    if channels == 1 { format.normalization = .unit(channels: 1) }
    format.normalization.standardizes = standardizes
    return Sample(of: pair, transform: transform, format: format)
  }

  @Test func hairAndBlurComeBeforeStandardizing() {
    let hair = [
      DrawnHair(
        points: [SIMD2(0.1, 0.1), SIMD2(0.9, 0.8)], width: 0.1, color: SIMD3(0.05, 0.05, 0.05),
        opacity: 1)
    ]
    var plain = sample(blur: 0.05, hair: hair, channels: 1).inputs
    let standardized = sample(blur: 0.05, hair: hair, channels: 1, standardizes: true).inputs
    Normalization(mean: [0], standardDeviation: [1], standardizes: true).finish(&plain)
    #expect(zip(plain, standardized).allSatisfy { abs($0 - $1) < 1e-5 })
  }

  /// The plain twin: a two-dimensional sum with weights of the definition.
  @Test func blurIsAGaussianSum() {
    let sharp = sample().inputs
    let deviation = 1.3
    let blurred = sample(blur: Float(deviation / 32)).inputs
    let reach = 4
    func weight(_ distance: Int) -> Double {
      exp(-Double(distance * distance) / 2 / deviation / deviation)
    }
    let sum = (-reach...reach).reduce(0) { $0 + weight($1) }
    var largest = 0.0
    for y in 0..<32 {
      for x in 0..<32 {
        var value = 0.0
        for dy in -reach...reach {
          for dx in -reach...reach {
            let (row, column) = (min(max(y + dy, 0), 31), min(max(x + dx, 0), 31))
            value +=
              weight(dy) * weight(dx) / sum / sum * Double(sharp[(row * 32 + column) * 3 + 1])
          }
        }
        largest = max(largest, abs(value - Double(blurred[(y * 32 + x) * 3 + 1])))
      }
    }
    #expect(largest < 1e-5)
    #expect(sample(blur: 0.1 / 32) == sample(), "too little to be seen")
  }

  @Test func hairCoversWhereItLiesAndLeavesTheTruth() {
    let hair = DrawnHair(
      points: [[0, 0.515625], [1, 0.515625]], width: 1.0 / 32, color: [0.1, 0.2, 0.3], opacity: 1)
    let colors = [0.1, 0.2, 0.3]
    let (plain, hairy) = (sample(), sample(hair: [hair]))
    #expect(plain.labels == hairy.labels)
    for x in 1..<31 {
      for (channel, color) in colors.enumerated() {
        let wanted = (Float(color) - 0.5) / 0.25
        let found = hairy.inputs[(16 * 32 + x) * 3 + channel]
        #expect(abs(found - wanted) < 1e-5)
      }
      #expect(hairy.inputs[(14 * 32 + x) * 3] == plain.inputs[(14 * 32 + x) * 3])
    }
    let grey = sample(hair: [hair], channels: 1).inputs[16 * 32 + 10]
    #expect(abs(grey - 0.2) < 1e-5)
  }

  @Test func shareOfHairAndBlurIsWhatWasAsked() {
    var hairy = 0
    var blurred = 0
    for index in 0..<2000 {
      var generator = SeededGenerator(seed: 5, index)
      let transform = Augmentation().draw(
        aspect: 1, lesionMeetsEdge: false, using: &generator)
      hairy += transform.hair.isEmpty ? 0 : 1
      blurred += transform.blur > 0 ? 1 : 0
      #expect(transform.hair.count <= 15 && transform.blur <= Augmentation().blur)
    }
    #expect((520...680).contains(hairy))
    #expect((580...750).contains(blurred))
  }
}
