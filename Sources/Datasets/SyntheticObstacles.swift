/// What lies between the lens and the lesion, or beside it on the skin.
enum SyntheticObstacles {
  static func draw(
    on canvas: inout SyntheticCanvas, view: SyntheticView, skin: SyntheticSkin,
    random: inout SyntheticRandom
  ) {
    if random.chance(0.35) { vessels(on: &canvas, view: view, random: &random) }
    if random.chance(0.08) { ink(on: &canvas, view: view, random: &random) }
    if random.chance(0.1) { patch(on: &canvas, view: view, random: &random) }
    if random.chance(0.3) { ruler(on: &canvas, view: view, random: &random) }
    if random.chance(0.65) { hair(on: &canvas, view: view, skin: skin, random: &random) }
    if random.chance(0.4) { bubbles(on: &canvas, view: view, random: &random) }
    if random.chance(0.2) { glare(on: &canvas, view: view, random: &random) }
  }

  /// A curve from a point with a slowly turning direction; one point per half millimetre.
  private static func curl(
    from start: SIMD2<Float>, direction: SIMD2<Float>, length: Float, turn: Float,
    view: SyntheticView, random: inout SyntheticRandom
  ) -> [SIMD2<Float>] {
    var points = [view.pixels(start)]
    var (position, heading) = (start, direction)
    var bend = random.between(-turn, turn)
    for _ in 0..<Int(length * 4) {
      bend = min(max(bend + random.between(-turn, turn) * 0.35, -turn), turn)
      heading += SIMD2(-heading.y, heading.x) * bend
      heading /= (heading * heading).sum().squareRoot()
      position += heading / 4
      points.append(view.pixels(position))
    }
    return points
  }

  private static func somewhere(
    _ view: SyntheticView, random: inout SyntheticRandom
  ) -> SIMD2<Float> {
    view.halfSize * SIMD2(random.between(-1, 1), random.between(-1, 1))
  }

  private static func hair(
    on canvas: inout SyntheticCanvas, view: SyntheticView, skin: SyntheticSkin,
    random: inout SyntheticRandom
  ) {
    let colors: [SIMD3<Float>] = [
      SIMD3(28, 20, 20), SIMD3(52, 34, 26), SIMD3(92, 60, 40), SIMD3(38, 30, 34),
    ]
    let color = colors[Int(random.next() % 4)]
    let isVellus = random.chance(0.3)
    let common = random.direction()
    for _ in 0..<Int(random.between(2, isVellus ? 22 : 16)) {
      let scatter = random.direction() * random.between(0, 0.9)
      var direction = common + scatter
      direction /= max((direction * direction).sum().squareRoot(), 0.01)
      let start = somewhere(view, random: &random)
      let thickness = isVellus ? random.between(0.02, 0.035) : random.between(0.05, 0.11)
      let points = curl(
        from: start, direction: direction,
        length: random.between(0.3, 1.1) * view.shorterSide * (isVellus ? 0.4 : 1), turn: 0.05,
        view: view, random: &random)
      let width = thickness * view.scale
      // A faint shadow below, the hair, and its gloss.
      let shadow = points.map { $0 + SIMD2(width * 0.7, width * 0.7) }
      canvas.stroke(shadow, lineWidth: width * 1.6, color: skin.tone * 0.55, opacity: 0.16)
      canvas.stroke(points, lineWidth: width, color: color, opacity: isVellus ? 0.55 : 0.9)
      if width > 3 {
        let gloss = points.map { $0 - SIMD2(width * 0.15, width * 0.15) }
        canvas.stroke(
          gloss, lineWidth: width * 0.25, color: color + SIMD3(70, 62, 60), opacity: 0.35)
      }
    }
  }

  private static func vessels(
    on canvas: inout SyntheticCanvas, view: SyntheticView, random: inout SyntheticRandom
  ) {
    for _ in 0..<Int(random.between(2, 9)) {
      let points = curl(
        from: somewhere(view, random: &random), direction: random.direction(),
        length: random.between(0.8, 4), turn: 0.35, view: view, random: &random)
      let width = random.between(0.04, 0.1) * view.scale
      let strength = random.between(0.06, 0.2)
      canvas.stroke(
        points, lineWidth: width * 2.4, color: SIMD3(176, 60, 70), opacity: strength / 3)
      canvas.stroke(points, lineWidth: width, color: SIMD3(170, 45, 60), opacity: strength)
    }
  }

