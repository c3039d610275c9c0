import NeuralNetworks

/// A running average of a network's weights, which is steadier than the weights of any one step.
///
/// `average += (weights - average) * (1 - decay)` after every step. Source: Polyak and Juditsky 1992; the
/// form with a decay is that of Tarvainen and Valpola, "Mean teachers", 2017. While few steps are done the
/// decay is smaller, `(1 + step) / (10 + step)`, so that the first random weights are soon forgotten.
struct WeightAverage: Sendable, Equatable {
  /// The averages by the names of the weights.
  private(set) var values: [String: Tensor]

  /// Begins with these weights.
  init(_ parameters: [String: Tensor]) {
    values = parameters
  }

  /// Takes in the weights after a step.
  ///
  /// - Parameters:
  ///   - parameters: the same names and shapes as before.
  ///   - step: steps that were done, counted from 1 over the whole run.
  ///   - decay: in 0 ..< 1; how much of the average stays.
  mutating func add(_ parameters: [String: Tensor], step: Int, decay: Float) {
    let share = 1 - min(decay, Float(1 + step) / Float(10 + step))
    for name in values.keys {
      guard let new = parameters[name] else { continue }
      values[name]?.values.approach(new.values, by: share)
    }
  }
}

extension [Float] {
  fileprivate mutating func approach(_ target: [Float], by share: Float) {
    for index in 0..<Swift.min(count, target.count) {
      self[index] += (target[index] - self[index]) * share
    }
  }
}
