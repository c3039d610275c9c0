/// Lines over a common horizontal axis, drawn as pixels or as SVG.
public struct LineChart: Sendable {
  /// One line and its name.
  public struct Series: Sendable {
    /// What the legend says.
    public var name: String
    /// Colour of line and dots.
    public var color: Color
    /// Its points from left to right; one that is no number leaves a gap.
    public var points: [SIMD2<Double>]

    /// Makes a line.
    public init(name: String, color: Color, points: [SIMD2<Double>]) {
      self.name = name
      self.color = color
      self.points = points
    }
  }

  /// Above the chart.
  public var title: String
  /// Below the horizontal axis.
  public var xLabel: String
  /// Beside the vertical axis.
  public var yLabel: String
  /// Whether the horizontal axis counts: marks at whole numbers only.
  public var countsAlongX: Bool
  /// The lines, drawn in this order.
  public var series: [Series]
  /// Width of the picture in pixels.
  public var width = 900
  /// Height of the picture in pixels.
  public var height = 560

  /// Makes a chart.
  public init(
    title: String, xLabel: String, yLabel: String, countsAlongX: Bool, series: [Series]
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.countsAlongX = countsAlongX
    self.series = series
  }
}

/// A piece of a chart, in pixels of the picture; both renderers draw the same pieces.
enum ChartPiece {
  case line([SIMD2<Float>], width: Float, color: Color)
  case dot(SIMD2<Float>, radius: Float, color: Color)
  /// `at` is the top of the letters at their beginning, middle or end.
  case text(String, at: SIMD2<Float>, alignment: Canvas.TextAlignment, isUpward: Bool, scale: Int)
}

extension LineChart {
  private static let axisColor = Color(0x404040)
  private static let gridColor = Color(0xDDDDDD)
  private static let (left, right, top, bottom): (Float, Float, Float, Float) = (96, 28, 86, 64)

  /// Everything to be drawn, from the back to the front.
  var pieces: [ChartPiece] {
    let points = series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
    let xAxis = ChartAxis(of: points.map(\.x), isCount: countsAlongX, marks: 12)
    let yAxis = ChartAxis(of: points.map(\.y), isCount: false, marks: 7)
    let (x0, x1) = (Self.left, Float(width) - Self.right)
    let (y0, y1) = (Float(height) - Self.bottom, Self.top)
    func place(_ point: SIMD2<Double>) -> SIMD2<Float> {
      SIMD2(
        x0 + (x1 - x0) * Float(xAxis.share(point.x)), y0 + (y1 - y0) * Float(yAxis.share(point.y)))
    }
    var pieces: [ChartPiece] = []
    for mark in yAxis.marks {
      // On the middle of a pixel the line is sharp.
      let y = place(SIMD2(xAxis.low, mark)).y.rounded(.down) + 0.5
      pieces.append(.line([SIMD2(x0, y), SIMD2(x1, y)], width: 1, color: Self.gridColor))
      pieces.append(
        .text(
          yAxis.label(mark), at: SIMD2(x0 - 10, y - 7), alignment: .trailing, isUpward: false,
          scale: 1))
    }
    for mark in xAxis.marks {
      let x = place(SIMD2(mark, yAxis.low)).x.rounded(.down) + 0.5
      pieces.append(.line([SIMD2(x, y0), SIMD2(x, y0 + 6)], width: 1, color: Self.axisColor))
      pieces.append(
        .text(
          xAxis.label(mark), at: SIMD2(x, y0 + 10), alignment: .center, isUpward: false, scale: 1))
    }
    let corner = SIMD2(x0.rounded(.down) + 0.5, y0.rounded(.down) + 0.5)
    pieces.append(
      .line([SIMD2(corner.x, y1), corner, SIMD2(x1, corner.y)], width: 1, color: Self.axisColor))
    pieces += series.flatMap { line($0, place) } + legend(from: x0) + labels(x0, x1, y0, y1)
    return pieces
  }

  private func line(
    _ series: Series, _ place: (SIMD2<Double>) -> SIMD2<Float>
  ) -> [ChartPiece] {
    var pieces: [ChartPiece] = []
    for run in series.points.split(whereSeparator: { !$0.x.isFinite || !$0.y.isFinite }) {
      let points = run.map(place)
      pieces.append(.line(points, width: 2, color: series.color))
      // Dots tell where the numbers are, as long as there is room between them.
      if series.points.count <= 60 {
        pieces += points.map { .dot($0, radius: 3, color: series.color) }
      }
    }
    return pieces
  }

  private func legend(from left: Float) -> [ChartPiece] {
    var x = left
    var pieces: [ChartPiece] = []
    for series in series {
      pieces.append(.line([SIMD2(x, 61), SIMD2(x + 28, 61)], width: 3, color: series.color))
      pieces.append(
        .text(
          series.name, at: SIMD2(x + 36, 53), alignment: .leading, isUpward: false, scale: 1))
      x += 36 + Float(Canvas.size(of: series.name).width) + 28
    }
    return pieces
  }

  private func labels(_ x0: Float, _ x1: Float, _ y0: Float, _ y1: Float) -> [ChartPiece] {
    let fits = x0 + Float(Canvas.size(of: title, scale: 2).width) <= Float(width)
    return [
      .text(
        title, at: SIMD2(x0, 14), alignment: .leading, isUpward: false, scale: fits ? 2 : 1),
      .text(
        xLabel, at: SIMD2((x0 + x1) / 2, y0 + 36), alignment: .center, isUpward: false, scale: 1),
      .text(yLabel, at: SIMD2(14, (y0 + y1) / 2), alignment: .center, isUpward: true, scale: 1),
    ]
  }
}
