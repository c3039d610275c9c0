/// A small random generator whose numbers depend on its seeds only, on every machine and version.
///
/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). The standard library promises no fixed algorithm
/// for `shuffled` or `random(in:)`, and a resumed training run has to draw the same numbers again.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// Starts from one seed.
  public init(seed: UInt64) {
    state = seed
  }

  /// Starts from a seed and positions under it, for example an epoch and an image's index, so that
  /// one sample can be drawn again without drawing those before it.
  public init(seed: UInt64, _ positions: Int...) {
    state = seed
    for position in positions {
      state = next() ^ UInt64(bitPattern: Int64(position))
    }
    state = next()
  }

  /// The next 64 random bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// A number from `range`, uniform; the lower bound when the range is empty.
  public mutating func uniform(in range: ClosedRange<Float>) -> Float {
    let unit = Float(next() >> 40) * 0x1p-24
    return range.lowerBound + unit * (range.upperBound - range.lowerBound)
  }

  /// True in half of the cases.
  public mutating func coin() -> Bool {
    next() >> 63 == 1
  }

  /// A number from 0 ..< `bound`. `bound` is positive and small against 2^64, so that the bias of the
  /// remainder is below one in 10^12.
  public mutating func index(below bound: Int) -> Int {
    Int(next() % UInt64(bound))
  }

  /// `0 ..< count` in random order (Fisher and Yates).
  public mutating func permutation(of count: Int) -> [Int] {
    var order = Array(0..<count)
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, index(below: last + 1))
    }
    return order
  }
}
