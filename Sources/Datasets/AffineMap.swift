import Glibc

/// A map of the plane that keeps lines straight: (x, y) -> (xx x + xy y + x0, yx x + yy y + y0).
package struct AffineMap: Sendable, Equatable {
  package var xx: Float
  package var xy: Float
  package var x0: Float
  package var yx: Float
  package var yy: Float
  package var y0: Float

  package static let identity = AffineMap(xx: 1, xy: 0, x0: 0, yx: 0, yy: 1, y0: 0)

  package static func scaling(x: Float, y: Float) -> AffineMap {
    AffineMap(xx: x, xy: 0, x0: 0, yx: 0, yy: y, y0: 0)
  }

  package static func translation(x: Float, y: Float) -> AffineMap {
    AffineMap(xx: 1, xy: 0, x0: x, yx: 0, yy: 1, y0: y)
  }

  package static func rotation(degrees: Float) -> AffineMap {
    let (cosine, sine) = (cosf(degrees * .pi / 180), sinf(degrees * .pi / 180))
    return AffineMap(xx: cosine, xy: -sine, x0: 0, yx: sine, yy: cosine, y0: 0)
  }

  /// Turns by `turns` times 90 degrees, exactly.
  package static func quarterTurns(_ turns: Int) -> AffineMap {
    let cosine: Float = [1, 0, -1, 0][turns & 3]
    let sine: Float = [0, 1, 0, -1][turns & 3]
    return AffineMap(xx: cosine, xy: -sine, x0: 0, yx: sine, yy: cosine, y0: 0)
  }

  /// The map that first applies `inner` and then this one.
  package func after(_ inner: AffineMap) -> AffineMap {
    AffineMap(
      xx: xx * inner.xx + xy * inner.yx, xy: xx * inner.xy + xy * inner.yy,
      x0: xx * inner.x0 + xy * inner.y0 + x0,
      yx: yx * inner.xx + yy * inner.yx, yy: yx * inner.xy + yy * inner.yy,
      y0: yx * inner.x0 + yy * inner.y0 + y0)
  }

  /// The same map between pixel indices, where pixel i of n has its centre at (2 i + 1) / n - 1.
  package func betweenPixels(side: Int, sourceWidth: Int, sourceHeight: Int) -> AffineMap {
    let toUnit = Float(2) / Float(side)
    let first = 1 / Float(side) - 1
    let (halfWidth, halfHeight) = (Float(sourceWidth) / 2, Float(sourceHeight) / 2)
    return AffineMap(
      xx: halfWidth, xy: 0, x0: halfWidth - 0.5, yx: 0, yy: halfHeight, y0: halfHeight - 0.5
    )
    .after(self)
    .after(AffineMap(xx: toUnit, xy: 0, x0: first, yx: 0, yy: toUnit, y0: first))
  }

  /// How far apart neighbouring output pixels lie in the source, in source pixels: the larger of both axes.
  package var largestStep: Float {
    max((xx * xx + yx * yx).squareRoot(), (xy * xy + yy * yy).squareRoot())
  }
}

/// A map of red, green and blue in 0...1: each channel becomes a weighted sum of the three plus an offset.
package struct ColorMap: Sendable, Equatable {
  /// Row-major [to, from], 3 x 3.
  package var weights: [Float]
  /// Added to each channel, [to].
  package var offsets: [Float]

  package static let identity = ColorMap(weights: [1, 0, 0, 0, 1, 0, 0, 0, 1], offsets: [0, 0, 0])

  /// BT.601 luma, the grey that `Image.converted(toChannels:)` makes.
  private static let luma: [Float] = [0.299, 0.587, 0.114]

  /// Mixes each channel with the pixel's grey; 1 changes nothing.
  package static func saturation(_ amount: Float) -> ColorMap {
    var map = identity
    for to in 0..<3 {
      for from in 0..<3 {
        map.weights[to * 3 + from] =
          (1 - amount) * luma[from] + (to == from ? amount : 0)
      }
    }
    return map
  }

  /// Multiplies the results of this map, one factor per channel.
  package func scaled(by factors: [Float]) -> ColorMap {
    var map = self
    for to in 0..<3 {
      for from in 0..<3 { map.weights[to * 3 + from] *= factors[to] }
      map.offsets[to] *= factors[to]
    }
    return map
  }

  /// Adds `offset` to every result of this map.
  package func offset(by offset: Float) -> ColorMap {
    ColorMap(weights: weights, offsets: offsets.map { $0 + offset })
  }

  /// The factor and offset for an image with a single grey channel: the mean of the three rows.
  package var grey: (factor: Float, offset: Float) {
    (weights.reduce(0, +) / 3, offsets.reduce(0, +) / 3)
  }
}
