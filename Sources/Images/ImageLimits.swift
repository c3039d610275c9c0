/// What one image may cost. A hostile file that would cost more is refused with the number it broke.
///
/// Sizes are tested on the file's header, before pixels are allocated.
public struct ImageLimits: Sendable, Equatable {
  /// Size of the file, in bytes.
  public var fileBytes: Int
  /// Shortest side that is accepted, in pixels.
  public var minimumSide: Int
  /// Longest side that is accepted, in pixels.
  public var maximumSide: Int
  /// Width times height. A decoded image takes at most three times as many bytes.
  public var pixels: Int
  /// Scans of a progressive JPEG. Each one walks over the whole image again, and one costs a hundred
  /// bytes in the file.
  public var jpegScans: Int
  /// Working memory for the coefficients of a progressive JPEG, in bytes.
  public var jpegMemoryBytes: Int
  /// Tolerated oddities of a file that still decodes. Those that mean invented pixels are never
  /// tolerated.
  public var warnings: Int
  /// Processor time for decoding, checked per row.
  public var cpuTime: Duration

  /// Makes limits; every one that is not given is the standard one.
  public init(
    fileBytes: Int = 64 << 20, minimumSide: Int = 8, maximumSide: Int = 16_384,
    pixels: Int = 50_000_000, jpegScans: Int = 100, jpegMemoryBytes: Int = 256 << 20,
    warnings: Int = 100, cpuTime: Duration = .seconds(10)
  ) {
    self.fileBytes = fileBytes
    self.minimumSide = minimumSide
    self.maximumSide = maximumSide
    self.pixels = pixels
    self.jpegScans = jpegScans
    self.jpegMemoryBytes = jpegMemoryBytes
    self.warnings = warnings
    self.cpuTime = cpuTime
  }

  /// 64 MiB, sides of 8 to 16,384, 50 megapixels, 100 scans, 256 MiB, 100 warnings, 10 s.
  public static let standard = ImageLimits()

  /// Throws when an image of this size is not accepted.
  func check(width: Int, height: Int) throws(ImageError) {
    let shorter = min(width, height)
    let longer = max(width, height)
    if shorter < minimumSide {
      throw .sideTooSmall(width: width, height: height, limit: minimumSide)
    }
    if longer > maximumSide {
      throw .sideTooLarge(width: width, height: height, limit: maximumSide)
    }
    if width * height > pixels { throw .tooManyPixels(width: width, height: height, limit: pixels) }
  }
}
