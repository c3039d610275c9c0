extension Canvas {
  /// Draws a line through points; where it crosses itself it is not darker than elsewhere.
  ///
  /// Cost: the pixels of each piece's own rectangle, so that outlines of thousands of short pieces are cheap.
  ///
  /// - Parameters:
  ///   - points: in pixels; a single one is drawn as a dot.
  ///   - lineWidth: in pixels; ends and corners are round.
  ///   - opacity: 0...1.
  ///   - isClosed: whether the last point is joined to the first.
  public mutating func stroke(
    _ points: [SIMD2<Float>], lineWidth: Float, color: Color, opacity: Float = 1,
    isClosed: Bool = false
  ) {
    let coverage = Coverage(
      line: points, lineWidth: lineWidth, isClosed: isClosed, width: image.width,
      height: image.height)
    guard let coverage else { return }
    blend(color, coverage, opacity: opacity)
  }

  /// Fills a polygon; where it overlaps itself an even number of times it is empty.
  ///
  /// - Parameters:
  ///   - points: its corners in pixels, three or more.
  ///   - opacity: 0...1.
  public mutating func fill(polygon points: [SIMD2<Float>], color: Color, opacity: Float = 1) {
    guard points.count >= 3,
      var coverage = Coverage(
        around: points, margin: 1, width: image.width, height: image.height)
    else { return }
    coverage.addPolygon(points)
    blend(color, coverage, opacity: opacity)
  }
}
