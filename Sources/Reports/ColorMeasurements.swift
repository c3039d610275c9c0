import Images

/// The colours of a photograph inside and outside the lesion, as numbers 0...255 of sRGB as stored.
public struct ColorMeasurements: Sendable, Equatable, Codable {
  /// Mean and variance of red, green and blue.
  public struct Statistics: Sendable, Equatable, Codable {
    /// [red, green, blue]
    public var mean: [Double]
    /// [red, green, blue], the mean squared distance from the mean.
    public var variance: [Double]
  }

  /// Of the lesion.
  public var inside: Statistics
  /// Of everything else; nil if there is nothing else.
  public var outside: Statistics?
  /// Which of the six colours of the ABCD rule take at least 3 % of the lesion each, see ``LesionColor``.
  public var present: [LesionColor]
  /// The share of the lesion that is nearest to each of them, 0...1.
  public var shares: [String: Double]

  /// Of larger photographs every second, third, ... row is looked at.
  private static let pixelsLookedAt = 4_000_000

  /// Measures a photograph.
  ///
  /// Cost: one pass over the photograph; docs/results.md has times.
  ///
  /// - Parameters:
  ///   - photograph: as stored, grey or RGB.
  ///   - plane: the lesion in a mask of the same size.
  init(_ photograph: Image, _ plane: LesionPlane) {
    let pixels = photograph.width * photograph.height
    let step = max(1, (pixels + Self.pixelsLookedAt - 1) / Self.pixelsLookedAt)
    let image = photograph.converted(toChannels: 3)
    var (inside, all) = (ColorSums(), ColorSums())
    // 32 steps of each channel; two of them in one, for neighbours, which often have the same colour and would
    // wait for each other.
    var histogram = [UInt32](repeating: 0, count: 2 << 15)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      for y in Swift.stride(from: plane.box.y % step, to: image.height, by: step) {
        let row = y * image.width
        unsafe all.add(pixels, row..<(row + image.width))
      }
      unsafe histogram.withUnsafeMutableBufferPointer { histogram in
        for run in plane.runs where (run.y - plane.box.y) % step == 0 {
          let row = run.y * image.width
          let range = (row + run.columns.lowerBound)..<(row + run.columns.upperBound)
          unsafe inside.add(pixels, range)
          for index in range {
            let r = unsafe Int(pixels[3 * index] >> 3)
            let g = unsafe Int(pixels[3 * index + 1] >> 3)
            let b = unsafe Int(pixels[3 * index + 2] >> 3)
            unsafe histogram[(index & 1) << 15 | r << 10 | g << 5 | b] &+= 1
          }
        }
      }
    }
    for cell in 0..<(1 << 15) { histogram[cell] &+= histogram[1 << 15 | cell] }
    histogram.removeLast(1 << 15)
    all.subtract(inside)
    self.inside = inside.statistics
    outside = all.count > 0 ? all.statistics : nil
    let counts = LesionColor.counts(histogram, skin: Self.skin(image, plane))
    shares = [:]
    for color in LesionColor.allCases {
      shares[color.rawValue] = (Double(counts[color] ?? 0) / Double(inside.count))
        .rounded(places: 5)
    }
    let found = shares
    present = LesionColor.allCases.filter {
      found[$0.rawValue, default: 0] >= LesionColor.smallestShare
    }
  }

  /// The median of each channel outside the rectangle around the lesion, unlike the mean not moved by black
  /// corners or by a ruler; nil if there is nothing outside. Of every fourth row and column.
  private static func skin(_ image: Image, _ plane: LesionPlane) -> [Double]? {
    var histograms = [Int](repeating: 0, count: 3 * 256)
    var count = 0
    let columns = plane.box.x..<(plane.box.x + plane.box.width)
    let rows = plane.box.y..<(plane.box.y + plane.box.height)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      for y in Swift.stride(from: 0, to: image.height, by: 4) {
        let isBeside = !rows.contains(y)
        for x in Swift.stride(from: 0, to: image.width, by: 4)
        where isBeside || !columns.contains(x) {
          let at = (y * image.width + x) * 3
          for channel in 0..<3 {
            unsafe histograms[channel << 8 | Int(pixels[at + channel])] += 1
          }
          count += 1
        }
      }
    }
    guard count > 0 else { return nil }
    return (0..<3).map { channel in
      var below = 0
      let median = (0..<256).first { value in
        below += histograms[channel << 8 | value]
        return 2 * below >= count
      }
      return Double(median ?? 255)
    }
  }
}

/// Sums over pixels, exact.
private struct ColorSums {
  var count = 0
  var sums = SIMD3<Int>.zero
  var squares = SIMD3<Int>.zero

  /// Adds the pixels of a row.
  ///
  /// Sixteen pixels at a time are three vectors of sixteen samples, of which number j of vector k is of the
  /// channel (16 k + j) % 3.
  @inline(__always)
  mutating func add(_ pixels: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    var (s0, s1, s2) = (SIMD16<UInt32>.zero, SIMD16<UInt32>.zero, SIMD16<UInt32>.zero)
    var (q0, q1, q2) = (SIMD16<UInt32>.zero, SIMD16<UInt32>.zero, SIMD16<UInt32>.zero)
    var at = 3 * range.lowerBound
    let end = 3 * range.upperBound
    let bytes = UnsafeRawBufferPointer(pixels)
    // A row has at most 16,384 pixels: 2^14 squares of less than 2^16 fit.
    while at + 48 <= end {
      let a = unsafe Self.samples(bytes, at)
      let b = unsafe Self.samples(bytes, at + 16)
      let c = unsafe Self.samples(bytes, at + 32)
      s0 &+= SIMD16(truncatingIfNeeded: a)
      s1 &+= SIMD16(truncatingIfNeeded: b)
      s2 &+= SIMD16(truncatingIfNeeded: c)
      q0 &+= SIMD16(truncatingIfNeeded: a &* a)
      q1 &+= SIMD16(truncatingIfNeeded: b &* b)
      q2 &+= SIMD16(truncatingIfNeeded: c &* c)
      at += 48
    }
    for j in 0..<16 {
      sums[j % 3] &+= Int(s0[j])
      sums[(j + 1) % 3] &+= Int(s1[j])
      sums[(j + 2) % 3] &+= Int(s2[j])
      squares[j % 3] &+= Int(q0[j])
      squares[(j + 1) % 3] &+= Int(q1[j])
      squares[(j + 2) % 3] &+= Int(q2[j])
    }
    var channel = 0
    while at < end {
      let value = unsafe Int(pixels[at])
      sums[channel] &+= value
      squares[channel] &+= value &* value
      channel = channel == 2 ? 0 : channel + 1
      at += 1
    }
    count += range.count
  }

  @inline(__always)
  private static func samples(_ bytes: UnsafeRawBufferPointer, _ at: Int) -> SIMD16<UInt16> {
    SIMD16(
      truncatingIfNeeded: unsafe bytes.loadUnaligned(fromByteOffset: at, as: SIMD16<UInt8>.self))
  }

  mutating func subtract(_ other: ColorSums) {
    count -= other.count
    sums &-= other.sums
    squares &-= other.squares
  }

  var statistics: ColorMeasurements.Statistics {
    let n = Double(count)
    let mean = (0..<3).map { Double(sums[$0]) / n }
    let variance = (0..<3).map { max(0, Double(squares[$0]) / n - mean[$0] * mean[$0]) }
    return .init(
      mean: mean.map { $0.rounded(places: 3) }, variance: variance.map { $0.rounded(places: 3) })
  }
}
