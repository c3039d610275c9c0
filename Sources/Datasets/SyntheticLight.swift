/// Uneven light and the dark rim of the instrument.
struct SyntheticLight {
  private enum Rim {
    case none
    case soft(start: Float)
    case tube(radius: Float)
  }

  private let rim: Rim
  private let slope: SIMD2<Float>
  private let rimCenter: SIMD2<Float>

  init(random: inout SyntheticRandom) {
    slope = random.direction() * random.between(0, 0.14)
    rimCenter = random.direction() * random.between(0, 0.05)
    let choice = random.between(0, 1)
    if choice < 0.4 {
      rim = .none
    } else if choice < 0.75 {
      rim = .soft(start: random.between(0.55, 0.8))
    } else {
      rim = .tube(radius: random.between(0.86, 1.0))
    }
  }

  /// Darkens the picture accordingly.
  func shine(on canvas: inout SyntheticCanvas) {
    let half = SIMD2(Float(canvas.width), Float(canvas.height)) / 2
    // 1 in the corners of a picture of any shape.
    let corner = (half * half).sum().squareRoot()
    for y in 0..<canvas.height {
      for x in 0..<canvas.width {
        let offset = SIMD2(Float(x) + 0.5, Float(y) + 0.5) - half
        let relative = offset / corner - rimCenter
        let distance = (relative * relative).sum().squareRoot()
        let tilt = (offset / corner * slope).sum()
        var factor = (1 + tilt) * (1 - 0.06 * distance * distance)
        switch rim {
        case .none: break
        case .soft(let start):
          factor *= 1 - 0.75 * smoothStep(start, start + 0.5, distance)
        case .tube(let radius):
          factor *= 1 - 0.12 * smoothStep(radius - 0.25, radius, distance)
          factor *= 1 - 0.96 * smoothStep(radius - 0.008, radius + 0.012, distance)
        }
        canvas[x, y] = canvas[x, y] * factor
      }
    }
  }
}
