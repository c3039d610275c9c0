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

/// How the loss of a batch is put together: cross-entropy, plus the Dice loss of each image times a
/// weight.
///
/// Cross-entropy is the mean over all pixels of -log softmax(logits)[label]. The Dice loss of an
/// image is 1 - (2 Σ p·y + 1) / (Σ p + Σ y + 1) with p the probability of "lesion" and y the label;
/// the mean over the batch's images is taken. Source: Milletari, Navab and Ahmadi, "V-Net" (2016),
/// section 3, with sums instead of sums of squares.
public struct SegmentationLoss: Sendable, Equatable {
  /// Weight of the Dice loss, 0 for cross-entropy alone.
  public var diceWeight: Float

  /// A loss.
  public init(diceWeight: Float = 0) { self.diceWeight = diceWeight }

  /// Cross-entropy alone.
  public static let crossEntropy = SegmentationLoss()
}

/// Sums of one image that the Dice loss needs.
private struct OverlapSums {
  /// Σ p·y.
  var common = 0.0
  /// Σ p + Σ y.
  var total = 0.0

  var loss: Double { 1 - (2 * common + 1) / (total + 1) }
  /// ∂ loss / ∂ p is `atLesion` · y + `everywhere`.
  var atLesion: Double { -2 / (total + 1) }
  var everywhere: Double { (2 * common + 1) / ((total + 1) * (total + 1)) }
}

/// The loss of a batch over the two classes {background, lesion}, and its gradient by the logits.
///
/// logits `[N, H, W, 2]`, labels `[N, H, W]` of 0 or 1. With d = logit1 - logit0 and p =
/// sigmoid(d), a pixel's cross-entropy is log(1 + e^d) - label·d, and the gradient by logit1 is (p
/// - label) / pixels + ∂Dice/∂p · p·(1 - p), by logit0 its negative. Without `gradient` only the
/// loss and the tally are made. Rows are added up in order, whatever the threads. Cost: one
/// exponential per pixel, two with a gradient.
public func segmentationLoss(
  _ loss: SegmentationLoss, logits: ActivationView, labels: UnsafePointer<UInt8>,
  gradient: ActivationView?, pool: ThreadPool
) -> (loss: Double, tally: PixelTally) {
  precondition(logits.channels == 2)
  let rows = logits.rows
  var tallies = [PixelTally](repeating: PixelTally(), count: rows)
  var overlaps = [OverlapSums](repeating: OverlapSums(), count: rows)
  unsafe tallies.withUnsafeMutableBufferPointer { tallies in
    unsafe overlaps.withUnsafeMutableBufferPointer { overlaps in
      pool.parallelFor(rows) { row in
        let label = unsafe labels + row * logits.width
        unsafe (tallies[row], overlaps[row]) = unsafe tallyRow(logits, row, label)
      }
    }
  }
  var total = PixelTally()
  for tally in tallies { total += tally }
  var images = [OverlapSums](repeating: OverlapSums(), count: logits.batch)
  for (row, sums) in overlaps.enumerated() {
    images[row / logits.height].common += sums.common
    images[row / logits.height].total += sums.total
  }
  let dice = images.reduce(0) { $0 + $1.loss } / Double(max(1, images.count))
  if let gradient {
    let share = loss.diceWeight / Float(logits.batch)
    pool.parallelFor(rows) { row in
      let sums = images[row / logits.height]
      unsafe writeSlopes(
        logits, row, labels + row * logits.width, gradient, pixelShare: 1 / Float(logits.pixels),
        atLesion: Float(sums.atLesion) * share, everywhere: Float(sums.everywhere) * share)
    }
  }
  return (total.lossSum / Double(max(1, total.pixels)) + Double(loss.diceWeight) * dice, total)
}

private func tallyRow(
  _ logits: ActivationView, _ row: Int, _ labels: UnsafePointer<UInt8>
) -> (PixelTally, OverlapSums) {
  var tally = PixelTally()
  var sums = OverlapSums()
  for x in 0..<logits.width {
    let pixel = unsafe logits.pixel(row: row, x: x)
    let difference = unsafe pixel[1] - pixel[0]
    let isTruth = unsafe labels[x] == 1
    // log(1 + e^d) without overflow: max(d, 0) + log(1 + e^-|d|).
    let tail = expf(-abs(difference))
    tally.lossSum += Double(max(difference, 0) + log1pf(tail) - (isTruth ? difference : 0))
    let isLesion = difference >= 0
    tally.correct += isLesion == isTruth ? 1 : 0
    tally.predicted += isLesion ? 1 : 0
    tally.truth += isTruth ? 1 : 0
    tally.intersection += isLesion && isTruth ? 1 : 0
    let probability = Double(isLesion ? 1 / (1 + tail) : tail / (1 + tail))
    sums.common += isTruth ? probability : 0
    sums.total += probability + (isTruth ? 1 : 0)
  }
  tally.pixels = logits.width
  return (tally, sums)
}

private func writeSlopes(
  _ logits: ActivationView, _ row: Int, _ labels: UnsafePointer<UInt8>, _ gradient: ActivationView,
  pixelShare: Float, atLesion: Float, everywhere: Float
) {
  for x in 0..<logits.width {
    let pixel = unsafe logits.pixel(row: row, x: x)
    let label: Float = unsafe labels[x] == 1 ? 1 : 0
    let probability = unsafe 1 / (1 + expf(pixel[0] - pixel[1]))
    let slope =
      (probability - label) * pixelShare
      + (atLesion * label + everywhere) * probability * (1 - probability)
    let target = unsafe gradient.pixel(row: row, x: x)
    unsafe target[0] = -slope
    unsafe target[1] = slope
  }
}

/// probability = softmax(logits)[lesion] = 1 / (1 + e^(logit0 - logit1)) of the first `height` rows
/// and `width` columns; logits `[N, H, W, 2]`, probabilities `[N, height, width]`.
public func lesionProbabilities(
  logits: ActivationView, height: Int, width: Int,
  into probabilities: UnsafeMutablePointer<Float>, pool: ThreadPool
) {
  pool.parallelFor(logits.batch * height) { task in
    let row = task / height * logits.height + task % height
    for x in 0..<width {
      let pixel = unsafe logits.pixel(row: row, x: x)
      unsafe probabilities[task * width + x] = unsafe 1 / (1 + expf(pixel[0] - pixel[1]))
    }
  }
}
