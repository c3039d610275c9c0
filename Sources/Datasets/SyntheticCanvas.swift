import Images

/// A picture in progress: red, green, blue as `Float`, 0...255.
struct SyntheticCanvas {
  let width: Int
  let height: Int
  /// `[H, W]`.
  private var colors: [SIMD3<Float>]

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    colors = [SIMD3<Float>](repeating: .zero, count: width * height)
  }

  subscript(x: Int, y: Int) -> SIMD3<Float> {
    get { colors[y * width + x] }
    set { colors[y * width + x] = newValue }
  }

  /// Mixes a colour over a pixel; `opacity` 0...1. Outside the picture nothing happens.
  mutating func blend(_ color: SIMD3<Float>, x: Int, y: Int, opacity: Float) {
    guard x >= 0, y >= 0, x < width, y < height, opacity > 0 else { return }
    let under = self[x, y]
    self[x, y] = under + (color - under) * min(opacity, 1)
  }

  /// Draws a line through points in pixels, evenly covered also where it crosses itself.
  ///
  /// - Parameter lineWidth: In pixels; thinner than one is drawn as one, more transparent.
  mutating func stroke(
    _ points: [SIMD2<Float>], lineWidth: Float, color: SIMD3<Float>, opacity: Float
  ) {
    let coverage = Coverage(line: points, lineWidth: lineWidth, width: width, height: height)
    guard let coverage else { return }
    for y in 0..<coverage.height {
      for x in 0..<coverage.width {
        blend(
          color, x: coverage.left + x, y: coverage.top + y,
          opacity: coverage.values[y * coverage.width + x] * opacity)
      }
    }
  }

  /// Calls `body` with each pixel of a disc and its distance from the centre in units of the radius.
  mutating func disc(
    at center: SIMD2<Float>, radius: Float,
    _ body: (inout SyntheticCanvas, _ x: Int, _ y: Int, _ distance: Float) -> Void
  ) {
    let top = max(Int(center.y - radius) - 1, 0)
    let bottom = min(Int(center.y + radius) + 1, height - 1)
    let left = max(Int(center.x - radius) - 1, 0)
    let right = min(Int(center.x + radius) + 1, width - 1)
    guard top <= bottom, left <= right else { return }
    for y in top...bottom {
      for x in left...right {
        let offset = SIMD2(Float(x) + 0.5, Float(y) + 0.5) - center
        let distance = (offset * offset).sum().squareRoot() / radius
        if distance <= 1 { body(&self, x, y, distance) }
      }
    }
  }

  /// The finished picture with the noise of a sensor, given as standard deviation.
  func image(noise: Float, random: inout SyntheticRandom) -> Image {
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    for (index, color) in colors.enumerated() {
      let bits = random.next()
      // Sums of uniform bytes are nearly normal; luminance noise is shared, colour noise is half.
      let shared = Float(bits & 0xFF) + Float(bits >> 8 & 0xFF) - 255
      let red = Float(bits >> 16 & 0xFF) + Float(bits >> 24 & 0xFF) - 255
      let blue = Float(bits >> 32 & 0xFF) + Float(bits >> 40 & 0xFF) - 255
      let grain = SIMD3(shared + red / 2, shared, shared + blue / 2) * (noise / 104)
      let noisy = (color + grain + 0.5).clamped(
        lowerBound: .zero, upperBound: SIMD3(repeating: 255))
      for channel in 0..<3 { pixels[3 * index + channel] = UInt8(noisy[channel]) }
    }
    return Image(width: width, height: height, channels: 3, pixels: pixels)
  }
}
