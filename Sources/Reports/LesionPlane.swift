import Images

/// A rectangle of whole pixels.
public struct PixelBox: Sendable, Equatable, Codable {
  /// The first column.
  public var x: Int
  /// The first row.
  public var y: Int
  /// Columns, at least 1.
  public var width: Int
  /// Rows, at least 1.
  public var height: Int

  /// Makes a rectangle.
  public init(x: Int, y: Int, width: Int, height: Int) {
    (self.x, self.y, self.width, self.height) = (x, y, width, height)
  }
}

/// The part of a mask that holds the lesion, as 0 and 1 with a rim of zeros one pixel wide, so that no loop
/// over neighbours has to ask where the edge is.
struct LesionPlane {
  /// Pixels of one row of the mask that hang together.
  struct Run {
    /// The row in the mask.
    var y: Int
    /// The columns in the mask.
    var columns: Range<Int>
  }

  /// The smallest rectangle around all lesion pixels, in pixels of the mask.
  let box: PixelBox
  /// From one row of ``values`` to the next.
  let stride: Int
  /// `[box.height + 2, box.width + 2]`
  let values: [UInt8]
  /// All lesion pixels, from top to bottom and left to right.
  let runs: [Run]

  /// Nil if no pixel of the mask is lesion.
  ///
  /// - Parameter mask: grey; a pixel is lesion from 128 on.
  init?(_ mask: Image) {
    precondition(mask.channels == 1, "a mask is grey")
    guard let box = Self.box(of: mask) else { return nil }
    self.box = box
    let stride = box.width + 2
    self.stride = stride
    var values = [UInt8](repeating: 0, count: (box.height + 2) * stride)
    var runs: [Run] = []
    runs.reserveCapacity(box.height + 16)
    unsafe mask.pixels.withUnsafeBufferPointer { pixels in
      unsafe values.withUnsafeMutableBufferPointer { values in
        for row in 0..<box.height {
          let source = (box.y + row) * mask.width + box.x
          let target = (row + 1) * stride + 1
          for x in 0..<box.width { unsafe values[target + x] = pixels[source + x] >> 7 }
          var start = 0
          // The rim ends the last run.
          for x in 0...box.width where unsafe values[target + x] != values[target + x - 1] {
            if unsafe values[target + x] == 1 {
              start = x
            } else {
              runs.append(Run(y: box.y + row, columns: (box.x + start)..<(box.x + x)))
            }
          }
        }
      }
    }
    (self.values, self.runs) = (values, runs)
  }

  private static func box(of mask: Image) -> PixelBox? {
    var columns = [UInt8](repeating: 0, count: mask.width)
    var rows: [Int] = []
    unsafe mask.pixels.withUnsafeBufferPointer { pixels in
      unsafe columns.withUnsafeMutableBufferPointer { columns in
        for y in 0..<mask.height {
          var any: UInt8 = 0
          for x in 0..<mask.width {
            let value = unsafe pixels[y * mask.width + x]
            any |= value
            unsafe columns[x] |= value
          }
          if any >= 128 { rows.append(y) }
        }
      }
    }
    guard let top = rows.first, let bottom = rows.last,
      let left = columns.firstIndex(where: { $0 >= 128 }),
      let right = columns.lastIndex(where: { $0 >= 128 })
    else { return nil }
    return PixelBox(x: left, y: top, width: right - left + 1, height: bottom - top + 1)
  }
}
