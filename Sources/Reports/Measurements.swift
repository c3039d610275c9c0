import Images

/// What is measured of one photograph and its mask.
public struct Measurements: Sendable, Equatable {
  /// Of the mask; nil if it is empty.
  public var shape: ShapeMeasurements?
  /// Of the photograph; nil if the mask is empty, or there is no photograph any more.
  public var colors: ColorMeasurements?
  /// The border that was measured, to be drawn.
  public var outline: MaskOutline

  /// Measures.
  ///
  /// - Parameters:
  ///   - photograph: as stored; nil if only its mask is left.
  ///   - mask: grey, of the same size.
  public init(photograph: Image?, mask: Image) {
    guard let plane = LesionPlane(mask) else {
      outline = .none
      return
    }
    outline = MaskOutline(plane)
    shape = ShapeMeasurements(plane, parts: outline.parts.count, of: mask)
    if let photograph {
      precondition(
        photograph.width == mask.width && photograph.height == mask.height,
        "a mask is as large as its photograph")
      colors = ColorMeasurements(photograph, plane)
    }
  }
}
