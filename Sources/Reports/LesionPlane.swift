import Images
import Masks

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

/// The part of a mask that holds the lesion, as 0 and 255 with a rim of zeros one pixel wide, so that no loop
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
    let runs = Self.runs(of: mask)
    guard let first = runs.first, let last = runs.last else { return nil }
    var (left, right) = (first.columns.lowerBound, first.columns.upperBound)
    for run in runs {
      left = min(left, run.columns.lowerBound)
      right = max(right, run.columns.upperBound)
    }
    let box = PixelBox(x: left, y: first.y, width: right - left, height: last.y + 1 - first.y)
    let stride = box.width + 2
    var values = [UInt8](repeating: 0, count: (box.height + 2) * stride)
    unsafe values.withUnsafeMutableBufferPointer { values in
      for run in runs {
        let start = (run.y - box.y + 1) * stride + run.columns.lowerBound - box.x + 1
        unsafe values[start..<(start + run.columns.count)].update(repeating: 255)
      }
    }
    (self.box, self.stride, self.values, self.runs) = (box, stride, values, runs)
  }

  private static func runs(of mask: Image) -> [Run] {
    var runs: [Run] = []
    runs.reserveCapacity(mask.height + 16)
    let pixels = unsafe mask.pixels.span.bytes
    for y in 0..<mask.height {
      let (start, end) = (y * mask.width, (y + 1) * mask.width)
      var at = pixels.firstIndex(isLesion: true, in: start..<end)
      while at < end {
        let first = at
        at = pixels.firstIndex(isLesion: false, in: first..<end)
        runs.append(Run(y: y, columns: (first - start)..<(at - start)))
        at = pixels.firstIndex(isLesion: true, in: at..<end)
      }
    }
    return runs
  }
}
