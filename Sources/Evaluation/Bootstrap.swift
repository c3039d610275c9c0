import Datasets

/// A mean, and where it could as well lie with other photographs of the same kind.
public struct MeanInterval: Sendable, Equatable, Codable {
  /// The mean.
  public var mean: Double
  /// The lower end of the 95 % interval.
  public var low: Double
  /// Its upper end.
  public var high: Double

  /// Puts a mean and its interval together.
  public init(mean: Double, low: Double, high: Double) {
    self.mean = mean
    self.low = low
    self.high = high
  }
}

/// The percentile bootstrap: means of samples drawn again and again from the values themselves.
///
/// Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3. The same values,
/// seed and count give the same interval; lists of one length are drawn from in the same order, so that
/// differences stay paired. Cost: `resamples` x values.
public struct Bootstrap: Sendable {
  /// How many samples are drawn.
  public var resamples: Int
  /// Decides which.
  public var seed: UInt64

  /// A bootstrap of fixed random numbers.
  public init(resamples: Int = 10_000, seed: UInt64 = 1) {
    precondition(resamples > 0, "at least one sample is drawn")
    self.resamples = resamples
    self.seed = seed
  }

  /// The mean of values and its 95 % interval; nil without values. Of a single value, both ends are itself.
  public func interval(of values: [Double]) -> MeanInterval? {
    guard !values.isEmpty else { return nil }
    var generator = SeededGenerator(seed: seed)
    let count = UInt64(values.count)
    var means: [Double] = []
    means.reserveCapacity(resamples)
    for _ in 0..<resamples {
      var sum = 0.0
      for _ in 0..<values.count {
        // The upper half of a product is evenly spread over 0..<count, as far as 2^64 allows.
        sum += values[Int(generator.next().multipliedFullWidth(by: count).high)]
      }
      means.append(sum / Double(values.count))
    }
    means.sort()
    return MeanInterval(
      mean: values.reduce(0, +) / Double(values.count), low: percentile(means, 0.025),
      high: percentile(means, 0.975))
  }
}
