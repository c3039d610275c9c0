/// Sums of the red, green and blue of pixels and of their squares, exact.
struct ColorSums {
  private(set) var count = 0
  /// Of what does not fill a block, [red, green, blue].
  private var rest = (sums: SIMD3<Int>.zero, squares: SIMD3<Int>.zero)
  /// Of whole blocks, by the shift of their lanes.
  private var lanes = [Lanes<WideSum>](repeating: .init(.init()), count: 3)

  /// Adds pixels that lie one behind the other.
  ///
  /// - Parameters:
  ///   - pixels: `[pixel, 3]`.
  ///   - range: of pixels; fewer than 2^28 in all ranges together.
  mutating func add(_ pixels: UnsafeRawBufferPointer, _ range: Range<Int>) {
    var at = 3 * range.lowerBound
    let end = 3 * range.upperBound
    while at + Self.blockBytes <= end {
      let blocks = min((end - at) / Self.blockBytes, Self.blockLimit)
      unsafe addBlocks(blocks, in: pixels, from: at)
      at += blocks * Self.blockBytes
    }
    while at < end {
      let color = unsafe SIMD3(Int(pixels[at]), Int(pixels[at + 1]), Int(pixels[at + 2]))
      rest.sums &+= color
      rest.squares &+= color &* color
      at += 3
    }
    count += range.count
  }

  /// 32 pixels.
  private static let blockBytes = 96
  /// So many times two samples of at most 255 fit into 16 bits.
  private static let blockLimit = 128

  /// Adds whole blocks.
  ///
  /// Read as numbers of 16 bits, two neighbouring samples are one: its low byte is the first, its high byte the
  /// second. That takes samples apart without a conversion. In a block there are three kinds of lanes: lane j is
  /// of the channel (2 j + shift) % 3.
  private mutating func addBlocks(
    _ count: Int, in bytes: UnsafeRawBufferPointer, from start: Int
  ) {
    var a = Lanes(SIMD16<UInt16>.zero)
    var (b, c) = (a, a)
    for block in 0..<count {
      let at = start &+ block &* Self.blockBytes
      let first = unsafe bytes.loadUnaligned(fromByteOffset: at, as: SIMD16<UInt16>.self)
      let second = unsafe bytes.loadUnaligned(fromByteOffset: at &+ 32, as: SIMD16<UInt16>.self)
      let third = unsafe bytes.loadUnaligned(fromByteOffset: at &+ 64, as: SIMD16<UInt16>.self)
      a.add(first & 255)
      b.add(first &>> 8)
      c.add(second & 255)
      a.add(second &>> 8)
      b.add(third & 255)
      c.add(third &>> 8)
    }
    lanes[0].add(a)
    lanes[1].add(b)
    lanes[2].add(c)
  }

  /// What was added here and not there, to which nothing was added that was not added here.
  func without(_ other: ColorSums) -> ColorMeasurements.Statistics? {
    count > other.count
      ? statistics(
        count: count - other.count, sums: sums &- other.sums, squares: squares &- other.squares)
      : nil
  }

  /// Of all pixels; there is at least one.
  var statistics: ColorMeasurements.Statistics {
    statistics(count: count, sums: sums, squares: squares)
  }

  private var sums: SIMD3<Int> { rest.sums &+ total { $0.sums[$1] } }

  private var squares: SIMD3<Int> {
    rest.squares &+ total { $0.low[$1] + $0.high[$1] << 8 }
  }

  /// The total of lanes for each channel.
  private func total(_ value: (Lanes<WideSum>, _ lane: Int) -> Int) -> SIMD3<Int> {
    var total = SIMD3<Int>.zero
    for (shift, part) in lanes.enumerated() {
      for lane in 0..<16 { total[(2 * lane + shift) % 3] += value(part, lane) }
    }
    return total
  }

  private func statistics(
    count: Int, sums: SIMD3<Int>, squares: SIMD3<Int>
  ) -> ColorMeasurements.Statistics {
    let n = Double(count)
    let mean = (0..<3).map { Double(sums[$0]) / n }
    let variance = (0..<3).map { max(0, Double(squares[$0]) / n - mean[$0] * mean[$0]) }
    return .init(
      mean: mean.map { $0.rounded(places: 3) }, variance: variance.map { $0.rounded(places: 3) })
  }
}

/// Sixteen sums of samples side by side, and of their squares' low and high bytes.
private struct Lanes<Sum> {
  var sums: Sum
  var low: Sum
  var high: Sum

  init(_ zero: Sum) { (sums, low, high) = (zero, zero, zero) }
}

extension Lanes<SIMD16<UInt16>> {
  @inline(__always)
  fileprivate mutating func add(_ samples: SIMD16<UInt16>) {
    let squares = samples &* samples
    sums &+= samples
    low &+= squares & 255
    high &+= squares &>> 8
  }
}

extension Lanes<WideSum> {
  fileprivate mutating func add(_ lanes: Lanes<SIMD16<UInt16>>) {
    sums.add(lanes.sums)
    low.add(lanes.low)
    high.add(lanes.high)
  }
}

/// Sixteen sums side by side, of 32 bits.
private struct WideSum {
  private var even = SIMD8<UInt32>.zero
  private var odd = SIMD8<UInt32>.zero

  @inline(__always)
  mutating func add(_ lanes: SIMD16<UInt16>) {
    let pairs = unsafe unsafeBitCast(lanes, to: SIMD8<UInt32>.self)
    even &+= pairs & 0xFFFF
    odd &+= pairs &>> 16
  }

  subscript(lane: Int) -> Int { Int(lane % 2 == 0 ? even[lane / 2] : odd[lane / 2]) }
}
