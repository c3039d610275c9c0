/// The Adam optimiser's settings.
///
/// Source: Kingma and Ba, "Adam: a method for stochastic optimization", algorithm 1.
public struct Adam: Sendable, Equatable {
  /// Step size η.
  public var learningRate: Float
  /// Decay of the mean of gradients.
  public var beta1: Float
  /// Decay of the mean of squared gradients.
  public var beta2: Float
  /// Added to the root, against division by zero.
  public var epsilon: Float

  /// The paper's defaults.
  public init(
    learningRate: Float = 1e-3, beta1: Float = 0.9, beta2: Float = 0.999, epsilon: Float = 1e-8
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
  }
}

/// What Adam remembers between steps, for checkpoints.
public struct OptimizerState: Sendable, Equatable {
  /// Steps taken.
  public var step: Int
  /// Running means of the gradients, by parameter name.
  public var firstMoments: [String: Tensor]
  /// Running means of the squared gradients, by parameter name.
  public var secondMoments: [String: Tensor]

  /// A state read from a checkpoint.
  public init(step: Int, firstMoments: [String: Tensor], secondMoments: [String: Tensor]) {
    self.step = step
    self.firstMoments = firstMoments
    self.secondMoments = secondMoments
  }
}
