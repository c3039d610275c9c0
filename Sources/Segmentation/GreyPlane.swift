import Images

/// A line of pixels: `half` of them on each side of the middle.
struct PixelLine {
  var dx: Int
  var dy: Int
  var half: Int

  /// Along rows, columns and both diagonals, of one length.
  static func four(length: Int) -> [PixelLine] {
    let half = length / 2
    let diagonal = Int((Double(half) / 2.0.squareRoot()).rounded())
    return [
      PixelLine(dx: 1, dy: 0, half: half), PixelLine(dx: 0, dy: 1, half: half),
      PixelLine(dx: 1, dy: 1, half: diagonal), PixelLine(dx: 1, dy: -1, half: diagonal),
    ]
  }
}

/// One channel of an image, `[height, width]`.
struct GreyPlane {
  let width: Int
  let height: Int
  private(set) var values: [UInt8]

  init(_ image: Image, channel: Int) {
    (width, height) = (image.width, image.height)
    values = stride(from: channel, to: image.pixels.count, by: image.channels).map {
      image.pixels[$0]
    }
  }

  /// The grey closing: the smallest of the largest values along a line; never darker than the plane.
  func closed(along line: PixelLine) -> GreyPlane {
    extremes(along: line, max).extremes(along: line, min)
  }

  /// What `choose` takes of the values on a line around each pixel, as far as there are pixels.
  @inline(__always)
  private func extremes(along line: PixelLine, _ choose: (UInt8, UInt8) -> UInt8) -> GreyPlane {
    var result = self
    let (width, height) = (width, height)
    unsafe values.withUnsafeBufferPointer { values in
      unsafe result.values.withUnsafeMutableBufferPointer { result in
        for step in -line.half...line.half where step != 0 {
          let (dx, dy) = (step * line.dx, step * line.dy)
          let columns = max(0, -dx)..<max(min(width, width - dx), max(0, -dx))
          for y in max(0, -dy)..<max(min(height, height - dy), max(0, -dy)) {
            for x in columns {
              let (here, there) = (y * width + x, (y + dy) * width + x + dx)
              unsafe result[here] = choose(result[here], values[there])
            }
          }
        }
      }
    }
    return result
  }
}
