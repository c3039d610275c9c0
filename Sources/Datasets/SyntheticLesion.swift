/// A pigmented lesion: where it is, and how dark it is there.
struct SyntheticLesion {
  /// One point of skin.
  struct Spot {
    /// Inside the border that the mask shows.
    var isInside: Bool
    /// Density of melanin, 0...about 3.
    var density: Float
    /// Blue-white veil over the pigment, 0...1.
    var veil: Float
  }

  /// A round part of the lesion, in units of its radius.
  private struct Lobe {
    var center: SIMD2<Float>
    var radius: Float
  }

  private struct Globule {
    var center: SIMD2<Float>
    var radius: Float
    var density: Float
  }

  private let center: SIMD2<Float>
  private let axis: SIMD2<Float>
  private let aspect: Float
  /// In millimetres.
  private let radius: Float
  private let lobes: [Lobe]
  private let globules: [Globule]
  private let border: SyntheticNoise
  private let texture: SyntheticNoise
  private let mesh: SyntheticNoise
  private let ragged: Float
  private let streaks: Float
  private let softness: Float
  private let base: Float
  private let core: Float
  private let blotches: Float
  private let network: Float
  private let meshWidth: Float
  private let veil: Float
  private let tint: SIMD3<Float>

  init(view: SyntheticView, random: inout SyntheticRandom) {
    let shorter = view.shorterSide
    radius =
      shorter * (random.chance(0.25) ? random.between(0.08, 0.16) : random.between(0.18, 0.44))
    let room = view.halfSize - SIMD2(repeating: radius * 1.15)
    center =
      SIMD2(random.between(-0.35, 0.35), random.between(-0.35, 0.35))
      * room.clamped(lowerBound: .zero, upperBound: SIMD2(repeating: 100))
    axis = random.direction()
    aspect = random.between(1, 1.5)
    var lobes = [Lobe(center: .zero, radius: random.between(0.8, 1))]
    for _ in 0..<Int(random.between(0, 4)) {
      lobes.append(
        Lobe(
          center: random.direction() * random.between(0.35, 0.75),
          radius: random.between(0.3, 0.65)))
    }
    self.lobes = lobes
    border = SyntheticNoise(seed: random.seed())
    texture = SyntheticNoise(seed: random.seed())
    mesh = SyntheticNoise(seed: random.seed())
    ragged = random.between(0.12, 0.5)
    streaks = random.chance(0.3) ? random.between(0.1, 0.25) : 0
    softness = random.between(0.06, 0.35)
    base = random.between(0.4, 1.25)
    core = random.between(0, 1.7)
    blotches = random.between(0, 1.3)
    network = random.chance(0.6) ? random.between(0.15, 0.5) : 0
    meshWidth = random.between(0.16, 0.27)
    veil = random.chance(0.25) ? random.between(0.3, 0.7) : 0
    tint = random.chance(0.12) ? Melanin.reddish : Melanin.brown
    var globules: [Globule] = []
    if random.chance(0.45) {
      for _ in 0..<Int(random.between(6, 40)) {
        globules.append(
          Globule(
            center: random.direction() * random.between(0.1, 0.85),
            radius: random.between(0.06, 0.16) / radius, density: random.between(0.2, 0.8)))
      }
    }
    self.globules = globules
  }

  /// What is at a point in millimetres.
  func sample(at point: SIMD2<Float>) -> Spot {
    let offset = (point - center) / radius
    let turned = SIMD2(
      offset.x * axis.x + offset.y * axis.y, (offset.y * axis.x - offset.x * axis.y) * aspect)
    let square = (turned * turned).sum()
    if square > 9 { return Spot(isInside: false, density: 0, veil: 0) }
    var depth = lobeDepth(turned)
    // The border is uneven in three sizes; near the middle nothing moves, so the lesion stays whole.
    let unevenness =
      border.fractal(turned * 1.1, octaves: 3) * ragged
      + border.fractal(turned * 4.7 + 31, octaves: 3) * ragged * 0.35
    depth += unevenness * (1 - smoothStep(0.2, 0.8, depth))
    if streaks > 0 {
      let distance = max(square.squareRoot(), 0.05)
      let around = border.fractal(turned / distance * 4 + 77, octaves: 2)
      depth += around * streaks * smoothStep(0.4, 0.9, distance)
    }
    let edge = smoothStep(-softness * 0.6, softness, depth)
    if edge == 0 { return Spot(isInside: false, density: 0, veil: 0) }
    return Spot(
      isInside: depth > 0, density: edge * density(turned, point: point, depth: depth),
      veil: veil * smoothStep(0.1, 0.5, texture.fractal(turned * 0.9 + 50, octaves: 3) + 0.2)
        * smoothStep(0.15, 0.6, depth))
  }

  /// The colour of a spot on skin of the given colour.
  func color(of spot: Spot, on skin: SIMD3<Float>) -> SIMD3<Float> {
    if spot.density <= 0 { return skin }
    let pigmented = skin * Melanin.transmission(spot.density, tint: tint)
    // Black is never black through gel and glass: some light is scattered above the pigment.
    let scattered =
      pigmented + SIMD3(26, 15, 16) * (1 - Melanin.transmission(spot.density, tint: tint))
    return scattered + (SIMD3(112, 112, 134) - scattered) * (spot.veil * 0.75)
  }

  /// 1 in the middle of a lobe, 0 at its edge, negative outside; lobes flow into each other.
  private func lobeDepth(_ point: SIMD2<Float>) -> Float {
    var depth: Float = -9
    for lobe in lobes {
      let offset = point - lobe.center
      let inside = lobe.radius - (offset * offset).sum().squareRoot()
      // Polynomial smooth maximum.
      let blend = max(0.25 - abs(inside - depth), 0) / 0.25
      depth = max(inside, depth) + blend * blend * 0.0625
    }
    return depth
  }

  private func density(_ turned: SIMD2<Float>, point: SIMD2<Float>, depth: Float) -> Float {
    let uneven = texture.fractal(turned * 1.6, octaves: 4)
    let fine = texture.fractal(point * 3.3 + 11, octaves: 3)
    var density = base * (1 + 0.55 * uneven + 0.3 * fine) + core * smoothStep(0.1, 0.9, depth)
    density += blotches * smoothStep(0.05, 0.45, texture.fractal(turned * 2.1 + 19, octaves: 3))
    if network > 0 {
      let bent = point + SIMD2(uneven + fine, uneven - fine) * 0.12
      let line = 1 - smoothStep(0, 0.55, mesh.wallDistance(bent / meshWidth))
      density += network * (line - 0.4) * smoothStep(-0.25, 0.25, uneven + 0.15)
    }
    for globule in globules {
      let offset = turned - globule.center
      let square = (offset * offset).sum()
      if square < globule.radius * globule.radius * 2 {
        density +=
          globule.density * (1 - smoothStep(0.5, 1.2, square.squareRoot() / globule.radius))
      }
    }
    return max(density, 0.08)
  }
}
