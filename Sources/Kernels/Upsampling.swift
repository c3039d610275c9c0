// Nearest and bilinear x2 up-sampling.
// Shapes: fine [N, 2H, 2W, C], coarse [N, H, W, C].

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

/// The two coarse places that a fine one is made of, and the share of the second: the centre of fine
/// place f lies at f / 2 - 1/4; places outside are those at the edge.
@inline(__always)
private func bilinearTaps(_ fine: Int, _ count: Int) -> (first: Int, second: Int, share: Float) {
  let first = (fine - 1) >> 1
  return (max(0, first), min(count - 1, first + 1), fine % 2 == 0 ? 0.75 : 0.25)
}

/// Along each axis `fine[2i] = coarse[i - 1] / 4 + 3 coarse[i] / 4`, `fine[2i + 1] = 3 coarse[i] / 4
/// + coarse[i + 1] / 4`, edges repeated.
public func upsampleBilinearForward(
  coarse: ActivationView, fine: ActivationView, pool: ThreadPool
) {
  pool.parallelFor(fine.rows) { row in
    let image = row / fine.height * coarse.height
    let (top, bottom, down) = bilinearTaps(row % fine.height, coarse.height)
    for x in 0..<fine.width {
      let (left, right, across) = bilinearTaps(x, coarse.width)
      let p0 = unsafe coarse.pixel(row: image + top, x: left)
      let p1 = unsafe coarse.pixel(row: image + top, x: right)
      let p2 = unsafe coarse.pixel(row: image + bottom, x: left)
      let p3 = unsafe coarse.pixel(row: image + bottom, x: right)
      let target = unsafe fine.pixel(row: row, x: x)
      for c in 0..<fine.channels {
        let upper = unsafe p0[c] + across * (p1[c] - p0[c])
        let lower = unsafe p2[c] + across * (p3[c] - p2[c])
        unsafe target[c] = upper + down * (lower - upper)
      }
    }
  }
}

/// The transpose of the forward pass: each coarse gradient is the sum of the fine ones that it has a
/// share in, times the share.
public func upsampleBilinearBackward(
  fineGradient: ActivationView, coarseGradient: ActivationView, accumulate: Bool, pool: ThreadPool
) {
  /// The fine places that coarse place `place` has a share in, and the shares.
  func shares(_ place: Int, _ count: Int) -> [(fine: Int, share: Float)] {
    (max(0, 2 * place - 1)...min(2 * count - 1, 2 * place + 2)).map { fine in
      let taps = bilinearTaps(fine, count)
      let first = taps.first == place ? 1 - taps.share : 0
      return (fine, first + (taps.second == place ? taps.share : 0))
    }
  }
  pool.parallelFor(coarseGradient.rows) { row in
    let image = row / coarseGradient.height * fineGradient.height
    let rows = shares(row % coarseGradient.height, coarseGradient.height)
    for x in 0..<coarseGradient.width {
      let target = unsafe coarseGradient.pixel(row: row, x: x)
      if !accumulate { unsafe target.update(repeating: 0, count: coarseGradient.channels) }
      let columns = shares(x, coarseGradient.width)
      for (fineRow, down) in rows {
        for (fineX, across) in columns {
          let slope = unsafe fineGradient.pixel(row: image + fineRow, x: fineX)
          let share = down * across
          for c in 0..<coarseGradient.channels { unsafe target[c] += share * slope[c] }
        }
      }
    }
  }
}
