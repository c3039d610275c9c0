/// Random numbers that are the same in every run: SplitMix64 (Steele, Lea, Flood 2014).
struct SyntheticRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64, index: Int) {
    state =
      seed &* 0xD134_2543_DE82_EF95 &+ UInt64(bitPattern: Int64(index)) &* 0xAF25_1AF3_B0F0_25B5
    _ = next()
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }

  /// Uniform between the bounds.
  mutating func between(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * Float(next() >> 40) / Float(1 << 24)
  }

  /// True with the given probability.
  mutating func chance(_ probability: Float) -> Bool { between(0, 1) < probability }

  /// A point on the unit circle.
  mutating func direction() -> SIMD2<Float> {
    // Marsaglia's rejection: no trigonometry, whose last bit depends on the C library.
    while true {
      let point = SIMD2(between(-1, 1), between(-1, 1))
      let square = (point * point).sum()
      if square > 0.01 && square <= 1 { return point / square.squareRoot() }
    }
  }

  mutating func seed() -> UInt32 { UInt32(truncatingIfNeeded: next()) }
}

/// Smooth random fields over the plane.
struct SyntheticNoise {
  let seed: UInt32

  /// Gradient noise (Perlin 2002) of wavelength 1, about -0.7...0.7.
  func value(_ point: SIMD2<Float>) -> Float {
    let cell = point.rounded(.down)
    let offset = point - cell
    let fade = offset * offset * offset * (offset * (offset * 6 - 15) + 10)
    let (column, row) = (Int32(cell.x), Int32(cell.y))
    let topLeft = slope(column, row, offset)
    let topRight = slope(column &+ 1, row, offset - SIMD2(1, 0))
    let bottomLeft = slope(column, row &+ 1, offset - SIMD2(0, 1))
    let bottomRight = slope(column &+ 1, row &+ 1, offset - SIMD2(1, 1))
    let top = topLeft + (topRight - topLeft) * fade.x
    let bottom = bottomLeft + (bottomRight - bottomLeft) * fade.x
    return top + (bottom - top) * fade.y
  }

  /// Octaves of `value`, each of half the wavelength and half the height.
  func fractal(_ point: SIMD2<Float>, octaves: Int) -> Float {
    var sum: Float = 0
    var amplitude: Float = 1
    var scaled = point
    for _ in 0..<octaves {
      sum += amplitude * value(scaled)
      amplitude /= 2
      scaled = scaled * 2 + SIMD2(17.3, 9.1)
    }
    return sum
  }

  /// How far a point is from the nearest wall between cells (Worley 1996): 0 on a wall, about 0.5 in the
  /// middle of a cell of width 1.
  func wallDistance(_ point: SIMD2<Float>) -> Float {
    let cell = point.rounded(.down)
    var nearest: Float = 9
    var second: Float = 9
    for row in Int32(cell.y) &- 1...Int32(cell.y) &+ 1 {
      for column in Int32(cell.x) &- 1...Int32(cell.x) &+ 1 {
        let bits = hash(column, row)
        let seedPoint = SIMD2(
          Float(column) + 0.15 + 0.7 * Float(bits & 0xFFFF) / 65_535,
          Float(row) + 0.15 + 0.7 * Float(bits >> 16) / 65_535)
        let difference = point - seedPoint
        let square = (difference * difference).sum()
        if square < nearest {
          second = nearest
          nearest = square
        } else if square < second {
          second = square
        }
      }
    }
    return second.squareRoot() - nearest.squareRoot()
  }

  private func slope(_ column: Int32, _ row: Int32, _ offset: SIMD2<Float>) -> Float {
    let bits = hash(column, row)
    let x = Float(bits & 0xFFFF) / 32_767.5 - 1
    let y = Float(bits >> 16) / 32_767.5 - 1
    return offset.x * x + offset.y * y
  }

  /// Mixes a grid point to 32 random bits (the finaliser of MurmurHash3).
  private func hash(_ column: Int32, _ row: Int32) -> UInt32 {
    var bits =
      seed ^ UInt32(bitPattern: column) &* 0x9E37_79B1 ^ UInt32(bitPattern: row) &* 0x85EB_CA77
    bits = (bits ^ bits >> 16) &* 0x85EB_CA6B
    bits = (bits ^ bits >> 13) &* 0xC2B2_AE35
    return bits ^ bits >> 16
  }
}

/// 0 below `low`, 1 above `high`, smooth between.
func smoothStep(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let t = min(max((value - low) / (high - low), 0), 1)
  return t * t * (3 - 2 * t)
}
