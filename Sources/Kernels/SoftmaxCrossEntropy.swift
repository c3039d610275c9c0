import Glibc

/// What one batch of predictions amounts to, added up over pixels.
public struct PixelTally: Sendable, Equatable {
  /// Sum over pixels of -log softmax(logits)[label].
  public var lossSum = 0.0
  /// Pixels counted.
  public var pixels = 0
  /// Pixels whose class is right.
  public var correct = 0
  /// Pixels that are lesion in both prediction and label.
  public var intersection = 0
  /// Pixels predicted as lesion.
  public var predicted = 0
  /// Pixels labelled as lesion.
  public var truth = 0

  /// All counts zero.
  public init() {}

  /// Adds the counts of another tally.
  public static func += (left: inout PixelTally, right: PixelTally) {
    left.lossSum += right.lossSum
    left.pixels += right.pixels
    left.correct += right.correct
    left.intersection += right.intersection
    left.predicted += right.predicted
    left.truth += right.truth
  }
}

/// Softmax over the two classes {background, lesion} with cross-entropy, and its gradient.
///
/// logits `[N, H, W, 2]`, labels `[N, H, W]` of 0 or 1. With d = logit1 - logit0 the loss of a pixel is
/// log(1 + e^d) - label·d, and the gradient by logit1 is (sigmoid(d) - label) · gradientScale, by logit0
/// its negative. Without `gradient` only the tally is made. Rows are added up in order, whatever the threads.
public func softmaxCrossEntropy(
  logits: ActivationView, labels: UnsafePointer<UInt8>, gradient: ActivationView?,
  gradientScale: Float, pool: ThreadPool
) -> PixelTally {
  precondition(logits.channels == 2)
  let rows = logits.rows
  let partial = UnsafeMutablePointer<PixelTally>.allocate(capacity: rows)
  unsafe partial.initialize(repeating: PixelTally(), count: rows)
  defer { unsafe partial.deallocate() }
  pool.parallelFor(rows) { row in
    var tally = PixelTally()
    for x in 0..<logits.width {
      let pixel = unsafe logits.pixel(row: row, x: x)
      let difference = unsafe pixel[1] - pixel[0]
      let label = unsafe labels[row * logits.width + x]
      // log(1 + e^d) without overflow: max(d, 0) + log(1 + e^-|d|).
      let tail = expf(-abs(difference))
      tally.lossSum += Double(
        max(difference, 0) + log1pf(tail) - (label == 1 ? difference : 0))
      let isLesion = difference >= 0
      tally.correct += isLesion == (label == 1) ? 1 : 0
      tally.predicted += isLesion ? 1 : 0
      tally.truth += label == 1 ? 1 : 0
      tally.intersection += isLesion && label == 1 ? 1 : 0
      if let gradient {
        let probability = difference >= 0 ? 1 / (1 + tail) : tail / (1 + tail)
        let slope = (probability - (label == 1 ? 1 : 0)) * gradientScale
        let target = unsafe gradient.pixel(row: row, x: x)
        unsafe target[0] = -slope
        unsafe target[1] = slope
      }
    }
    tally.pixels = logits.width
    unsafe partial[row] = tally
  }
  var total = PixelTally()
  for row in 0..<rows { unsafe total += partial[row] }
  return total
}

/// probability[i] = softmax(logits)[lesion] = 1 / (1 + e^(logit0 - logit1)); logits `[N, H, W, 2]`.
public func lesionProbabilities(
  logits: ActivationView, into probabilities: UnsafeMutablePointer<Float>, pool: ThreadPool
) {
  pool.parallelFor(logits.rows) { row in
    for x in 0..<logits.width {
      let pixel = unsafe logits.pixel(row: row, x: x)
      unsafe probabilities[row * logits.width + x] = unsafe 1 / (1 + expf(pixel[0] - pixel[1]))
    }
  }
}
