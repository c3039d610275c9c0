/// How many pixels are of which colour, in 32 steps of each channel.
struct ColorHistogram {
  /// Cells; a colour's number is red << 10 | green << 5 | blue, each 0...31.
  static let size = 1 << 15

  /// Twice all cells, for neighbours, which often have the same colour and would wait for each other.
  private var halves = [UInt32](repeating: 0, count: 2 * size)

  /// `[32, 32, 32]`, red outermost.
  var counts: [UInt32] {
    unsafe halves.withUnsafeBufferPointer { halves in
      unsafe [UInt32](unsafeUninitializedCapacity: Self.size) { counts, count in
        for cell in 0..<Self.size {
          unsafe counts[cell] = halves[cell] &+ halves[cell | Self.size]
        }
        count = Self.size
      }
    }
  }

  /// Adds pixels that lie one behind the other.
  ///
  /// - Parameters:
  ///   - pixels: `[pixel, 3]`.
  ///   - range: of pixels.
  mutating func add(_ pixels: UnsafeRawBufferPointer, _ range: Range<Int>) {
    unsafe halves.withUnsafeMutableBufferPointer { halves in
      var pixel = range.lowerBound
      // Two pixels of eight bytes, of which the last two may be beyond the range, but not beyond the picture.
      let end = min(range.upperBound - 1, (pixels.count - 5) / 3)
      while pixel < end {
        let eight = unsafe UInt64(
          littleEndian: pixels.loadUnaligned(fromByteOffset: 3 &* pixel, as: UInt64.self))
        unsafe halves[Self.cell(eight)] &+= 1
        unsafe halves[Self.cell(eight >> 24) | Self.size] &+= 1
        pixel &+= 2
      }
      while pixel < range.upperBound {
        let rgb =
          unsafe UInt64(pixels[3 * pixel]) | UInt64(pixels[3 * pixel + 1]) << 8
          | UInt64(pixels[3 * pixel + 2]) << 16
        unsafe halves[Self.cell(rgb)] &+= 1
        pixel += 1
      }
    }
  }

  /// The cell of a colour whose red is the lowest byte.
  @inline(__always)
  private static func cell(_ rgb: UInt64) -> Int {
    Int(truncatingIfNeeded: rgb << 7 & 0x7C00 | rgb >> 6 & 0x3E0 | rgb >> 19 & 0x1F)
  }
}
