/// Turning of stored pixels to what the photographer saw (Exif 2.32, section 4.6.4, tag 0x0112).
extension Image {
  /// The picture as it is shown: turned and mirrored by its orientation, which is 1 afterwards.
  public func upright() -> Image {
    if orientation == 1 { return self }
    let size = Upright(orientation: orientation, width: width, height: height)
    var turned = [UInt8](repeating: 0, count: pixels.count)
    let source = pixels
    // Where the first pixel goes, and how far apart neighbours of its row and column come to lie.
    let first = size.pixel(0, 0)
    let right = size.pixel(1, 0)
    let below = size.pixel(0, 1)
    func offset(_ pixel: SIMD2<Int>) -> Int { (pixel.y * size.width + pixel.x) * channels }
    let (start, across, down) = (
      offset(first), offset(right) - offset(first), offset(below) - offset(first)
    )
    unsafe source.withUnsafeBufferPointer { source in
      unsafe turned.withUnsafeMutableBufferPointer { turned in
        for y in 0..<height {
          for x in 0..<width {
            let to = start &+ y &* down &+ x &* across
            let from = (y &* width &+ x) &* channels
            for channel in 0..<channels { unsafe turned[to + channel] = source[from + channel] }
          }
        }
      }
    }
    return Image(width: size.width, height: size.height, channels: channels, pixels: turned)
  }

  /// The image as large as it fits into a rectangle, never larger than it is.
  public func fitting(width limitWidth: Int, height limitHeight: Int) -> Image {
    let scale = min(
      1, Double(limitWidth) / Double(width), Double(limitHeight) / Double(height))
    guard scale < 1 else { return self }
    return resized(
      width: max(1, Int((Double(width) * scale).rounded())),
      height: max(1, Int((Double(height) * scale).rounded())))
  }
}

/// Where the points of a stored picture lie when it is upright.
public struct Upright: Sendable {
  /// Width of the upright picture in pixels.
  public let width: Int
  /// Its height.
  public let height: Int
  private let orientation: UInt8
  private let stored: SIMD2<Double>

  /// - Parameters:
  ///   - orientation: 1...8.
  ///   - width: of the stored picture.
  ///   - height: of the stored picture.
  public init(orientation: UInt8, width: Int, height: Int) {
    self.orientation = orientation
    stored = SIMD2(Double(width), Double(height))
    (self.width, self.height) = orientation >= 5 ? (height, width) : (width, height)
  }

  /// A point of the stored picture, in pixels from its corner, in the upright one.
  public func point(_ p: SIMD2<Double>) -> SIMD2<Double> {
    switch orientation {
    case 2: SIMD2(stored.x - p.x, p.y)
    case 3: stored - p
    case 4: SIMD2(p.x, stored.y - p.y)
    case 5: SIMD2(p.y, p.x)
    case 6: SIMD2(stored.y - p.y, p.x)
    case 7: SIMD2(stored.y - p.y, stored.x - p.x)
    case 8: SIMD2(p.y, stored.x - p.x)
    default: p
    }
  }

  /// The column and row of a stored pixel.
  func pixel(_ x: Int, _ y: Int) -> SIMD2<Int> {
    let middle = point(SIMD2(Double(x) + 0.5, Double(y) + 0.5))
    return SIMD2(Int(middle.x.rounded(.down)), Int(middle.y.rounded(.down)))
  }
}
