/// One value per pixel, for probabilities.
public struct FloatPlane: Sendable, Equatable {
  /// Width in pixels.
  public let width: Int
  /// Height in pixels.
  public let height: Int
  /// `[H, W]`, row-major.
  public var values: [Float]

  /// Wraps values; exactly `width * height`, otherwise the program stops.
  public init(width: Int, height: Int, values: [Float]) {
    precondition(width > 0 && height > 0, "a plane has at least one pixel")
    precondition(values.count == width * height, "values are [height, width]")
    self.width = width
    self.height = height
    self.values = values
  }
}
