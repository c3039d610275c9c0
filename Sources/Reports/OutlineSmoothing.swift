import Images

extension MaskOutline.Part {
  /// The lines as they are drawn or handed on: without the steps of the pixels, and with fewer points.
  ///
  /// The middle of each side of a pixel takes the place of its ends (of a longer side, points half a pixel from
  /// its ends), which makes a slanting line of a stair; then points nearer than `tolerance` to the line through
  /// the remaining ones are left out (Douglas and Peucker, "Algorithms for the reduction of the number of points
  /// required to represent a digitized line", The Canadian Cartographer 10 (1973) 112-122).
  ///
  /// - Parameter tolerance: in pixels of the mask.
  /// - Returns: the outer line, then those of the holes; each with three points or more.
  public func smoothRings(tolerance: Double) -> [[SIMD2<Double>]] {
    rings.map { simplified(withoutSteps($0), tolerance: tolerance) }
  }
}

private func withoutSteps(_ ring: [SIMD2<Int>]) -> [SIMD2<Double>] {
  var points: [SIMD2<Double>] = []
  points.reserveCapacity(ring.count)
  for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) {
    let (start, end) = (SIMD2<Double>(a), SIMD2<Double>(b))
    let length = abs(end.x - start.x) + abs(end.y - start.y)
    if length == 1 {
      points.append((start + end) / 2)
    } else {
      let half = (end - start) / (2 * length)
      points.append(start + half)
      points.append(end - half)
    }
  }
  return points
}

/// A closed line without the points that do not matter.
func simplified(_ ring: [SIMD2<Double>], tolerance: Double) -> [SIMD2<Double>] {
  guard ring.count > 4, tolerance > 0 else { return ring }
  // Two points that are far apart are kept; between them the line is open.
  let far = ring.indices.max {
    squaredLength(ring[$0] - ring[0]) < squaredLength(ring[$1] - ring[0])
  }
  guard let far, far > 0 else { return ring }
  let closed = ring + [ring[0]]
  var isKept = [Bool](repeating: false, count: closed.count)
  for index in [0, far, closed.count - 1] { isKept[index] = true }
  var open = [(0, far), (far, closed.count - 1)]
  while let (first, last) = open.popLast() {
    guard last - first > 1 else { continue }
    var (farthest, distance) = (first, tolerance * tolerance)
    for index in (first + 1)..<last {
      let d = squaredDistance(closed[index], closed[first], closed[last])
      if d > distance { (farthest, distance) = (index, d) }
    }
    guard farthest > first else { continue }
    isKept[farthest] = true
    open.append((first, farthest))
    open.append((farthest, last))
  }
  let kept = ring.indices.filter { isKept[$0] }.map { ring[$0] }
  return kept.count >= 3 ? kept : ring
}

private func squaredLength(_ v: SIMD2<Double>) -> Double { (v * v).sum() }

/// From a point to the piece of line between two others.
private func squaredDistance(
  _ p: SIMD2<Double>, _ a: SIMD2<Double>, _ b: SIMD2<Double>
) -> Double {
  let along = b - a
  let length = squaredLength(along)
  let share = length > 0 ? min(max(((p - a) * along).sum() / length, 0), 1) : 0
  return squaredLength(p - a - along * share)
}
