/// How much of each pixel a shape covers, in the part of a picture that it reaches.
package struct Coverage {
  /// The first column that is reached.
  package let left: Int
  /// The first row that is reached.
  package let top: Int
  /// Columns that are reached.
  package let width: Int
  /// Rows that are reached.
  package let height: Int
  /// `[H, W]`; 1 and, by rounding, a little more is a whole pixel.
  package private(set) var values: [Float]

  /// Nil when no pixel of the picture can be reached, or a point is no number.
  package init?(around points: [SIMD2<Float>], margin: Float, width: Int, height: Int) {
    let corner = SIMD2(Float(width), Float(height))
    guard !points.isEmpty else { return nil }
    var (low, high) = (points[0], points[0])
    for point in points {
      guard point.x.isFinite, point.y.isFinite else { return nil }
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
    low = (low - margin).clamped(lowerBound: .zero, upperBound: corner)
    high = (high + margin).clamped(lowerBound: .zero, upperBound: corner)
    left = Int(low.x)
    top = Int(low.y)
    self.width = Int(high.x.rounded(.up)) - left
    self.height = Int(high.y.rounded(.up)) - top
    guard self.width > 0, self.height > 0 else { return nil }
    values = [Float](repeating: 0, count: self.width * self.height)
  }

  /// Covers a line through points; ends and corners are round.
  package init?(
    line points: [SIMD2<Float>], lineWidth: Float, isClosed: Bool = false, width: Int, height: Int
  ) {
    let radius = max(lineWidth, 0) / 2
    self.init(around: points, margin: radius + 1, width: width, height: height)
    guard let first = points.first, let last = points.last else { return nil }
    if points.count == 1 { addLine(from: first, to: first, radius: radius) }
    for (start, end) in zip(points, points.dropFirst()) {
      addLine(from: start, to: end, radius: radius)
    }
    if isClosed { addLine(from: last, to: first, radius: radius) }
  }

  /// Pixels by the distance of their centres from the line.
  private mutating func addLine(from start: SIMD2<Float>, to end: SIMD2<Float>, radius: Float) {
    let along = end - start
    let squared = (along * along).sum()
    let origin = SIMD2(Float(left), Float(top))
    let limit = SIMD2(Float(width), Float(height))
    let low = (pointwiseMin(start, end) - radius - 1 - origin)
      .clamped(lowerBound: .zero, upperBound: limit)
    let high = (pointwiseMax(start, end) + radius + 1 - origin)
      .clamped(lowerBound: .zero, upperBound: limit)
    // A line thinner than a pixel is as wide as one and as much paler.
    let strength = min(2 * radius, 1)
    let reach = max(radius, 0.5) + 0.5
    let columns = Int(low.x)..<Int(high.x.rounded(.up))
    let width = width
    unsafe values.withUnsafeMutableBufferPointer { values in
      for y in Int(low.y)..<Int(high.y.rounded(.up)) {
        for x in columns {
          let center = origin + SIMD2(Float(x) + 0.5, Float(y) + 0.5)
          let offset = center - start
          let share = squared > 0 ? min(max((offset * along).sum() / squared, 0), 1) : 0
          let apart = offset - along * share
          let covered = min(reach - (apart * apart).sum().squareRoot(), 1) * strength
          let at = y &* width &+ x
          if unsafe covered > values[at] { unsafe values[at] = covered }
        }
      }
    }
  }

  /// Four lines per row of pixels, each with exact ends, filled between every other crossing.
  mutating func addPolygon(_ points: [SIMD2<Float>]) {
    let linesPerRow = 4
    var crossings: [Float] = []
    for line in 0..<(height * linesPerRow) {
      let y = Float(top) + (Float(line) + 0.5) / Float(linesPerRow)
      crossings.removeAll(keepingCapacity: true)
      for index in points.indices {
        let (a, b) = (points[index], points[(index + 1) % points.count])
        if (a.y <= y) != (b.y <= y) {
          crossings.append(a.x + (y - a.y) / (b.y - a.y) * (b.x - a.x) - Float(left))
        }
      }
      crossings.sort()
      for pair in stride(from: 0, to: crossings.count - 1, by: 2) {
        addSpan(
          from: max(crossings[pair], 0), to: min(crossings[pair + 1], Float(width)),
          row: line / linesPerRow, weight: 1 / Float(linesPerRow))
      }
    }
  }

  /// Calls for each pixel that is covered, from top to bottom and left to right, with its column and row in the
  /// picture.
  @inline(__always)
  func forEachCovered(_ body: (_ x: Int, _ y: Int, _ covered: Float) -> Void) {
    unsafe values.withUnsafeBytes { bytes in
      for y in 0..<height {
        for group in stride(from: 0, to: width, by: 8) {
          let end = min(group + 8, width)
          var at = 4 * (y * width + group)
          if end == group + 8 {
            let eight = unsafe bytes.loadUnaligned(fromByteOffset: at, as: SIMD4<UInt64>.self)
            if eight[0] | eight[1] | eight[2] | eight[3] == 0 { continue }
          }
          for x in group..<end {
            let covered = unsafe bytes.loadUnaligned(fromByteOffset: at, as: Float.self)
            if covered > 0 { body(left + x, top + y, covered) }
            at &+= 4
          }
        }
      }
    }
  }

  private mutating func addSpan(from start: Float, to end: Float, row: Int, weight: Float) {
    guard start < end else { return }
    for x in Int(start)..<min(Int(end.rounded(.up)), width) {
      let covered = min(end, Float(x + 1)) - max(start, Float(x))
      values[row * width + x] += covered * weight
    }
  }
}