  private static func ruler(
    on canvas: inout SyntheticCanvas, view: SyntheticView, random: inout SyntheticRandom
  ) {
    let tilt = random.between(-0.3, 0.3)
    let along = SIMD2(1, tilt) / (1 + tilt * tilt).squareRoot()
    let across = SIMD2(along.y, -along.x)
    let marks = Int(random.between(7, 11))
    let start = SIMD2(
      random.between(-0.8, 0.5) * view.halfSize.x - Float(marks) * 0.2,
      view.halfSize.y * random.between(0.7, 0.86))
    let color = SIMD3<Float>(40, 36, 42)
    let width = max(0.05 * view.scale, 1)
    func line(_ from: SIMD2<Float>, _ to: SIMD2<Float>) {
      canvas.stroke(
        [view.pixels(from), view.pixels(to)], lineWidth: width, color: color, opacity: 0.78)
    }
    let spacing: Float = 0.5
    line(start, start + along * Float(marks) * spacing)
    for mark in 0...marks {
      let foot = start + along * (Float(mark) * spacing)
      line(foot, foot + across * (mark % 5 == 0 ? 0.42 : 0.24))
    }
    // "mm" below the first mark.
    for letter in 0..<2 {
      let corner = start + along * (0.1 + 0.36 * Float(letter)) - across * 0.4
      for leg in 0..<3 {
        let foot = corner + along * (0.12 * Float(leg))
        line(foot, foot + across * 0.2)
      }
      line(corner + across * 0.2, corner + across * 0.2 + along * 0.24)
    }
  }

  private static func bubbles(
    on canvas: inout SyntheticCanvas, view: SyntheticView, random: inout SyntheticRandom
  ) {
    let cluster = somewhere(view, random: &random)
    for _ in 0..<Int(random.between(3, 26)) {
      let isLoose = random.chance(0.4)
      let spread = random.direction() * random.between(0, 2.2)
      let center = isLoose ? somewhere(view, random: &random) : cluster + spread
      let size = random.between(0.06, random.chance(0.15) ? 0.5 : 0.22)
      let strength = random.between(0.25, 0.7)
      let middle = view.pixels(center)
      let radius = size * view.scale
      canvas.disc(at: middle, radius: max(radius, 1.2)) { canvas, x, y, distance in
        // A dark line outside, a bright one within, a slightly brighter inside.
        let dark = smoothStep(0.86, 0.93, distance) * (1 - smoothStep(0.96, 1, distance))
        let bright = smoothStep(0.6, 0.78, distance) * (1 - smoothStep(0.8, 0.9, distance))
        canvas.blend(SIMD3(70, 50, 50), x: x, y: y, opacity: dark * strength * 0.55)
        canvas.blend(SIMD3(255, 250, 248), x: x, y: y, opacity: bright * strength * 0.5 + 0.05)
      }
      canvas.disc(at: middle - radius * 0.4, radius: max(radius * 0.24, 1)) {
        canvas, x, y, distance in
        canvas.blend(
          SIMD3(repeating: 255), x: x, y: y, opacity: (1 - distance * distance) * strength * 1.2)
      }
    }
  }

  private static func glare(
    on canvas: inout SyntheticCanvas, view: SyntheticView, random: inout SyntheticRandom
  ) {
    let center = view.pixels(view.halfSize * random.direction() * random.between(0.7, 0.95))
    let noise = SyntheticNoise(seed: random.seed())
    let radius = random.between(0.8, 2.2) * view.scale
    let grain = 1.3 / view.scale
    canvas.disc(at: center, radius: radius) { canvas, x, y, distance in
      let speckle = noise.fractal(SIMD2(Float(x), Float(y)) * grain, octaves: 3)
      let light = smoothStep(0.3, 1.0, 0.95 - distance + speckle * 0.8)
      canvas.blend(SIMD3(255, 255, 250), x: x, y: y, opacity: light * 0.8)
    }
  }

  private static func patch(
    on canvas: inout SyntheticCanvas, view: SyntheticView, random: inout SyntheticRandom
  ) {
    let colors: [SIMD3<Float>] = [
      SIMD3(70, 176, 158), SIMD3(62, 130, 196), SIMD3(226, 196, 70), SIMD3(196, 84, 96),
    ]
    let color = colors[Int(random.next() % 4)]
    let weave = SyntheticNoise(seed: random.seed())
    let center = view.pixels(view.halfSize * random.direction() * random.between(1.15, 1.35))
    canvas.disc(at: center, radius: random.between(2.5, 4) * view.scale) { canvas, x, y, distance in
      let thread = weave.fractal(SIMD2(Float(x) * 1.7, Float(y)) * (4 / view.scale), octaves: 2)
      canvas.blend(
        color * (1 + 0.1 * thread), x: x, y: y, opacity: 1 - smoothStep(0.985, 1, distance))
    }
  }

  private static func ink(
    on canvas: inout SyntheticCanvas, view: SyntheticView, random: inout SyntheticRandom
  ) {
    let side: Float = random.chance(0.5) ? 1 : -1
    let start = view.halfSize * SIMD2(random.between(0.8, 0.95) * side, random.between(-0.9, 0))
    let points = curl(
      from: start, direction: SIMD2(0.1, 1), length: random.between(1.5, 4), turn: 0.06,
      view: view, random: &random)
    let width = random.between(0.35, 0.6) * view.scale
    let color = random.chance(0.5) ? SIMD3<Float>(82, 44, 126) : SIMD3(36, 40, 72)
    // A felt pen on furrowed skin: several bristles, each with its own pressure.
    for _ in 0..<9 {
      let shift = SIMD2(random.between(-0.5, 0.5), random.between(-0.15, 0.15)) * width
      canvas.stroke(
        points.map { $0 + shift }, lineWidth: width * random.between(0.1, 0.35), color: color,
        opacity: random.between(0.2, 0.5))
    }
  }
}
