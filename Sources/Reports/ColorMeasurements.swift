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
    var histogram = ColorHistogram()
    unsafe image.pixels.withUnsafeBytes { bytes in
      if step == 1 {
        unsafe all.add(bytes, 0..<pixels)
      } else {
        for y in Swift.stride(from: plane.box.y % step, to: image.height, by: step) {
          unsafe all.add(bytes, (y * image.width)..<((y + 1) * image.width))
        }
      }
      for run in plane.runs where (run.y - plane.box.y) % step == 0 {
        let row = run.y * image.width
        let range = (row + run.columns.lowerBound)..<(row + run.columns.upperBound)
        unsafe inside.add(bytes, range)
        unsafe histogram.add(bytes, range)
      }
    }
    self.inside = inside.statistics
    outside = all.without(inside)
    let counts = LesionColor.counts(histogram.counts, skin: Self.skin(image, plane))
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
    // Twice, for neighbours, which often have the same colour and would wait for each other.
    var histograms = [Int](repeating: 0, count: 2 * 3 * 256)
    var count = 0
    let (left, right) = (plane.box.x, plane.box.x + plane.box.width)
    let rows = plane.box.y..<(plane.box.y + plane.box.height)
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe histograms.withUnsafeMutableBufferPointer { histograms in
        func add(_ columns: Range<Int>, of y: Int) {
          for x in Swift.stride(from: (columns.lowerBound + 3) & ~3, to: columns.upperBound, by: 4)
          {
            let at = (y &* image.width &+ x) &* 3
            let half = (x & 4) &* (3 * 64)
            unsafe histograms[half | Int(pixels[at])] &+= 1
            unsafe histograms[half &+ 256 | Int(pixels[at &+ 1])] &+= 1
            unsafe histograms[half &+ 512 | Int(pixels[at &+ 2])] &+= 1
            count &+= 1
          }
        }
        for y in Swift.stride(from: 0, to: image.height, by: 4) {
          add(0..<(rows.contains(y) ? left : image.width), of: y)
          if rows.contains(y) { add(right..<image.width, of: y) }
        }
      }
    }
    guard count > 0 else { return nil }
    return (0..<3).map { channel in
      var below = 0
      let median = (0..<256).first { value in
        below += histograms[channel << 8 | value] + histograms[(channel + 3) << 8 | value]
        return 2 * below >= count
      }
      return Double(median ?? 255)
    }
  }
}
