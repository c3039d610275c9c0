// Batch normalisation over N, H and W, per channel, with an optional ReLU behind it.
//
// Shapes: x, y [N, H, W, C]; γ, β, mean μ, inverse deviation r = 1 / sqrt(variance + ε): [C];
// M = N·H·W.
//   y = γ · (x - μ) · r + β
//   ∂β = Σ ∂y,  ∂γ = Σ ∂y · x̂,  ∂x = γ · r · (∂y - ∂β / M - x̂ · ∂γ / M)      x̂ = (x - μ) · r
// Sums are made in 64 fixed groups of rows and added in order, so they do not depend on the number
// of threads.
// Source: Ioffe and Szegedy, "Batch normalization" (2015), algorithm 1 and section 3.

/// Mean and biased variance of each channel, in two passes; C is a multiple of 8.
public func channelMoments(
  of view: ActivationView, mean: UnsafeMutablePointer<Float>,
  variance: UnsafeMutablePointer<Float>, pool: ThreadPool
) {
  unsafe channelSums(of: view, into: mean, pool: pool)
  let share = 1 / Float(view.pixels)
  for c in 0..<view.channels { unsafe mean[c] *= share }
  unsafe groupedSums(rows: view.rows, channels: view.channels, into: [variance], pool: pool) {
    row, channel, sums in
    let middle = unsafe load(mean + channel)
    var sum = Lanes.zero
    for x in 0..<view.width {
      let distance = unsafe load(view.pixel(row: row, x: x) + channel) - middle
      sum.addProduct(distance, distance)
    }
    unsafe store(load(sums) + sum, to: sums)
  }
  for c in 0..<view.channels { unsafe variance[c] *= share }
}

/// output = input · scale + shift per channel, then ReLU if asked; C is a multiple of 8.
public func scaleAndShift(
  input: ActivationView, output: ActivationView, scale: UnsafePointer<Float>,
  shift: UnsafePointer<Float>, hasReLU: Bool, pool: ThreadPool
) {
  pool.parallelFor(input.rows) { row in
    for channel in stride(from: 0, to: input.channels, by: 8) {
      let factor = unsafe load(scale + channel)
      let offset = unsafe load(shift + channel)
      for x in 0..<input.width {
        let value = unsafe offset.addingProduct(
          load(input.pixel(row: row, x: x) + channel), factor)
        unsafe store(
          hasReLU ? clamp(value) : value, to: output.pixel(row: row, x: x) + channel)
      }
    }
  }
}

/// What the backward pass of a batch normalisation reads and writes, `[C]` each.
@safe public struct BatchNormalizationSlopes {
  /// Mean of the batch.
  public var mean: UnsafePointer<Float>
  /// 1 / sqrt(variance + ε) of the batch.
  public var inverseDeviation: UnsafePointer<Float>
  /// γ.
  public var weight: UnsafePointer<Float>
  /// ∂γ, overwritten.
  public var weightGradient: UnsafeMutablePointer<Float>
  /// ∂β, overwritten.
  public var biasGradient: UnsafeMutablePointer<Float>

  /// Pointers to the channels' values.
  public init(
    mean: UnsafePointer<Float>, inverseDeviation: UnsafePointer<Float>,
    weight: UnsafePointer<Float>, weightGradient: UnsafeMutablePointer<Float>,
    biasGradient: UnsafeMutablePointer<Float>
  ) {
    unsafe self.mean = unsafe mean
    unsafe self.inverseDeviation = unsafe inverseDeviation
    unsafe self.weight = unsafe weight
    unsafe self.weightGradient = unsafe weightGradient
    unsafe self.biasGradient = unsafe biasGradient
  }
}

/// Gradients of a batch normalisation; `gradient` by its output, masked by the ReLU already; C is a
/// multiple of 8.
public func batchNormalizationBackward(
  input: ActivationView, gradient: ActivationView, inputGradient: ActivationView,
  accumulate: Bool, slopes: BatchNormalizationSlopes, pool: ThreadPool
) {
  let s = slopes
  unsafe groupedSums(
    rows: input.rows, channels: input.channels, into: [s.biasGradient, s.weightGradient],
    pool: pool
  ) { row, channel, sums in
    let middle = unsafe load(s.mean + channel)
    let inverse = unsafe load(s.inverseDeviation + channel)
    var (slopeSum, productSum) = (Lanes.zero, Lanes.zero)
    for x in 0..<input.width {
      let slope = unsafe load(gradient.pixel(row: row, x: x) + channel)
      let normal = unsafe (load(input.pixel(row: row, x: x) + channel) - middle) * inverse
      slopeSum += slope
      productSum.addProduct(slope, normal)
    }
    unsafe store(load(sums) + slopeSum, to: sums)
    unsafe store(load(sums + input.channels) + productSum, to: sums + input.channels)
  }
  let share = 1 / Float(input.pixels)
  pool.parallelFor(input.rows) { row in
    for channel in stride(from: 0, to: input.channels, by: 8) {
      let middle = unsafe load(s.mean + channel)
      let inverse = unsafe load(s.inverseDeviation + channel)
      let factor = unsafe load(s.weight + channel) * inverse
      let meanSlope = unsafe load(s.biasGradient + channel) * share
      let meanProduct = unsafe load(s.weightGradient + channel) * share
      for x in 0..<input.width {
        let slope = unsafe load(gradient.pixel(row: row, x: x) + channel)
        let normal = unsafe (load(input.pixel(row: row, x: x) + channel) - middle) * inverse
        let result = factor * (slope - meanSlope - normal * meanProduct)
        let target = unsafe inputGradient.pixel(row: row, x: x) + channel
        unsafe store(accumulate ? load(target) + result : result, to: target)
      }
    }
  }
}

/// Adds up per-channel sums of rows: `addRow(row, channel, sums)` adds eight channels of one row to
/// `sums`, and of the second result, if there are two, to `sums + channels`.
private func groupedSums(
  rows: Int, channels: Int, into results: [UnsafeMutablePointer<Float>], pool: ThreadPool,
  addRow: (_ row: Int, _ channel: Int, _ sums: UnsafeMutablePointer<Float>) -> Void
) {
  let groups = min(64, rows)
  let width = unsafe channels * results.count
  let partial = FloatBuffer(count: groups * width)
  pool.parallelFor(groups) { group in
    let sums = unsafe partial.base + group * width
    for row in (rows * group / groups)..<(rows * (group + 1) / groups) {
      for channel in stride(from: 0, to: channels, by: 8) {
        unsafe addRow(row, channel, sums + channel)
      }
    }
  }
  for place in unsafe 0..<results.count {
    let result = unsafe results[place]
    for c in 0..<channels {
      var sum = 0.0
      for group in 0..<groups {
        unsafe sum += Double(partial.base[group * width + place * channels + c])
      }
      unsafe result[c] = Float(sum)
    }
  }
}
