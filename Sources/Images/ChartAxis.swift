import Glibc

/// The range of an axis and the round numbers that are marked on it.
struct ChartAxis {
  /// The value at the beginning of the axis.
  let low: Double
  /// The value at its end, above `low`.
  let high: Double
  /// The marked values.
  let marks: [Double]
  private let places: Int

  /// - Parameters:
  ///   - values: what has to be shown; none gives 0...1.
  ///   - isCount: marks at whole numbers only, and the axis ends at the outermost values; otherwise it
  ///     ends at marks.
  ///   - wanted: about as many marks.
  init(of values: [Double], isCount: Bool, marks wanted: Int) {
    // Larger numbers are no measurements, and their differences might not be numbers at all.
    let limit = 1e15
    var low = max(min(values.min() ?? 0, limit), -limit)
    var high = max(min(values.max() ?? 1, limit), -limit)
    if low == high {
      let margin = isCount ? 1 : max(abs(low) * 0.1, 1e-6)
      (low, high) = (low - margin, high + margin)
    }
    var step = Self.roundStep((high - low) / Double(wanted))
    if isCount { step = max(step, 1) }
    var first = (low / step).rounded(isCount ? .up : .down)
    var last = (high / step).rounded(isCount ? .down : .up)
    // Beyond this a Double no longer tells neighbouring marks apart.
    if !(abs(first) < 1e12 && abs(last) < 1e12) { (first, last) = (0, 0) }
    marks = (Int(first)...max(Int(first), Int(last))).map { Double($0) * step }
    self.low = isCount ? low : min(low, marks.first ?? low)
    self.high = isCount ? high : max(high, marks.last ?? high)
    places = max(0, -Int(log10(step).rounded(.down)))
  }

  /// 1, 2 or 5 times a power of ten, at least `step`.
  private static func roundStep(_ step: Double) -> Double {
    let power = pow(10, log10(step).rounded(.down))
    for factor in [1.0, 2, 5] where factor * power >= step * 0.999 { return factor * power }
    return 10 * power
  }

  /// Where a value lies: 0 at the beginning, 1 at the end; what is far outside is near the edge.
  func share(_ value: Double) -> Double { max(-1, min(2, (value - low) / (high - low))) }

  /// A mark in digits, as many as tell it from its neighbours.
  func label(_ mark: Double) -> String {
    guard places <= 12 else { return "\(mark)" }
    let unit = pow(10, Double(places))
    let scaled = (abs(mark) * unit).rounded()
    guard scaled < 1e15 else { return "\(mark)" }
    let sign = mark < 0 && scaled > 0 ? "-" : ""
    let (whole, rest) = Int(scaled).quotientAndRemainder(dividingBy: Int(unit))
    if places == 0 { return "\(sign)\(whole)" }
    let digits = String(rest)
    return "\(sign)\(whole)." + String(repeating: "0", count: places - digits.count) + digits
  }
}
