/// A colour of a picture, 8 bits per channel.
public struct Color: Sendable, Hashable {
  /// Red, 0...255.
  public var red: UInt8
  /// Green, 0...255.
  public var green: UInt8
  /// Blue, 0...255.
  public var blue: UInt8

  /// Makes a colour of its three parts.
  public init(red: UInt8, green: UInt8, blue: UInt8) {
    self.red = red
    self.green = green
    self.blue = blue
  }

  /// Makes a colour of a number like `0xRRGGBB`.
  public init(_ rgb: UInt32) {
    self.init(
      red: UInt8(truncatingIfNeeded: rgb >> 16), green: UInt8(truncatingIfNeeded: rgb >> 8),
      blue: UInt8(truncatingIfNeeded: rgb))
  }

  /// Black.
  public static let black = Color(0x000000)
  /// White.
  public static let white = Color(0xFFFFFF)
}

/// A picture that is drawn on: shapes with smooth edges, letters, other pictures.
///
/// Coordinates are pixels from the top left corner; pixel (x, y) covers `x ..< x + 1` and `y ..< y + 1`, so
/// that a line one pixel wide is sharp at x + 0.5. What lies outside is not drawn, which is no error.
public struct Canvas: Sendable {
  /// What was drawn until now: RGB.
  public private(set) var image: Image

  /// An empty picture.
  public init(width: Int, height: Int, background: Color = .white) {
    image = Image(width: width, height: height, channels: 3)
    fill(x: 0, y: 0, width: width, height: height, color: background)
  }

  /// A picture to draw onto, in its stored order; grey becomes RGB.
  public init(_ image: Image) {
    self.image = image.converted(toChannels: 3)
  }

  /// Fills a rectangle.
  ///
  /// - Parameter opacity: 0 leaves the picture as it is, 1 covers it.
  public mutating func fill(
    x: Int, y: Int, width: Int, height: Int, color: Color, opacity: Float = 1
  ) {
    let columns = max(x, 0)..<max(min(x + width, image.width), max(x, 0))
    let rows = max(y, 0)..<max(min(y + height, image.height), max(y, 0))
    let width = image.width
    unsafe image.pixels.withUnsafeMutableBufferPointer { pixels in
      for row in rows {
        for column in columns {
          unsafe Self.blend(color, over: pixels, at: 3 * (row * width + column), opacity: opacity)
        }
      }
    }
  }

  /// Puts another picture on this one, its top left corner at (x, y).
  public mutating func draw(_ picture: Image, x: Int, y: Int) {
    let source = picture.converted(toChannels: 3)
    let first = max(-x, 0)
    let end = min(source.width, image.width - x)
    guard first < end else { return }
    for row in 0..<source.height where (0..<image.height).contains(y + row) {
      let from = (row * source.width + first) * 3
      let to = ((y + row) * image.width + x + first) * 3
      let count = (end - first) * 3
      image.pixels.replaceSubrange(to..<(to + count), with: source.pixels[from..<(from + count)])
    }
  }

  /// Mixes a colour over the pixels that are covered.
  mutating func blend(_ color: Color, _ coverage: Coverage, opacity: Float) {
    let width = image.width
    unsafe image.pixels.withUnsafeMutableBufferPointer { pixels in
      coverage.forEachCovered { x, y, covered in
        unsafe Self.blend(
          color, over: pixels, at: 3 * (y * width + x), opacity: min(covered, 1) * opacity)
      }
    }
  }

  /// Mixes a colour over the pixel whose red is at an index.
  @inline(__always)
  private static func blend(
    _ color: Color, over pixels: UnsafeMutableBufferPointer<UInt8>, at: Int, opacity: Float
  ) {
    if opacity >= 1 {
      unsafe pixels[at] = color.red
      unsafe pixels[at + 1] = color.green
      unsafe pixels[at + 2] = color.blue
      return
    }
    unsafe pixels[at] = mixed(pixels[at], color.red, opacity)
    unsafe pixels[at + 1] = mixed(pixels[at + 1], color.green, opacity)
    unsafe pixels[at + 2] = mixed(pixels[at + 2], color.blue, opacity)
  }

  private static func mixed(_ under: UInt8, _ over: UInt8, _ opacity: Float) -> UInt8 {
    UInt8(Float(under) + (Float(over) - Float(under)) * max(opacity, 0) + 0.5)
  }
}
