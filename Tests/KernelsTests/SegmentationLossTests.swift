import Glibc
import Kernels
import Testing

/// The loss and its gradient against the formulas written out, and against finite differences.
@Suite struct SegmentationLossTests {
  static let (batch, height, width) = (2, 5, 7)

  static func labels() -> [UInt8] {
    var random = SplitMix(state: 3)
    return (0..<(batch * height * width)).map { _ in UInt8(random.below(2)) }
  }

  /// Cross-entropy and Dice in double precision.
  static func plain(_ logits: Activations, _ labels: [UInt8], diceWeight: Double) -> Double {
    var (entropy, dice) = (0.0, 0.0)
    for n in 0..<batch {
      var (common, total) = (0.0, 0.0)
      for y in 0..<height {
        for x in 0..<width {
          let (a, b) = (logits[n, y, x, 0], logits[n, y, x, 1])
          let p = exp(b) / (exp(a) + exp(b))
          let label = Double(labels[(n * height + y) * width + x])
          entropy -= log(label == 1 ? p : 1 - p)
          common += p * label
          total += p + label
        }
      }
      dice += 1 - (2 * common + 1) / (total + 1)
    }
    return entropy / Double(batch * height * width) + diceWeight * dice / Double(batch)
  }

  static func compute(
    _ logits: Activations, _ labels: [UInt8], _ diceWeight: Float, gradient: Activations?
  ) -> (loss: Double, tally: PixelTally) {
    unsafe labels.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return (0, PixelTally()) }
      return unsafe segmentationLoss(
        SegmentationLoss(diceWeight: diceWeight), logits: logits.view, labels: base,
        gradient: gradient?.view, pool: ThreadPool(threadCount: 2))
    }
  }

  @Test(arguments: [Float(0), 1, 2.5]) func lossAndGradient(_ diceWeight: Float) {
    let logits = Activations(Self.batch, Self.height, Self.width, 2, seed: 1)
    for i in 0..<logits.buffer.count { unsafe logits.buffer.base[i] *= 4 }
    let labels = Self.labels()
    let gradient = Activations(Self.batch, Self.height, Self.width, 2, gap: 3, seed: nil)
    let (loss, _) = Self.compute(logits, labels, diceWeight, gradient: gradient)
    let expected = Self.plain(logits, labels, diceWeight: Double(diceWeight))
    #expect(abs(loss - expected) < 1e-6)
    #expect(gradient.gapsAreUntouched)
    for (n, y, x, c) in [(0, 0, 0, 0), (0, 2, 3, 1), (1, 4, 6, 0), (1, 1, 5, 1)] {
      let before = logits[n, y, x, c]
      let step = 1.0 / 128
      logits[n, y, x, c] = before + step
      let up = Self.plain(logits, labels, diceWeight: Double(diceWeight))
      logits[n, y, x, c] = before - step
      let down = Self.plain(logits, labels, diceWeight: Double(diceWeight))
      logits[n, y, x, c] = before
      #expect(abs(gradient[n, y, x, c] - (up - down) / (2 * step)) < 1e-5)
    }
  }

  @Test func theTallyCountsPixels() {
    let logits = Activations(Self.batch, Self.height, Self.width, 2, seed: 8)
    let labels = Self.labels()
    let tally = Self.compute(logits, labels, 0, gradient: nil).tally
    var expected = PixelTally()
    for (i, label) in labels.enumerated() {
      let (n, y, x) = (i / Self.width / Self.height, i / Self.width % Self.height, i % Self.width)
      let isLesion = logits[n, y, x, 1] >= logits[n, y, x, 0]
      expected.pixels += 1
      expected.correct += isLesion == (label == 1) ? 1 : 0
      expected.truth += label == 1 ? 1 : 0
      expected.predicted += isLesion ? 1 : 0
      expected.intersection += isLesion && label == 1 ? 1 : 0
    }
    expected.lossSum = tally.lossSum
    #expect(tally == expected)
  }

  @Test func farLogitsStayFinite() {
    let logits = Activations(Self.batch, Self.height, Self.width, 2, seed: 8)
    for i in 0..<logits.buffer.count { unsafe logits.buffer.base[i] *= 1e6 }
    let gradient = Activations(Self.batch, Self.height, Self.width, 2, seed: nil)
    let loss = Self.compute(logits, Self.labels(), 1, gradient: gradient).loss
    #expect(loss.isFinite)
    for i in 0..<gradient.buffer.count { #expect(unsafe gradient.buffer.base[i].isFinite) }
  }
}
