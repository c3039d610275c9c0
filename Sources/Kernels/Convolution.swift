/// The ways this library knows to compute a convolution; the seam where a faster one is added.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// One matrix product per kernel tap and row: every shape, no scratch memory.
  case taps
  /// Winograd's F(4x4, 3x3), a quarter of the multiplications: 3x3 kernels with multiples of eight
  /// channels.
  case winograd

  /// Whether the algorithm can compute a geometry.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    switch self {
    case .taps: true
    case .winograd:
      geometry.kernelSize == 3 && geometry.padding == 1 && geometry.inputChannels % 8 == 0
        && geometry.outputChannels % 8 == 0
    }
  }

  /// The fastest algorithm for a geometry.
  public static func best(for geometry: ConvolutionGeometry) -> ConvolutionAlgorithm {
    winograd.supports(geometry) ? .winograd : .taps
  }
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
    precondition(self.algorithm.supports(geometry), "\(self.algorithm) cannot do \(geometry)")
  }

  /// Scratch memory of a pass.
  public func workspaceNeed(training: Bool) -> Workspace.Need {
    guard algorithm == .winograd else { return .none }
    let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
    let forward = WinogradBlocking(inputChannels: inner, outputChannels: outer).need
    guard training else { return forward }
    return
      forward
      .union(WinogradBlocking(inputChannels: outer, outputChannels: inner).need)
      .union(WinogradGradientBlocking(inputChannels: inner, outputChannels: outer).need)
  }

  /// Writes `output` `[N, H, W, O]` from `input` `[N, H, W, I]`, bias and ReLU included.
  public func forward(
    input: ActivationView, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: ActivationView, pool: ThreadPool, workspace: Workspace
  ) {
    switch algorithm {
    case .taps:
      unsafe tapConvolutionForward(
        geometry, input: input, weight: weight, bias: bias, output: output, pool: pool)
    case .winograd:
      unsafe winogradForward(
        geometry, input: input, weight: weight, bias: bias, output: output, pool: pool,
        workspace: workspace)
    }
  }

  /// Writes, or adds to, the gradient by the input. `outputGradient` is behind the ReLU already
  /// (masked).
  public func inputGradient(
    outputGradient: ActivationView, weight: UnsafePointer<Float>, inputGradient: ActivationView,
    accumulate: Bool, pool: ThreadPool, workspace: Workspace
  ) {
    switch algorithm {
    case .taps:
      unsafe tapConvolutionInputGradient(
        geometry, outputGradient: outputGradient, weight: weight, inputGradient: inputGradient,
        accumulate: accumulate, pool: pool)
    case .winograd:
      unsafe winogradInputGradient(
        geometry, outputGradient: outputGradient, weight: weight, inputGradient: inputGradient,
        accumulate: accumulate, pool: pool, workspace: workspace)
    }
  }

  /// Overwrites the gradients by weight and bias. `outputGradient` is masked already.
  public func parameterGradients(
    input: ActivationView, outputGradient: ActivationView,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>,
    pool: ThreadPool, workspace: Workspace
  ) {
    switch algorithm {
    case .taps:
      unsafe tapConvolutionWeightGradient(
        geometry, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        pool: pool)
    case .winograd:
      unsafe winogradWeightGradient(
        geometry, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        pool: pool, workspace: workspace)
    }
    unsafe channelSums(of: outputGradient, into: biasGradient, pool: pool)
  }
}
