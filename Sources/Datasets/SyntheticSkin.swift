/// Skin without a lesion: tone, mottling, furrows, freckled patches of pigment.
struct SyntheticSkin {
  /// Mean colour, 0...255.
  let tone: SIMD3<Float>
  /// 0 pale ... 1 dark, for what has to stand out from the skin.
  let darkness: Float
  private let mottling: SyntheticNoise
  private let pigment: SyntheticNoise
  private let furrows: SyntheticNoise
  private let mottlingStrength: Float
  private let pigmentStrength: Float
  private let furrowStrength: Float
  private let furrowWidth: Float

  /// Colours of skin under a dermatoscope, from photographs' usual range: pale, rosy, peach, beige,
  /// olive, brown.
  private static let tones: [SIMD3<Float>] = [
    SIMD3(226, 205, 210), SIMD3(219, 176, 184), SIMD3(233, 172, 158), SIMD3(205, 166, 142),
    SIMD3(196, 161, 130), SIMD3(228, 196, 168), SIMD3(212, 150, 140), SIMD3(154, 112, 90),
  ]

  init(random: inout SyntheticRandom) {
    let choice = Int(random.next() % UInt64(Self.tones.count))
    let brightness = random.between(0.88, 1.06)
    let shift = SIMD3(random.between(-8, 8), random.between(-8, 8), random.between(-8, 8))
    tone = Self.tones[choice] * brightness + shift
    darkness = 1 - tone.sum() / (3 * 230)
    mottling = SyntheticNoise(seed: random.seed())
    pigment = SyntheticNoise(seed: random.seed())
    furrows = SyntheticNoise(seed: random.seed())
    mottlingStrength = random.between(0.4, 1.2)
    pigmentStrength = random.chance(0.35) ? random.between(0.08, 0.26) : random.between(0, 0.06)
    furrowStrength = random.between(0, 0.7)
    furrowWidth = random.between(0.35, 0.6)
  }

  /// The colour at a point in millimetres.
  func color(at point: SIMD2<Float>) -> SIMD3<Float> {
    let flush = mottling.fractal(point * 0.28, octaves: 4) * mottlingStrength
    let grain = mottling.fractal(point * 4.1, octaves: 2)
    var color = tone
    // Blood takes green and blue away, and a little brightness.
    color *= exponential(SIMD3(0.05, 0.2, 0.13) * (flush - 0.05))
    let patches = smoothStep(0.05, 0.7, pigment.fractal(point * 0.42, octaves: 4))
    color *= Melanin.transmission(patches * pigmentStrength, tint: Melanin.brown)
    let bent = point + SIMD2(grain, -grain) * 0.1 + SIMD2(flush, -flush) * 0.3
    let wall = furrows.wallDistance(bent / furrowWidth)
    let plateau = smoothStep(-0.1, 0.4, wall) - 0.7
    color *= 1 + 0.045 * furrowStrength * plateau + 0.03 * grain
    return color
  }
}

/// Light that comes back through pigment: the Beer-Lambert law, `exp(-absorption x density)`.
enum Melanin {
  /// Absorption of red, green and blue by melanin near the surface, per unit of density.
  static let brown = SIMD3<Float>(0.62, 1.02, 1.3)
  /// Melanin in a lighter, redder lesion.
  static let reddish = SIMD3<Float>(0.36, 0.85, 0.8)

  static func transmission(_ density: Float, tint: SIMD3<Float>) -> SIMD3<Float> {
    exponential(tint * -density)
  }
}

/// e to the power of each value, by squaring `1 + x / 256` eight times: within 1 % for -3...1, and the
/// same on every machine.
func exponential(_ values: SIMD3<Float>) -> SIMD3<Float> {
  var power = (values / 256 + 1).clamped(
    lowerBound: SIMD3(repeating: 0), upperBound: SIMD3(repeating: 2))
  for _ in 0..<8 { power *= power }
  return power
}
