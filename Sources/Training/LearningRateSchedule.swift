import Glibc

/// How the learning rate changes over a training run.
public enum LearningRateSchedule: Sendable, Equatable {
  /// The same for all steps.
  case constant(Float)
  /// From 0 evenly up to `peak` over the first share of all steps, then down to 0 along half a cosine
  /// (Loshchilov and Hutter, SGDR, 2017, without restarts).
  case warmUpThenCosine(peak: Float, warmUpShare: Float)

  /// The largest rate of the run.
  public var peak: Float {
    get {
      switch self {
      case .constant(let rate): rate
      case .warmUpThenCosine(let peak, _): peak
      }
    }
    set {
      switch self {
      case .constant: self = .constant(newValue)
      case .warmUpThenCosine(_, let share):
        self = .warmUpThenCosine(peak: newValue, warmUpShare: share)
      }
    }
  }

  /// The rate of one step.
  ///
  /// - Parameters:
  ///   - step: counted from 0.
  ///   - count: steps of the whole run.
  public func rate(step: Int, of count: Int) -> Float {
    switch self {
    case .constant(let rate):
      return rate
    case .warmUpThenCosine(let peak, let share):
      let warmUp = max(1, Float(count) * share)
      // Half a step ahead, so that neither the first nor the last step is lost on a rate of 0.
      let position = Float(step) + 0.5
      if position < warmUp { return peak * position / warmUp }
      let done = min(1, (position - warmUp) / max(1, Float(count) - warmUp))
      return peak * 0.5 * (1 + cosf(.pi * done))
    }
  }
}
