/// How fast photographs are done, to say when those that wait will be.
package struct Pace {
  package typealias Instant = ContinuousClock.Instant

  /// The last so many photographs count.
  private static let memory = 20

  private var secondsEach = 0.0
  private var count = 0
  private var last: Instant?

  package init() {}

  /// Takes note of a photograph that is done.
  ///
  /// - Parameter time: How long it was in work; several can be at once, and between two there may have
  ///   been nothing to do, so the time since the one before counts if it is shorter.
  package mutating func finished(in time: Duration, at now: Instant) {
    let sample = last.map { min(time, now - $0) } ?? time
    last = now
    count = min(count + 1, Self.memory)
    secondsEach += (sample / .seconds(1) - secondsEach) / Double(count)
  }

  /// In how many seconds so many will be done; nil before anything is known.
  package func seconds(for waiting: Int) -> Double? {
    count < 3 ? nil : secondsEach * Double(waiting)
  }
}

/// A time in words, as exact as a forecast can be: `4 s`, `3 min`, `2.5 h`.
package func roughTime(_ seconds: Double) -> String {
  switch seconds {
  case ..<90: "\(Int(seconds.rounded(.up))) s"
  case ..<5400: "\(Int((seconds / 60).rounded())) min"
  default: "\(Double(Int((seconds / 1800).rounded())) / 2) h"
  }
}
