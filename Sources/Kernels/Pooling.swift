import CKernels

// 2x2 max-pooling of stride 2 and nearest x2 up-sampling.
// Shapes: fine [N, 2H, 2W, C], coarse [N, H, W, C].

/// coarse = max over each 2x2 block of fine. `winners` `[N, H, W, C]`, when given, receives the
/// position 0...3 (2·dy + dx) of the first maximum in reading order, for the backward pass.
public func maxPoolForward(
  fine: ActivationView, coarse: ActivationView, winners: UnsafeMutablePointer<UInt8>?,
  pool: ThreadPool
) {
  let loops = unsafe InstructionSet.fastest.loops
  pool.parallelFor(coarse.rows) { row in
    var (fine, coarse) = unsafe (fine.images, coarse.images)
    unsafe loops.max_pool(&fine, row, &coarse, winners)
  }
}

/// Sends each coarse gradient to the winner of its block; the other three get 0 (or keep theirs,
/// when accumulating).
public func maxPoolBackward(
  coarseGradient: ActivationView, winners: UnsafePointer<UInt8>, fineGradient: ActivationView,
  accumulate: Bool, pool: ThreadPool
) {
  let loops = unsafe InstructionSet.fastest.loops
  pool.parallelFor(coarseGradient.rows) { row in
    var (coarse, fine) = unsafe (coarseGradient.images, fineGradient.images)
    unsafe loops.max_pool_gradient(&coarse, row, winners, &fine, accumulate ? 1 : 0)
  }
}

/// fine[y, x] = coarse[y / 2, x / 2].
public func upsampleNearestForward(
  coarse: ActivationView, fine: ActivationView, pool: ThreadPool
) {
  pool.parallelFor(fine.rows) { row in
    for x in 0..<fine.width {
      unsafe fine.pixel(row: row, x: x).update(
        from: coarse.pixel(row: row / 2, x: x / 2), count: fine.channels)
    }
  }
}

/// Each coarse gradient is the sum of its four fine ones.
public func upsampleNearestBackward(
  fineGradient: ActivationView, coarseGradient: ActivationView, accumulate: Bool, pool: ThreadPool
) {
  pool.parallelFor(coarseGradient.rows) { row in
    for x in 0..<coarseGradient.width {
      let p0 = unsafe fineGradient.pixel(row: 2 * row, x: 2 * x)
      let p1 = unsafe p0 + fineGradient.pixelStride
      let p2 = unsafe fineGradient.pixel(row: 2 * row + 1, x: 2 * x)
      let p3 = unsafe p2 + fineGradient.pixelStride
      let target = unsafe coarseGradient.pixel(row: row, x: x)
      for c in 0..<coarseGradient.channels {
        let sum = unsafe (p0[c] + p1[c]) + (p2[c] + p3[c])
        unsafe target[c] = unsafe accumulate ? target[c] + sum : sum
      }
    }
  }
}
