// Small loops over one row of activations, [W, C] with a pixel stride. Contiguous inner loops, so
// the compiler vectorises them.

/// Every pixel of the row becomes `values` `[C]`.
@inline(__always)
func fillRow(_ view: ActivationView, row: Int, with values: UnsafePointer<Float>) {
  for x in 0..<view.width {
    unsafe view.pixel(row: row, x: x).update(from: values, count: view.channels)
  }
}

/// Every value of the row becomes 0.
@inline(__always)
func zeroRow(_ view: ActivationView, row: Int) {
  for x in 0..<view.width {
    unsafe view.pixel(row: row, x: x).update(repeating: 0, count: view.channels)
  }
}

/// ReLU in place; NaN stays NaN, so that a broken model is noticed.
@inline(__always)
func clampNegativesToZero(_ view: ActivationView, row: Int) {
  for x in 0..<view.width {
    let pixel = unsafe view.pixel(row: row, x: x)
    for c in 0..<view.channels { unsafe pixel[c] = unsafe pixel[c] < 0 ? 0 : pixel[c] }
  }
}

/// Gradient through ReLU, in place: `gradient = output > 0 ? gradient : 0`.
public func maskGradientByReLU(
  _ gradient: ActivationView, output: ActivationView, pool: ThreadPool
) {
  pool.parallelFor(gradient.rows) { row in
    for x in 0..<gradient.width {
      let slope = unsafe gradient.pixel(row: row, x: x)
      let value = unsafe output.pixel(row: row, x: x)
      for c in 0..<gradient.channels { unsafe slope[c] = unsafe value[c] > 0 ? slope[c] : 0 }
    }
  }
}

/// target = source, or target += source; same shape, any strides.
public func copyActivations(
  _ source: ActivationView, to target: ActivationView, accumulate: Bool, pool: ThreadPool
) {
  pool.parallelFor(source.rows) { row in
    for x in 0..<source.width {
      let from = unsafe source.pixel(row: row, x: x)
      let to = unsafe target.pixel(row: row, x: x)
      if accumulate {
        for c in 0..<source.channels { unsafe to[c] += unsafe from[c] }
      } else {
        unsafe to.update(from: from, count: source.channels)
      }
    }
  }
}

/// Copies the rows and columns that both views have, image by image; equal batches and channels.
public func copyCommonPart(of source: ActivationView, to target: ActivationView, pool: ThreadPool) {
  let height = min(source.height, target.height)
  let width = min(source.width, target.width)
  pool.parallelFor(source.batch * height) { task in
    let (image, y) = (task / height, task % height)
    for x in 0..<width {
      unsafe target.pixel(row: image * target.height + y, x: x).update(
        from: source.pixel(row: image * source.height + y, x: x), count: source.channels)
    }
  }
}

/// Fills the columns from `width` and the rows from `height` on with the last pixels before them.
public func repeatEdges(of view: ActivationView, height: Int, width: Int, pool: ThreadPool) {
  guard height < view.height || width < view.width else { return }
  pool.parallelFor(view.batch) { image in
    let first = image * view.height
    for y in 0..<view.height {
      let row = first + min(y, height - 1)
      for x in (y < height ? width : 0)..<view.width {
        unsafe view.pixel(row: first + y, x: x).update(
          from: view.pixel(row: row, x: min(x, width - 1)), count: view.channels)
      }
    }
  }
}

/// Sums over all pixels, per channel: the gradient by a bias.
///
/// Rows are summed in 64 fixed groups, then the groups in order: exact to rounding and independent
/// of the number of threads. Scratch: 64 · C Floats.
public func channelSums(
  of view: ActivationView, into sums: UnsafeMutablePointer<Float>, pool: ThreadPool
) {
  let groups = min(64, view.rows)
  let channels = view.channels
  let partial = FloatBuffer(count: groups * channels)
  pool.parallelFor(groups) { group in
    let sum = unsafe partial.base + group * channels
    let rowSum = UnsafeMutablePointer<Float>.allocate(capacity: channels)
    defer { unsafe rowSum.deallocate() }
    for row in (view.rows * group / groups)..<(view.rows * (group + 1) / groups) {
      unsafe rowSum.update(repeating: 0, count: channels)
      for x in 0..<view.width {
        let pixel = unsafe view.pixel(row: row, x: x)
        for c in 0..<channels { unsafe rowSum[c] += unsafe pixel[c] }
      }
      for c in 0..<channels { unsafe sum[c] += unsafe rowSum[c] }
    }
  }
  for c in 0..<channels {
    var sum: Double = 0
    for group in 0..<groups { unsafe sum += Double(partial.base[group * channels + c]) }
    unsafe sums[c] = Float(sum)
  }
}
