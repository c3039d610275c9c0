import CKernels

// 2x2 max-pooling of stride 2.
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
