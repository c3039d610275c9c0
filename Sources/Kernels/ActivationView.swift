/// A window on activations in memory, `[batch, height, width, channels]`, channels innermost.
///
/// `pixelStride` Floats lie between a pixel and the next one, so that a view can be a range of the
/// channels of a wider buffer: a concatenation is two views of one buffer, and nothing is copied.
@safe public struct ActivationView {
  /// Channel 0 of pixel (0, 0) of image 0.
  public var base: UnsafeMutablePointer<Float>
  /// Images.
  public var batch: Int
  /// Rows of an image.
  public var height: Int
  /// Pixels of a row.
  public var width: Int
  /// Channels of a pixel in this view.
  public var channels: Int
  /// Floats from a pixel to the next, at least `channels`.
  public var pixelStride: Int

  /// A view of memory that holds at least `batch * height * width * pixelStride` Floats.
  public init(
    base: UnsafeMutablePointer<Float>, batch: Int, height: Int, width: Int, channels: Int,
    pixelStride: Int? = nil
  ) {
    unsafe self.base = unsafe base
    self.batch = batch
    self.height = height
    self.width = width
    self.channels = channels
    self.pixelStride = pixelStride ?? channels
  }

  /// Rows of all images.
  public var rows: Int { batch * height }
  /// Pixels of all images.
  public var pixels: Int { batch * height * width }
  /// Whether no other channels lie between the pixels.
  public var isContiguous: Bool { pixelStride == channels }

  /// First channel of the pixel in column `x` of row `row`, 0 ..< `rows`.
  @inline(__always)
  public func pixel(row: Int, x: Int) -> UnsafeMutablePointer<Float> {
    unsafe base + (row * width + x) * pixelStride
  }
}
