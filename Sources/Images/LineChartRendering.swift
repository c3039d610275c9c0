extension LineChart {
  /// The chart as pixels.
  public func image() -> Image {
    var canvas = Canvas(width: width, height: height)
    for piece in pieces {
      switch piece {
      case .line(let points, let width, let color):
        canvas.stroke(points, lineWidth: width, color: color)
      case .dot(let center, let radius, let color):
        canvas.stroke([center], lineWidth: 2 * radius, color: color)
      case .text(let text, let at, let alignment, let isUpward, let scale):
        canvas.draw(
          text, x: Int(at.x), y: Int(at.y), color: .black, scale: scale, alignment: alignment,
          isUpward: isUpward)
      }
    }
    return canvas.image
  }

  /// The chart as an SVG 1.1 document, with letters of the viewer's own.
  public func svg() -> String {
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\" "
        + "viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\">",
      "<rect width=\"\(width)\" height=\"\(height)\" fill=\"#ffffff\"/>",
    ]
    lines += pieces.map(\.svg)
    lines.append("</svg>\n")
    return lines.joined(separator: "\n")
  }
}

extension ChartPiece {
  fileprivate var svg: String {
    switch self {
    case .line(let points, let width, let color):
      let places = points.map { "\($0.x),\($0.y)" }.joined(separator: " ")
      return "<polyline points=\"\(places)\" fill=\"none\" stroke=\"\(color.hexadecimal)\" "
        + "stroke-width=\"\(width)\" stroke-linejoin=\"round\"/>"
    case .dot(let center, let radius, let color):
      return "<circle cx=\"\(center.x)\" cy=\"\(center.y)\" r=\"\(radius)\" "
        + "fill=\"\(color.hexadecimal)\"/>"
    case .text(let text, let at, let alignment, let isUpward, let scale):
      let anchor =
        switch alignment {
        case .leading: "start"
        case .center: "middle"
        case .trailing: "end"
        }
      let size = scale == 1 ? 14 : 20
      // Our letters hang from their top, SVG's stand on their base line.
      let drop = Float(size) * 0.8 + 1
      let place = isUpward ? SIMD2(at.x + drop, at.y) : SIMD2(at.x, at.y + drop)
      let turn = isUpward ? " transform=\"rotate(-90 \(place.x) \(place.y))\"" : ""
      return "<text x=\"\(place.x)\" y=\"\(place.y)\" font-size=\"\(size)\" "
        + "text-anchor=\"\(anchor)\"\(turn)>\(escapedForMarkup(text))</text>"
    }
  }
}

extension Color {
  /// `#rrggbb`
  fileprivate var hexadecimal: String {
    "#"
      + [red, green, blue].map { part in
        (part < 16 ? "0" : "") + String(part, radix: 16)
      }.joined()
  }
}
