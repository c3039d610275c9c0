extension Image {
  /// The picture at another size.
  ///
  /// Each axis by itself: averaged over the covered area when it shrinks, linear between pixel centres
  /// when it grows (see `ResizeTaps`). Rounded to the nearest. The orientation is kept.
  ///
  /// - Parameters:
  ///   - width: At least 1.
  ///   - height: At least 1.
  public func resized(width: Int, height: Int) -> Image {
    precondition(width > 0 && height > 0, "an image has at least one pixel")
    if width == self.width && height == self.height { return self }
    let resizer = Resizer(
      sourceWidth: self.width, sourceHeight: self.height, width: width, height: height,
      channels: channels)
    return Image(
      width: width, height: height, channels: channels, pixels: resizer.resized(pixels),
      orientation: orientation)
  }
}

extension FloatPlane {
  /// The plane at another size, by the rule of ``Image/resized(width:height:)``.
  public func resized(width: Int, height: Int) -> FloatPlane {
    precondition(width > 0 && height > 0, "a plane has at least one pixel")
    if width == self.width && height == self.height { return self }
    let resizer = Resizer(
      sourceWidth: self.width, sourceHeight: self.height, width: width, height: height, channels: 1)
    return FloatPlane(width: width, height: height, values: resizer.resized(values))
  }
}

/// A sample type that is resized: computed in `Float`, rounded back at the end.
private protocol Sample {
  static var zero: Self { get }
  var asFloat: Float { get }
  static func rounding(_ value: Float) -> Self
  /// The three channels of a pixel, of which an index is the first, and anything.
  static func color(_ samples: UnsafeBufferPointer<Self>, at index: Int) -> SIMD4<Float>
}

extension UInt8: Sample {
  fileprivate var asFloat: Float { Float(self) }
  fileprivate static func rounding(_ value: Float) -> UInt8 {
    // Weighted means of 0...255 with weights that add up to 1, give or take a rounding.
    let rounded = Swift.min(Swift.max(value + 0.5, 0), 255).rounded(.down)
    // The last bits of the sum are the whole number: a conversion with its checks would not become vector code.
    return UInt8(truncatingIfNeeded: (rounded + 0x1p23).bitPattern)
  }
  @inline(__always)
  fileprivate static func color(
    _ samples: UnsafeBufferPointer<UInt8>, at index: Int
  ) -> SIMD4<Float> {
    unsafe SIMD4(
      samples[index].asFloat, samples[index &+ 1].asFloat, samples[index &+ 2].asFloat, 0)
  }
}

extension Float: Sample {
  fileprivate var asFloat: Float { self }
  fileprivate static func rounding(_ value: Float) -> Float { value }
  /// Reads one sample more.
  @inline(__always)
  fileprivate static func color(
    _ samples: UnsafeBufferPointer<Float>, at index: Int
  ) -> SIMD4<Float> {
    unsafe UnsafeRawBufferPointer(samples).loadUnaligned(
      fromByteOffset: 4 &* index, as: SIMD4<Float>.self)
  }
}

/// Resizes rows `[W, C]` of one geometry. Of the intermediate picture only one or two rows exist.
private struct Resizer {
  let sourceWidth: Int
  let width: Int
  let height: Int
  let channels: Int
  let columns: ResizeTaps
  let rows: ResizeTaps
  let goesDownFirst: Bool

  init(sourceWidth: Int, sourceHeight: Int, width: Int, height: Int, channels: Int) {
    self.sourceWidth = sourceWidth
    self.width = width
    self.height = height
    self.channels = channels
    columns = ResizeTaps(source: sourceWidth, target: width)
    rows = ResizeTaps(source: sourceHeight, target: height)
    // The pass along a column adds whole rows, which is several times cheaper per product than the one
    // along a row.
    let downFirst =
      height * (sourceWidth * rows.largestCount + 4 * width * columns.largestCount)
    let acrossFirst =
      sourceHeight * 4 * width * columns.largestCount + height * width * rows.largestCount
    goesDownFirst = downFirst <= acrossFirst
  }

  @inline(never)
  func resized<S: Sample>(_ source: [S]) -> [S] {
    var result = [S](repeating: .zero, count: width * height * channels)
    unsafe source.withUnsafeBufferPointer { source in
      unsafe result.withUnsafeMutableBufferPointer { result in
        if goesDownFirst {
          unsafe downFirst(source, into: result)
        } else {
          unsafe acrossFirst(source, into: result)
        }
      }
    }
    return result
  }

  /// Adds up the rows of each target row, then shortens or lengthens the sum.
  @inline(__always)
  private func downFirst<S: Sample>(
    _ source: UnsafeBufferPointer<S>, into result: UnsafeMutableBufferPointer<S>
  ) {
    let stride = sourceWidth * channels
    let targetStride = width * channels
    // One more, for the last pixel is read as four samples.
    var sum = [Float](repeating: 0, count: stride + 1)
    var row = [Float](repeating: 0, count: targetStride)
    unsafe sum.withUnsafeMutableBufferPointer { sum in
      unsafe row.withUnsafeMutableBufferPointer { row in
        for y in 0..<height {
          unsafe add(source, rowsOf: y, to: sum)
          unsafe across(UnsafeBufferPointer(sum), into: row)
          unsafe round(UnsafeBufferPointer(row), into: result, at: y * targetStride)
        }
      }
    }
  }

