import Glibc
import Images

/// A mask drawn by a rule: lesion where it says so of a pixel's middle.
func drawn(width: Int, height: Int, _ isLesion: (Double, Double) -> Bool) -> Image {
  var mask = Image(width: width, height: height, channels: 1)
  for y in 0..<height {
    for x in 0..<width where isLesion(Double(x) + 0.5, Double(y) + 0.5) {
      mask.pixels[y * width + x] = 255
    }
  }
  return mask
}

/// A mask of letters: `#` is lesion.
func mask(_ rows: String...) -> Image {
  drawn(width: rows[0].count, height: rows.count) { x, y in Array(rows[Int(y)])[Int(x)] == "#" }
}

func disc(radius: Double, size: Int = 300) -> Image {
  let middle = Double(size) / 2 + 0.3
  return drawn(width: size, height: size) { x, y in hypot(x - middle, y - middle) <= radius }
}

/// Half axes a and b, turned clockwise.
func ellipse(_ a: Double, _ b: Double, degrees: Double, size: Int = 400) -> Image {
  let (c, s) = (cos(degrees * .pi / 180), sin(degrees * .pi / 180))
  let middle = Double(size) / 2
  return drawn(width: size, height: size) { x, y in
    let (dx, dy) = (x - middle, y - middle)
    let (u, v) = (c * dx + s * dy, -s * dx + c * dy)
    return u * u / (a * a) + v * v / (b * b) <= 1
  }
}

/// A star of five points; the outer corners at `outer`, the inner ones at `inner` from the middle.
func star(outer: Double, inner: Double, size: Int = 400) -> Image {
  let middle = Double(size) / 2
  let corners = (0..<10).map { index in
    let angle = Double(index) * .pi / 5 - .pi / 2
    let radius = index % 2 == 0 ? outer : inner
    return SIMD2(middle + radius * cos(angle), middle + radius * sin(angle))
  }
  return drawn(width: size, height: size) { x, y in
    var isInside = false
    for (a, b) in zip(corners, corners.dropFirst() + corners.prefix(1)) where (a.y > y) != (b.y > y)
    {
      if x < a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x) { isInside.toggle() }
    }
    return isInside
  }
}

/// What the rings of an outline hold, by the rule of every other crossing.
func filled(_ outline: [[SIMD2<Double>]], width: Int, height: Int) -> Image {
  drawn(width: width, height: height) { x, y in
    var isInside = false
    for ring in outline {
      for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) where (a.y > y) != (b.y > y) {
        if x < a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x) { isInside.toggle() }
      }
    }
    return isInside
  }
}
