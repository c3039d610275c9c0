/// The smallest convex polygon around a lesion's pixels, their corners included.
///
/// Source: Andrew, "Another efficient algorithm for convex hulls in two dimensions", Information Processing
/// Letters 9 (1979) 216-219, with the rows as the sorted axis. Cost: linear in the rows.
struct ConvexHull {
  /// Corners in order, whole numbers.
  let corners: [SIMD2<Int>]

  /// - Parameter runs: at least one; from top to bottom.
  init(_ runs: [LesionPlane.Run]) {
    let top = runs[0].y
    let lines = runs[runs.count - 1].y - top + 2
    // The outermost corners on each line between two rows.
    var left = [Int](repeating: .max, count: lines)
    var right = [Int](repeating: .min, count: lines)
    for run in runs {
      for line in [run.y - top, run.y - top + 1] {
        left[line] = min(left[line], run.columns.lowerBound)
        right[line] = max(right[line], run.columns.upperBound)
      }
    }
    var (leftChain, rightChain): ([SIMD2<Int>], [SIMD2<Int>]) = ([], [])
    for line in 0..<lines where left[line] <= right[line] {
      Self.append(SIMD2(left[line], top + line), to: &leftChain, keeping: 1)
      Self.append(SIMD2(right[line], top + line), to: &rightChain, keeping: -1)
    }
    corners = rightChain + leftChain.reversed()
  }

  /// Removes the corners that the new one makes concave.
  private static func append(_ point: SIMD2<Int>, to chain: inout [SIMD2<Int>], keeping side: Int) {
    while chain.count >= 2 {
      let (a, b) = (chain[chain.count - 2], chain[chain.count - 1])
      let (u, v) = (b &- a, point &- b)
      if (u.x * v.y - u.y * v.x) * side < 0 { break }
      chain.removeLast()
    }
    chain.append(point)
  }

  /// The polygon's area in pixels.
  var area: Double {
    var doubled = 0
    for (a, b) in zip(corners, corners.dropFirst() + corners.prefix(1)) {
      doubled += a.x * b.y - a.y * b.x
    }
    return Double(abs(doubled)) / 2
  }

  /// The longest distance between two corners in pixels.
  var diameter: Double {
    var longest = 0
    for (index, a) in corners.enumerated() {
      for b in corners[(index + 1)...] {
        let d = a &- b
        longest = max(longest, d.x * d.x + d.y * d.y)
      }
    }
    return Double(longest).squareRoot()
  }
}
