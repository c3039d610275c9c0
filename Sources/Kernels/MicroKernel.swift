/// Eight channels at once: one AVX register.
typealias Lanes = SIMD8<Float>

/// Eight Floats from memory of any alignment.
@inline(__always)
func load(_ address: UnsafePointer<Float>) -> Lanes {
  unsafe UnsafeRawPointer(address).loadUnaligned(as: Lanes.self)
}

/// Eight Floats to memory of any alignment.
@inline(__always)
func store(_ lanes: Lanes, to address: UnsafeMutablePointer<Float>) {
  unsafe UnsafeMutableRawPointer(address).storeBytes(of: lanes, as: Lanes.self)
}

/// Rows that the micro-kernel computes at once.
let microRows = 6
/// Columns that the micro-kernel computes at once.
let microColumns = 16

/// c[r, 0..<16] (+)= Σ_k a[r · aRow + k · aInner] · b[k · bStride + 0..<16] for 6 rows r.
///
/// The 6 x 16 sums stay in twelve of the sixteen AVX registers. Either operand may be stored by
/// rows or by columns, so the same kernel makes V·U (forward) and Vᵀ·D (weight gradient) without
/// packing V.
/// Source: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (the register
/// block).
@inline(never)
func microKernel(
  inner: Int, a: UnsafePointer<Float>, aRow: Int, aInner: Int,
  b: UnsafePointer<Float>, bStride: Int,
  c: UnsafeMutablePointer<Float>, cStride: Int, accumulate: Bool
) {
  var (c00, c01) = (Lanes.zero, Lanes.zero)
  var (c10, c11) = (Lanes.zero, Lanes.zero)
  var (c20, c21) = (Lanes.zero, Lanes.zero)
  var (c30, c31) = (Lanes.zero, Lanes.zero)
  var (c40, c41) = (Lanes.zero, Lanes.zero)
  var (c50, c51) = (Lanes.zero, Lanes.zero)
  let (a1, a2, a3) = unsafe (a + aRow, a + 2 &* aRow, a + 3 &* aRow)
  let (a4, a5) = unsafe (a + 4 &* aRow, a + 5 &* aRow)
  var at = 0
  var bAt = unsafe b
  for _ in 0..<inner {
    let b0 = unsafe load(bAt)
    let b1 = unsafe load(bAt + 8)
    unsafe bAt += bStride
    var value = unsafe Lanes(repeating: a[at])
    c00.addProduct(value, b0)
    c01.addProduct(value, b1)
    value = unsafe Lanes(repeating: a1[at])
    c10.addProduct(value, b0)
    c11.addProduct(value, b1)
    value = unsafe Lanes(repeating: a2[at])
    c20.addProduct(value, b0)
    c21.addProduct(value, b1)
    value = unsafe Lanes(repeating: a3[at])
    c30.addProduct(value, b0)
    c31.addProduct(value, b1)
    value = unsafe Lanes(repeating: a4[at])
    c40.addProduct(value, b0)
    c41.addProduct(value, b1)
    value = unsafe Lanes(repeating: a5[at])
    c50.addProduct(value, b0)
    c51.addProduct(value, b1)
    at &+= aInner
  }
  unsafe finish(c00, c01, c, accumulate)
  unsafe finish(c10, c11, c + cStride, accumulate)
  unsafe finish(c20, c21, c + 2 &* cStride, accumulate)
  unsafe finish(c30, c31, c + 3 &* cStride, accumulate)
  unsafe finish(c40, c41, c + 4 &* cStride, accumulate)
  unsafe finish(c50, c51, c + 5 &* cStride, accumulate)
}

@inline(__always)
private func finish(
  _ low: Lanes, _ high: Lanes, _ target: UnsafeMutablePointer<Float>, _ accumulate: Bool
) {
  if accumulate {
    unsafe store(load(target) + low, to: target)
    unsafe store(load(target + 8) + high, to: target + 8)
  } else {
    unsafe store(low, to: target)
    unsafe store(high, to: target + 8)
  }
}
