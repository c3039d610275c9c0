/// A plane at another size, of which only one row exists at a time.
///
/// The rows are those of ``FloatPlane/resized(width:height:)`` up to rounding; for planes so large that
/// the whole would not fit beside everything else. Memory: three rows of the new width.
package struct ResizedRows: Sendable {
  private let plane: FloatPlane
  private let columns: ResizeTaps
  private let rows: ResizeTaps
  private let width: Int
  /// `columns` once more where the plane is enlarged: two samples for each new one.
  private let pairs: [ColumnPair]?
  /// `[2, width]`: source row r at its new width lies in slot r % 2, for neighbouring rows share at most
  /// one source row.
  private var slots: [Float]
  private var slotRows = [-1, -1]
  /// The row that ``move(to:)`` computed last, `[width]`.
  package private(set) var row: [Float]

  /// - Parameters:
  ///   - width: at least 1.
  ///   - height: at least 1.
  package init(of plane: FloatPlane, width: Int, height: Int) {
    self.plane = plane
    self.width = width
    columns = ResizeTaps(source: plane.width, target: width)
    rows = ResizeTaps(source: plane.height, target: height)
    pairs = columns.pairs
    row = [Float](repeating: 0, count: width)
    slots = [Float](repeating: 0, count: 2 * width)
  }

  /// Computes a row; cheapest in rising order.
  ///
  /// - Parameter y: in 0..<height.
  package mutating func move(to y: Int) {
    let (start, offset) = (rows.starts[y], rows.offsets[y])
    if rows.counts[y] == 2 {
      makeReady(start)
      makeReady(start + 1)
      addBoth(from: start % 2, weights: offset)
      return
    }
    for tap in 0..<rows.counts[y] {
      makeReady(start + tap)
      add((start + tap) % 2, times: rows.weights[offset + tap], isFirst: tap == 0)
    }
  }

  private mutating func makeReady(_ source: Int) {
    if slotRows[source % 2] != source { fill(source % 2, with: source) }
  }

  private mutating func fill(_ slot: Int, with source: Int) {
    slotRows[slot] = source
    let (columns, pairs, width, line) = (columns, pairs, width, source * plane.width)
    unsafe plane.values.withUnsafeBufferPointer { values in
      unsafe slots.withUnsafeMutableBufferPointer { slots in
        if let pairs {
          let values = unsafe UnsafeBufferPointer(rebasing: values[line...])
          let slots = unsafe UnsafeMutableBufferPointer(rebasing: slots[(slot * width)...])
          unsafe pairs.withUnsafeBufferPointer { pairs in
            for x in 0..<width {
              let pair = unsafe pairs[x]
              unsafe slots[x] =
                pair.firstWeight * values[Int(pair.first)]
                + pair.secondWeight * values[Int(pair.second)]
            }
          }
          return
        }
        unsafe columns.weights.withUnsafeBufferPointer { weights in
          for x in 0..<width {
            var sum: Float = 0
            for tap in 0..<columns.counts[x] {
              unsafe sum +=
                weights[columns.offsets[x] + tap] * values[line + columns.starts[x] + tap]
            }
            unsafe slots[slot * width + x] = sum
          }
        }
      }
    }
  }

  /// row = first slot * weight + other slot * weight, which is what most rows of an enlarged plane are.
  private mutating func addBoth(from slot: Int, weights offset: Int) {
    let (weight, other) = (rows.weights[offset], rows.weights[offset + 1])
    unsafe slots.withUnsafeBufferPointer { slots in
      let first = unsafe UnsafeBufferPointer(rebasing: slots[(slot * width)..<((slot + 1) * width)])
      let second = unsafe UnsafeBufferPointer(
        rebasing: slots[((1 - slot) * width)..<((2 - slot) * width)])
      unsafe row.withUnsafeMutableBufferPointer { row in
        for x in 0..<row.count { unsafe row[x] = first[x] * weight + second[x] * other }
      }
    }
  }

  /// row = slot * weight, or row += slot * weight; contiguous, so that it becomes vector code.
  private mutating func add(_ slot: Int, times weight: Float, isFirst: Bool) {
    let (start, width) = (slot * width, width)
    unsafe slots.withUnsafeBufferPointer { slots in
      unsafe row.withUnsafeMutableBufferPointer { row in
        if isFirst {
          for x in 0..<width { unsafe row[x] = slots[start + x] * weight }
        } else {
          for x in 0..<width { unsafe row[x] += slots[start + x] * weight }
        }
      }
    }
  }
}

/// Two samples of a row and their weights; where one is enough the second weighs nothing.
private struct ColumnPair {
  var first: Int32
  var second: Int32
  var firstWeight: Float
  var secondWeight: Float
}

extension ResizeTaps {
  /// The samples as pairs; nil if some take more than two.
  fileprivate var pairs: [ColumnPair]? {
    guard largestCount <= 2 else { return nil }
    return starts.indices.map { index in
      let isPair = counts[index] == 2
      return ColumnPair(
        first: Int32(starts[index]), second: Int32(starts[index] + (isPair ? 1 : 0)),
        firstWeight: weights[offsets[index]],
        secondWeight: isPair ? weights[offsets[index] + 1] : 0)
    }
  }
}
