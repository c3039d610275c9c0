/// The ways this library knows to compute a convolution; the seam where a faster one is added.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// One matrix product per kernel tap and row: every shape, no scratch memory.
  case taps

  /// The algorithm used for a geometry.
  public static func best(for geometry: ConvolutionGeometry) -> ConvolutionAlgorithm { .taps }
}

/// One convolution with the algorithm chosen for it.
public struct Convolution: Sendable {
  /// What is computed.
  public let geometry: ConvolutionGeometry
  /// How.
  public let algorithm: ConvolutionAlgorithm

  /// Chooses the algorithm unless one is given.
  public init(_ geometry: ConvolutionGeometry, algorithm: ConvolutionAlgorithm? = nil) {
    self.geometry = geometry
    self.algorithm = algorithm ?? .best(for: geometry)
  }

  /// Writes `output` `[N, H, W, O]` from `input` `[N, H, W, I]`, bias and ReLU included.
  public func forward(
    input: ActivationView, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: ActivationView, pool: ThreadPool
  ) {
    switch algorithm {
    case .taps:
      unsafe tapConvolutionForward(
        geometry, input: input, weight: weight, bias: bias, output: output, pool: pool)
    }
  }

  /// Writes, or adds to, the gradient by the input. `outputGradient` is behind the ReLU already (masked).
  public func inputGradient(
    outputGradient: ActivationView, weight: UnsafePointer<Float>, inputGradient: ActivationView,
    accumulate: Bool, pool: ThreadPool
  ) {
    switch algorithm {
    case .taps:
      unsafe tapConvolutionInputGradient(
        geometry, outputGradient: outputGradient, weight: weight, inputGradient: inputGradient,
        accumulate: accumulate, pool: pool)
    }
  }

  /// Overwrites the gradients by weight and bias. `outputGradient` is masked already.
  public func parameterGradients(
    input: ActivationView, outputGradient: ActivationView,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>,
    pool: ThreadPool
  ) {
    switch algorithm {
    case .taps:
      unsafe tapConvolutionWeightGradient(
        geometry, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        pool: pool)
    }
    unsafe channelSums(of: outputGradient, into: biasGradient, pool: pool)
  }
}
