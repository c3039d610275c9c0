import UNets

/// Samples an image along an affine map, bilinearly.
struct AffineWarp {
  /// From output pixel indices to source pixel indices.
  let map: AffineMap
  let surround: SampleTransform.Surround
  /// The source's size.
  let width: Int
  let height: Int

  /// The four source pixels around a point and their weights.
  private struct Taps {
    /// Pixel indices (not multiplied by channels), in the order of the weights.
    var (i00, i01, i10, i11): (Int, Int, Int, Int)
    var (w00, w01, w10, w11): (Float, Float, Float, Float)
  }

  @inline(__always)
  private func taps(outputX: Int, outputY: Int) -> Taps {
    let (ox, oy) = (Float(outputX), Float(outputY))
    let x = map.xx * ox + map.xy * oy + map.x0
    let y = map.yx * ox + map.yy * oy + map.y0
    let (left, top) = (x.rounded(.down), y.rounded(.down))
    let (fx, fy) = (x - left, y - top)
    let (x0, x1) = (column(Int(left)), column(Int(left) + 1))
    let (y0, y1) = (row(Int(top)) * width, row(Int(top) + 1) * width)
    return Taps(
      i00: y0 + x0, i01: y0 + x1, i10: y1 + x0, i11: y1 + x1,
      w00: (1 - fx) * (1 - fy), w01: fx * (1 - fy), w10: (1 - fx) * fy, w11: fx * fy)
  }

  @inline(__always)
  private func column(_ x: Int) -> Int { inside(x, count: width) }

  @inline(__always)
  private func row(_ y: Int) -> Int { inside(y, count: height) }

  /// The index that stands for `index` in 0 ..< `count`.
  @inline(__always)
  private func inside(_ index: Int, count: Int) -> Int {
    if index >= 0 && index < count { return index }
    switch surround {
    case .edge:
      return index < 0 ? 0 : count - 1
    case .mirrored:
      // ... 1 0 | 0 1 2 ... n-1 | n-1 n-2 ...
      let period = 2 * count
      let remainder = index % period
      let positive = remainder < 0 ? remainder + period : remainder
      return positive < count ? positive : period - 1 - positive
    }
  }

  /// Classes [S, S] from a mask [H, W] of 0...255.
  func labels(from mask: Span<UInt8>, side: Int) -> [UInt8] {
    var labels = [UInt8](repeating: 0, count: side * side)
    for y in 0..<side {
      for x in 0..<side {
        let t = taps(outputX: x, outputY: y)
        let value =
          t.w00 * Float(mask[t.i00]) + t.w01 * Float(mask[t.i01])
          + t.w10 * Float(mask[t.i10]) + t.w11 * Float(mask[t.i11])
        labels[y * side + x] = value >= 127.5 ? 1 : 0
      }
    }
    return labels
  }

  /// Normalised values [S, S, 1] from a grey image [H, W, 1].
  func grey(
    from image: Span<UInt8>, side: Int, color: (factor: Float, offset: Float),
    normalization: Normalization
  ) -> [Float] {
    var output = [Float](repeating: 0, count: side * side)
    let (factor, offset) = (color.factor / 255, color.offset)
    let mean = normalization.mean[0]
    let inverse = 1 / normalization.standardDeviation[0]
    for y in 0..<side {
      for x in 0..<side {
        let t = taps(outputX: x, outputY: y)
        let value =
          t.w00 * Float(image[t.i00]) + t.w01 * Float(image[t.i01])
          + t.w10 * Float(image[t.i10]) + t.w11 * Float(image[t.i11])
        output[y * side + x] = (clamped(value * factor + offset) - mean) * inverse
      }
    }
    return output
  }

  /// Normalised values [S, S, 3] from an RGB image [H, W, 3].
  func rgb(
    from image: Span<UInt8>, side: Int, color: ColorMap, normalization: Normalization
  ) -> [Float] {
    var output = [Float](repeating: 0, count: side * side * 3)
    let red = SIMD4(color.weights[0], color.weights[3], color.weights[6], 0) / 255
    let green = SIMD4(color.weights[1], color.weights[4], color.weights[7], 0) / 255
    let blue = SIMD4(color.weights[2], color.weights[5], color.weights[8], 0) / 255
    let offset = SIMD4(color.offsets[0], color.offsets[1], color.offsets[2], 0)
    let mean = SIMD4(
      normalization.mean[0], normalization.mean[1], normalization.mean[2], 0)
    let deviation = normalization.standardDeviation
    let inverse = 1 / SIMD4(deviation[0], deviation[1], deviation[2], 1)
    for y in 0..<side {
      for x in 0..<side {
        let t = taps(outputX: x, outputY: y)
        let mixed =
          t.w00 * pixel(image, t.i00) + t.w01 * pixel(image, t.i01)
          + t.w10 * pixel(image, t.i10) + t.w11 * pixel(image, t.i11)
        var value = mixed.x * red + mixed.y * green + mixed.z * blue + offset
        value = value.clamped(lowerBound: .zero, upperBound: .one)
        value = (value - mean) * inverse
        let at = (y * side + x) * 3
        output[at] = value.x
        output[at + 1] = value.y
        output[at + 2] = value.z
      }
    }
    return output
  }

  @inline(__always)
  private func pixel(_ image: Span<UInt8>, _ index: Int) -> SIMD4<Float> {
    let at = index * 3
    return SIMD4(Float(image[at]), Float(image[at + 1]), Float(image[at + 2]), 0)
  }

  @inline(__always)
  private func clamped(_ value: Float) -> Float { min(1, max(0, value)) }
}
