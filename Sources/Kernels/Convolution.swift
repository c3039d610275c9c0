/// The ways this library knows to compute a convolution; the seam where a faster one is added.
public enum ConvolutionAlgorithm: String, Sendable, CaseIterable {
  /// One BLAS product per kernel tap and row: every shape, no scratch memory. Nothing chooses it;
  /// the others are compared with it.
  case taps
  /// A product of patches: every shape.
  case patches
  /// Winograd's F(4x4, 3x3) or F(6x6, 3x3), a quarter or a fifth of the multiplications: 3x3
  /// kernels.
  case winograd

  /// Whether the algorithm can compute a geometry.
  public func supports(_ geometry: ConvolutionGeometry) -> Bool {
    switch self {
    case .taps, .patches: true
    case .winograd: geometry.kernelSize == 3 && geometry.padding == 1
    }
  }

  /// The fastest algorithm for a geometry. Channels are computed in blocks of 16, so with a few the
  /// transforms of mostly zeros cost more than they save.
  public static func best(for geometry: ConvolutionGeometry) -> ConvolutionAlgorithm {
    let isWorthIt = geometry.inputChannels >= 8 && geometry.outputChannels >= 8
    return isWorthIt && winograd.supports(geometry) ? .winograd : .patches
  }
}

/// A 1x1 convolution to two channels, without ReLU, that another convolution computes from its own
/// output, which is then not written: it saves writing and reading a network's largest plane.
@safe public struct ConvolutionHead {
  let weight: UnsafePointer<Float>
  let bias: UnsafePointer<Float>
  let output: ActivationView

  /// Weights `[1, 1, I, 2]`, bias `[2]` and what is written, `[N, H, W, 2]`.
  public init(weight: UnsafePointer<Float>, bias: UnsafePointer<Float>, output: ActivationView) {
    precondition(output.channels == Self.outputs)
    unsafe (self.weight, self.bias, self.output) = unsafe (weight, bias, output)
  }

  /// Channels of a head.
  public static let outputs = 2
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

  /// Scratch memory of the passes over `batch` images of `height` x `width` on `threads` threads.
  public func workspaceNeed(
    batch: Int, height: Int, width: Int, threads: Int, training: Bool
  ) -> Workspace.Need {
    let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
    func plan(_ inner: Int, _ outer: Int) -> Workspace.Need {
      WinogradPlan(
        inputChannels: inner, outputChannels: outer, batch: batch, height: height, width: width,
        threads: threads
      ).need
    }
    switch algorithm {
    case .taps: return .none
    case .patches: return patchWorkspaceNeed(geometry, width: width, training: training)
    case .winograd:
      guard training else { return plan(inner, outer) }
      let gradient = WinogradGradientPlan(
        inputChannels: inner, outputChannels: outer, batch: batch, height: height, width: width)
      return plan(inner, outer).union(plan(outer, inner)).union(gradient.need)
    }
  }

  /// What runs, as people write it: "F(6x6, 3x3)", "patches", "taps".
  public func algorithmName(batch: Int, height: Int, width: Int) -> String {
    guard algorithm == .winograd else { return algorithm.rawValue }
    let tile = forwardPlan(batch, height, width).tile
    return "F(\(tile)x\(tile), 3x3)"
  }

  /// Floating-point operations of the forward pass's products, channels rounded up to blocks.
  public func productOperations(batch: Int, height: Int, width: Int) -> Double {
    let blocked = blockCount(geometry.outputChannels) * blockChannels
    switch algorithm {
    case .taps: return geometry.operations(pixels: batch * height * width)
    case .patches:
      let patch = geometry.kernelSize * geometry.kernelSize * geometry.inputChannels
      return 2 * Double(batch * height * width)
        * Double(blockCount(patch) * blockChannels * blocked)
    case .winograd:
      let plan = forwardPlan(batch, height, width)
      return 2 * Double(plan.positions * plan.tileCount)
        * Double(plan.inputBlocks * blockChannels * blocked)
    }
  }

  private func forwardPlan(_ batch: Int, _ height: Int, _ width: Int) -> WinogradPlan {
    WinogradPlan(
      inputChannels: geometry.inputChannels, outputChannels: geometry.outputChannels,
      batch: batch, height: height, width: width, threads: 1)
  }

  /// Whether `forward` can pool on the way.
  public var canPool: Bool { algorithm == .winograd }

  /// Whether `forward` reads parts of so many channels without their being side by side in memory.
  public func canJoin(_ channels: [Int]) -> Bool {
    algorithm == .winograd && channels.dropLast().allSatisfy { $0 % blockChannels == 0 }
  }

  /// Writes `output` `[N, H, W, O]` from `input`, which is `[N, H, W, I]` in one part or, where it
  /// `canJoin` them, in several with the channels of one after those of the other; bias and ReLU included; and `pooled`
  /// `[N, H / 2, W / 2, O]`, when given, the largest of each 2x2 pixels, which saves reading them again.
  public func forward(
    input: [ActivationView], weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: ActivationView, pooled: ActivationView? = nil, pool: ThreadPool, workspace: Workspace
  ) {
    precondition(pooled == nil || canPool, "\(algorithm) does not pool")
    precondition(input.count == 1 || canJoin(input.map(\.channels)), "cannot join these channels")
    switch algorithm {
    case .taps:
      unsafe tapConvolutionForward(
        geometry, input: input[0], weight: weight, bias: bias, output: output, pool: pool)
    case .patches:
      unsafe patchConvolutionForward(
        geometry, input: input[0], weight: weight, bias: bias, output: output, pool: pool,
        workspace: workspace)
    case .winograd:
      unsafe winogradForward(
        geometry, input: input, weight: weight, bias: bias, output: output, pooled: pooled,
        pool: pool, workspace: workspace)
    }
  }

  /// Whether `forward` can compute a head of images of `height` x `width` on the way.
  public func canComputeHead(height: Int, width: Int, threads: Int) -> Bool {
    guard algorithm == .winograd else { return false }
    // More images never make the chunks of outputs smaller.
    let plan = WinogradPlan(
      inputChannels: geometry.inputChannels, outputChannels: geometry.outputChannels, batch: 1,
      height: height, width: width, threads: threads)
    return plan.chunk >= geometry.outputChannels
  }

  /// Scratch memory that a head needs on top of `workspaceNeed`.
  public var headWorkspaceNeed: Workspace.Need {
    Workspace.Need(
      shared: blockCount(geometry.outputChannels) * blockChannels * ConvolutionHead.outputs,
      perThread: 0)
  }

  /// Writes the head of what the other `forward` would write: bit-equal to computing it afterwards.
  public func forward(
    input: [ActivationView], weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    head: ConvolutionHead, pool: ThreadPool, workspace: Workspace
  ) {
    unsafe winogradForward(
      geometry, input: input, weight: weight, bias: bias, head: head, pool: pool,
      workspace: workspace)
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
    case .patches:
      unsafe patchConvolutionInputGradient(
        geometry, outputGradient: outputGradient, weight: weight, inputGradient: inputGradient,
        accumulate: accumulate, pool: pool, workspace: workspace)
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
    case .patches:
      unsafe patchConvolutionWeightGradient(
        geometry, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        pool: pool, workspace: workspace)
    case .winograd:
      unsafe winogradWeightGradient(
        geometry, input: input, outputGradient: outputGradient, weightGradient: weightGradient,
        pool: pool, workspace: workspace)
    }
    unsafe channelSums(of: outputGradient, into: biasGradient, pool: pool)
  }
}
