/// A small random generator whose sequence is fixed by its seed, on every machine and in every
/// release.
///
/// Source: Steele, Lea and Flood, "Fast splittable pseudorandom number generators" (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// A generator that starts at `seed`.
  public init(seed: UInt64) { state = seed }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A uniform Float in 0 ..< 1 with 24 random bits.
  public mutating func uniform() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A uniform Float in `low` ..< `high`.
  public mutating func uniform(_ low: Float, _ high: Float) -> Float {
    low + (high - low) * uniform()
  }
}

extension ParameterLayout {
  /// Fresh parameters: weights uniform in ±gain · sqrt(6 / (fanIn + fanOut)), in the last layer without
  /// the gain, biases 0, normalisations the identity.
  ///
  /// A gain of √2 makes up for what ReLUs take: each passes half of the variance, so that without
  /// gain and normalisation the output of 20 layers hardly depends on the input.
  ///
  /// Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
  /// networks", eq. 16 (Xavier initialisation); the gain: He et al., "Delving deep into rectifiers",
  /// eq. 10.
  public func xavierInitialized(seed: UInt64, gain: Float = 1) -> [String: Tensor] {
    var generator = SeededGenerator(seed: seed)
    var result: [String: Tensor] = [:]
    let last = slots.last { $0.shape.count > 1 }?.name
    for slot in slots {
      var tensor = Tensor(zeros: slot.shape)
      if slot.shape.count == 1 {
        let isOne = slot.name.hasSuffix(".weight") || slot.name.hasSuffix(".runningVariance")
        if isOne { tensor.values = tensor.values.map { _ in 1 } }
      } else {
        let scale = slot.name == last ? 1 : gain
        let limit = scale * (6 / Float(slot.fanIn + slot.fanOut)).squareRoot()
        for i in 0..<tensor.count { tensor.values[i] = generator.uniform(-limit, limit) }
      }
      result[slot.name] = tensor
    }
    return result
  }
}
