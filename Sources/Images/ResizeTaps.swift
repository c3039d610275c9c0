/// Which samples of an axis make one sample of the resized axis, and with which weights.
///
/// Shrinking averages over the area: sample `i` of `target` covers `[i s, (i + 1) s)` of the source,
/// `s = source / target`, and each source sample counts by the part of it that is covered. Enlarging is
/// linear between the centres of the samples: sample `i` lies at `(i + 1/2) s - 1/2`, and beyond the
/// outermost centres the outermost value holds. Equal lengths copy. (These are what other programs call
/// "area" or "box", and "bilinear with half-pixel centres".)
package struct ResizeTaps: Sendable {
  /// Per target sample: the first source sample.
  package let starts: [Int]
  /// Per target sample: how many source samples from there on.
  package let counts: [Int]
  /// Per target sample: where its weights begin in `weights`.
  package let offsets: [Int]
  /// All weights; those of one target sample add up to 1.
  package let weights: [Float]

  package init(source: Int, target: Int) {
    var starts: [Int] = []
    var offsets: [Int] = []
    var weights: [Float] = []
    starts.reserveCapacity(target)
    offsets.reserveCapacity(target)
    weights.reserveCapacity(2 * target + source)
    for index in 0..<target {
      offsets.append(weights.count)
      starts.append(
        target < source
          ? Self.appendArea(index, source: source, target: target, to: &weights)
          : Self.appendLinear(index, source: source, target: target, to: &weights))
    }
    counts = offsets.indices.map {
      ($0 + 1 < target ? offsets[$0 + 1] : weights.count) - offsets[$0]
    }
    self.starts = starts
    self.offsets = offsets
    self.weights = weights
  }

  /// The most source samples that one target sample needs.
  var largestCount: Int { counts.max() ?? 0 }

  /// Appends the weights of a sample that covers several; returns the first of these.
  private static func appendArea(
    _ index: Int, source: Int, target: Int, to weights: inout [Float]
  ) -> Int {
    // In units of 1 / target of a source sample everything is whole: no rounding decides which samples
    // take part.
    let first = index * source
    let end = first + source
    let start = first / target
    let last = (end - 1) / target
    for sample in start...last {
      let covered = min(end, (sample + 1) * target) - max(first, sample * target)
      weights.append(Float(Double(covered) / Double(source)))
    }
    return start
  }

  /// Appends the weights of a sample that lies between two; returns the first of these.
  private static func appendLinear(
    _ index: Int, source: Int, target: Int, to weights: inout [Float]
  ) -> Int {
    let center = (Double(index) + 0.5) * Double(source) / Double(target) - 0.5
    let clamped = min(max(center, 0), Double(source - 1))
    let start = Int(clamped)
    let fraction = Float(clamped - Double(start))
    weights.append(1 - fraction)
    if fraction != 0 { weights.append(fraction) }
    return start
  }
}