  /// sum = the weighted rows of a target row; two at a time, which spares half the ways to memory.
  @inline(__always)
  private func add<S: Sample>(
    _ source: UnsafeBufferPointer<S>, rowsOf y: Int, to sum: UnsafeMutableBufferPointer<Float>
  ) {
    let (stride, first, count) = (sourceWidth * channels, rows.starts[y], rows.counts[y])
    func line(_ tap: Int) -> UnsafeBufferPointer<S> {
      unsafe UnsafeBufferPointer(
        rebasing: source[((first + tap) * stride)..<((first + tap + 1) * stride)])
    }
    func weight(_ tap: Int) -> Float { rows.weights[rows.offsets[y] + tap] }
    if count % 2 == 1 { unsafe add(line(0), times: weight(0), to: sum, isFirst: true) }
    for tap in Swift.stride(from: count % 2, to: count, by: 2) {
      let (a, b) = unsafe (line(tap), line(tap + 1))
      let (weightA, weightB) = (weight(tap), weight(tap + 1))
      if tap == 0 {
        for index in 0..<stride {
          unsafe sum[index] = a[index].asFloat * weightA + b[index].asFloat * weightB
        }
      } else {
        for index in 0..<stride {
          unsafe sum[index] = sum[index] + a[index].asFloat * weightA + b[index].asFloat * weightB
        }
      }
    }
  }

  /// Shortens or lengthens each source row once, then adds up those of each target row.
  @inline(__always)
  private func acrossFirst<S: Sample>(
    _ source: UnsafeBufferPointer<S>, into result: UnsafeMutableBufferPointer<S>
  ) {
    let stride = sourceWidth * channels
    let targetStride = width * channels
    var sum = [Float](repeating: 0, count: targetStride)
    // Source row r, once shortened, lies in slot r % 2: neighbouring target rows share at most one.
    var slots = [Float](repeating: 0, count: 2 * targetStride)
    var slotRows = [-1, -1]
    unsafe sum.withUnsafeMutableBufferPointer { sum in
      unsafe slots.withUnsafeMutableBufferPointer { slots in
        for y in 0..<height {
          for tap in 0..<rows.counts[y] {
            let r = rows.starts[y] + tap
            let slot = unsafe UnsafeMutableBufferPointer(
              rebasing: slots[(r % 2 * targetStride)..<((r % 2 + 1) * targetStride)])
            if slotRows[r % 2] != r {
              unsafe across(
                UnsafeBufferPointer(rebasing: source[(r * stride)..<((r + 1) * stride)]), into: slot
              )
              slotRows[r % 2] = r
            }
            unsafe add(
              UnsafeBufferPointer(slot), times: rows.weights[rows.offsets[y] + tap], to: sum,
              isFirst: tap == 0)
          }
          unsafe round(UnsafeBufferPointer(sum), into: result, at: y * targetStride)
        }
      }
    }
  }

  /// One row `[W, C]` to its new width.
  @inline(__always)
  private func across<S: Sample>(
    _ source: UnsafeBufferPointer<S>, into row: UnsafeMutableBufferPointer<Float>
  ) {
    unsafe columns.weights.withUnsafeBufferPointer { weights in
      for x in 0..<width {
        let start = columns.starts[x] * channels
        let offset = columns.offsets[x]
        let count = columns.counts[x]
        if channels == 3 {
          var sums = SIMD4<Float>.zero
          for tap in 0..<count {
            unsafe sums += weights[offset &+ tap] * S.color(source, at: start &+ 3 &* tap)
          }
          unsafe row[3 * x] = sums.x
          unsafe row[3 * x + 1] = sums.y
          unsafe row[3 * x + 2] = sums.z
        } else {
          var sum: Float = 0
          for tap in 0..<count {
            unsafe sum += weights[offset + tap] * source[start + tap].asFloat
          }
          unsafe row[x] = sum
        }
      }
    }
  }

  /// sum = line * weight, or sum += line * weight; contiguous, so that it becomes vector code.
  @inline(__always)
  private func add<S: Sample>(
    _ line: UnsafeBufferPointer<S>, times weight: Float, to sum: UnsafeMutableBufferPointer<Float>,
    isFirst: Bool
  ) {
    if isFirst {
      for index in 0..<line.count { unsafe sum[index] = line[index].asFloat * weight }
    } else {
      for index in 0..<line.count { unsafe sum[index] += line[index].asFloat * weight }
    }
  }

  @inline(__always)
  private func round<S: Sample>(
    _ row: UnsafeBufferPointer<Float>, into result: UnsafeMutableBufferPointer<S>, at start: Int
  ) {
    let result = unsafe UnsafeMutableBufferPointer(
      rebasing: result[start..<(start + row.count)])
    for index in 0..<row.count { unsafe result[index] = S.rounding(row[index]) }
  }
}
