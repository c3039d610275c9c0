import Images

/// Probabilities at a photograph's size, its edges drawing the lesion's border; a row at a time.
///
/// The filter works at the network's size; its slopes and offsets are enlarged linearly and applied to the
/// photograph's own pixels. Source: He and Sun, "Fast guided filter", arXiv:1505.00996 (2015). The guide is
/// the brightness (the luma of ITU-R BT.601), which JPEG keeps at full size where it halves the colours.
///
/// Memory: nine rows of the photograph's width, and six planes of the network's size.
struct GuidedRows {
  private var slopes: ResizedRows
  private var offsets: ResizedRows
  private let image: Image
  /// The row that ``move(to:)`` computed last, `[width]`; 0...1.
  private(set) var row: [Float]

  /// - Parameters:
  ///   - probabilities: at the network's size.
  ///   - image: the photograph.
  ///   - small: the photograph at the network's size, in colour or grey.
  init(
    of probabilities: FloatPlane, for image: Image, small: Image,
    _ filter: GuidedFilter = GuidedFilter()
  ) {
    var guide = FloatPlane(
      width: small.width, height: small.height,
      values: [Float](repeating: 0, count: small.width * small.height))
    let count = guide.values.count
    unsafe guide.values.withUnsafeMutableBufferPointer { guide in
      unsafe small.pixels.withUnsafeBufferPointer { pixels in
        for index in 0..<count { unsafe guide[index] = brightness(pixels, index, small.channels) }
      }
    }
    let lines = filter.lines(of: probabilities, guide: guide)
    slopes = ResizedRows(of: lines.slopes, width: image.width, height: image.height)
    offsets = ResizedRows(of: lines.offsets, width: image.width, height: image.height)
    self.image = image
    row = [Float](repeating: 0, count: image.width)
  }

  /// Computes a row; cheapest in rising order.
  mutating func move(to y: Int) {
    slopes.move(to: y)
    offsets.move(to: y)
    let (channels, width) = (image.channels, image.width)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe slopes.row.withUnsafeBufferPointer { slopes in
        unsafe offsets.row.withUnsafeBufferPointer { offsets in
          unsafe row.withUnsafeMutableBufferPointer { row in
            for x in 0..<width {
              let guide = unsafe brightness(pixels, y * width + x, channels)
              let value = unsafe slopes[x] * guide + offsets[x]
              unsafe row[x] = min(max(value, 0), 1)
            }
          }
        }
      }
    }
  }
}

/// The brightness of a pixel of `[H, W, C]`, 0...1.
@inline(__always)
private func brightness(_ pixels: UnsafeBufferPointer<UInt8>, _ pixel: Int, _ channels: Int)
  -> Float
{
  if channels == 1 { return unsafe Float(pixels[pixel]) * (1 / 255) }
  let red = unsafe Float(pixels[3 * pixel]) * (0.299 / 255)
  let green = unsafe Float(pixels[3 * pixel + 1]) * (0.587 / 255)
  let blue = unsafe Float(pixels[3 * pixel + 2]) * (0.114 / 255)
  return red + green + blue
}
