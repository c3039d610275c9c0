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

/// ReLU; NaN stays NaN, so that a broken model is noticed.
@inline(__always)
func clamp(_ value: Lanes) -> Lanes { value.replacing(with: 0, where: value .< 0) }
