/// A plane at another size, of which only one row exists at a time.
///
/// The rows are those of ``FloatPlane/resized(width:height:)`` up to rounding; for planes so large that
/// the whole would not fit beside everything else. Memory: three rows of the new width.
package struct ResizedRows: Sendable {
  private let plane: FloatPlane
  private let columns: ResizeTaps
  private let rows: ResizeTaps
  private let width: Int
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
    row = [Float](repeating: 0, count: width)
    slots = [Float](repeating: 0, count: 2 * width)
  }

  /// Computes a row; cheapest in rising order.
  ///
  /// - Parameter y: in 0..<height.
  package mutating func move(to y: Int) {
    for tap in 0..<rows.counts[y] {
      let source = rows.starts[y] + tap
      if slotRows[source % 2] != source { fill(source % 2, with: source) }
      add(source % 2, times: rows.weights[rows.offsets[y] + tap], isFirst: tap == 0)
    }
  }

  private mutating func fill(_ slot: Int, with source: Int) {
    slotRows[slot] = source
    let (columns, width, line) = (columns, width, source * plane.width)
    unsafe plane.values.withUnsafeBufferPointer { values in
      unsafe slots.withUnsafeMutableBufferPointer { slots in
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
