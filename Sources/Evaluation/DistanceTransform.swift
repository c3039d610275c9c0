/// The exact Euclidean distance transform of a small plane.
///
/// Source: Felzenszwalb and Huttenlocher, "Distance transforms of sampled functions", Theory of Computing 8
/// (2012), algorithm 1: the lower envelope of parabolas along one axis, after the distances along the other.
/// Cost: linear in the number of pixels.
package struct DistanceTransform {
  package let width: Int
  package let height: Int
  /// [height, width], the squared distance to the nearest site in pixels; whole numbers.
  package let squared: [Double]

  /// - Parameters:
  ///   - sites: [height, width]; at least one is true.
  package init(width: Int, height: Int, sites: [Bool]) {
    precondition(sites.count == width * height && sites.contains(true), "a plane with a site")
    self.width = width
    self.height = height
    var values = Self.rowDistances(width: width, height: height, sites: sites)
    var column = [Double](repeating: 0, count: height)
    var envelope = Envelope(limit: height)
    for x in 0..<width {
      for y in 0..<height { column[y] = values[y * width + x] }
      envelope.build(column)
      for y in 0..<height { values[y * width + x] = envelope.value(at: y) }
    }
    squared = values
  }

  /// Squared distance to the nearest site of the same row; infinite in a row without one.
  private static func rowDistances(width: Int, height: Int, sites: [Bool]) -> [Double] {
    var values = [Double](repeating: .infinity, count: width * height)
    for y in 0..<height {
      for columns in [Array(0..<width), Array((0..<width).reversed())] {
        var last: Int?
        for x in columns {
          if sites[y * width + x] { last = x }
          guard let last else { continue }
          let distance = Double(x - last)
          values[y * width + x] = min(values[y * width + x], distance * distance)
        }
      }
    }
    return values
  }
}

/// The lower envelope of the parabolas (y - v)² + f(v) for all v with a finite f(v).
private struct Envelope {
  /// Where the parabolas of the envelope have their lowest points, from left to right.
  private var vertices: [Int] = []
  private var heights: [Double] = []
  /// From where on each of them is the lowest.
  private var starts: [Double] = []
  private var next = 0

  init(limit: Int) {
    vertices.reserveCapacity(limit)
    heights.reserveCapacity(limit)
    starts.reserveCapacity(limit)
  }

  mutating func build(_ f: [Double]) {
    vertices.removeAll(keepingCapacity: true)
    heights.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    next = 0
    for q in f.indices where f[q].isFinite {
      var start = -Double.infinity
      while let v = vertices.last, let height = heights.last, let begun = starts.last {
        start =
          ((f[q] + Double(q * q)) - (height + Double(v * v))) / Double(2 * (q - v))
        guard start <= begun else { break }
        vertices.removeLast()
        heights.removeLast()
        starts.removeLast()
        start = -Double.infinity
      }
      vertices.append(q)
      heights.append(f[q])
      starts.append(start)
    }
  }

  /// The envelope at y; to be asked for in rising order.
  mutating func value(at y: Int) -> Double {
    while next + 1 < starts.count, starts[next + 1] < Double(y) { next += 1 }
    let distance = Double(y - vertices[next])
    return distance * distance + heights[next]
  }
}
