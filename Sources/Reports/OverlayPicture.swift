import Images

/// A photograph with the border of its lesion drawn on it, to be looked at.
public enum OverlayPicture {
  /// The longest side that such a picture has, in pixels.
  public static let sideLimit = 2048
  /// Of the line; seldom on skin, and bright on brown and black.
  public static let lineColor = Color(0x54FFE0)
  /// On both sides of the line, so that it shows on pale skin and on white marks.
  public static let rimColor = Color(0x00322B)
  /// Of what warns of the mask.
  static let warningColor = Color(0xFFC83D)

  /// Draws the picture.
  ///
  /// - Parameters:
  ///   - photograph: as stored; made smaller where it is larger than ``sideLimit``, and turned upright.
  ///   - outline: of a mask of the photograph's stored size.
  ///   - caption: phrases for the lower left corner; one that is too long for the picture is left out.
  ///   - warning: to stand above them in another colour: the first of these phrases that fits.
  public static func drawn(
    _ photograph: Image, outline: MaskOutline, caption: [String], warning: [String] = []
  ) -> Image {
    let small = photograph.fitting(width: sideLimit, height: sideLimit)
    let upright = Upright(
      orientation: small.orientation, width: small.width, height: small.height)
    let scale = SIMD2(
      Double(small.width) / Double(photograph.width),
      Double(small.height) / Double(photograph.height))
    let longest = Float(max(small.width, small.height))
    // Drawn onto without a copy, if it is another picture than the photograph.
    var canvas = Canvas((consume small).upright())
    let width = max(2, longest / 640)
    let rings = outline.parts.flatMap { part in
      // Half a pixel of the picture.
      part.smoothRings(tolerance: 0.5 / scale.x).map { ring in
        ring.map { SIMD2<Float>(upright.point($0 * scale)) }
      }
    }
    for (lineWidth, color, opacity) in [(width + 2, rimColor, 0.7 as Float), (width, lineColor, 1)]
    {
      for ring in rings {
        canvas.stroke(ring, lineWidth: lineWidth, color: color, opacity: opacity, isClosed: true)
      }
    }
    draw(caption, warning, on: &canvas)
    return canvas.image
  }

  /// In the lower left corner, on a dark ground, in letters that suit the size of the picture.
  private static func draw(
    _ phrases: [String], _ warning: [String], on canvas: inout Canvas
  ) {
    let (width, height) = (canvas.image.width, canvas.image.height)
    let scale = max(width, height) >= 1500 ? 2 : 1
    let margin = 5 * scale
    let space = width - 2 * margin
    let first = warning.first { Canvas.size(of: $0, scale: scale).width <= space }
    let lines =
      (first.map { [(text: $0, color: warningColor)] } ?? [])
      + packed(phrases, scale: scale, width: space).map { (text: $0, color: .white) }
    let size = Canvas.size(of: lines.map(\.text).joined(separator: "\n"), scale: scale)
    // In a picture of this size the lesion is more important.
    guard !lines.isEmpty, 3 * (size.height + 2 * margin) <= height else { return }
    let top = height - size.height - 2 * margin
    canvas.fill(
      x: 0, y: top, width: size.width + 2 * margin, height: size.height + 2 * margin,
      color: .black, opacity: 0.62)
    let lineHeight = Canvas.size(of: "", scale: scale).height
    for (index, line) in lines.enumerated() {
      canvas.draw(
        line.text, x: margin, y: top + margin + index * lineHeight, color: line.color, scale: scale)
    }
  }

  /// As many phrases on a line as fit.
  private static func packed(_ phrases: [String], scale: Int, width: Int) -> [String] {
    var lines: [String] = []
    for phrase in phrases where Canvas.size(of: phrase, scale: scale).width <= width {
      let longer = (lines.last.map { $0 + "   " } ?? "") + phrase
      if !lines.isEmpty, Canvas.size(of: longer, scale: scale).width <= width {
        lines[lines.count - 1] = longer
      } else {
        lines.append(phrase)
      }
    }
    return lines
  }
}
