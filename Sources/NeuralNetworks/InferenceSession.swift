import Kernels

/// A network with its parameters and memory, ready to run one input size again and again.
///
/// Memory is reserved once; a run allocates nothing of the activations' size. Not Sendable.
public final class InferenceSession {
  private let execution: Execution

  /// Lays out `network` for inputs `[N, H, W, C]` = `inputShape` and copies the parameters in.
  ///
  /// - Throws: `NetworkError` when the shapes do not fit or a parameter is missing.
  public convenience init(
    network: Network, parameters: [String: Tensor], inputShape: [Int], pool: ThreadPool
  ) throws(NetworkError) {
    try self.init(
      network: network, parameters: parameters, inputShape: inputShape, pool: pool,
      plainConvolutions: false)
  }

  /// The same; `plainConvolutions` takes the slow algorithm everywhere, to compare the fast ones
  /// with.
  package init(
    network: Network, parameters: [String: Tensor], inputShape: [Int], pool: ThreadPool,
    plainConvolutions: Bool
  ) throws(NetworkError) {
    precondition(inputShape.count == 4, "the input shape is [N, H, W, C]")
    let (network, parameters) = try network.foldingNormalization(parameters)
    execution = try Execution(
      network, batch: inputShape[0], height: inputShape[1], width: inputShape[2],
      isTraining: false, pool: pool, plainConvolutions: plainConvolutions)
    try execution.expectInput(inputShape)
    try execution.layout.fill(execution.parameters, from: parameters)
  }

  /// Bytes reserved for activations and for parameters.
  public var memoryBytes: (activations: Int, parameters: Int) {
    (execution.arena.count * 4, execution.parameters.count * 4)
  }

  /// The network's output before the softmax, `[N, H, W, classes]`, for inputs `[N, H, W, C]`; N
  /// may be smaller than laid out.
  public func logits(_ inputs: Tensor) throws(NetworkError) -> Tensor {
    let output = try run(inputs)
    var result = Tensor(zeros: [output.batch, output.height, output.width, output.channels])
    unsafe result.values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      let target = unsafe ActivationView(
        base: base, batch: output.batch, height: output.height, width: output.width,
        channels: output.channels)
      copyActivations(output, to: target, accumulate: false, pool: execution.pool)
    }
    return result
  }

  /// Probability of the class "lesion" per pixel, `[N, H, W]`: softmax over the two logits.
  public func probabilities(_ inputs: Tensor) throws(NetworkError) -> Tensor {
    let output = try run(inputs)
    var result = Tensor(zeros: [output.batch, output.height, output.width])
    unsafe result.values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      unsafe lesionProbabilities(logits: output, into: base, pool: execution.pool)
    }
    return result
  }

  /// Where the time of a run goes, layer by layer; medians of `runs` runs after one that does not
  /// count.
  public func layerTimes(_ inputs: Tensor, runs: Int) throws(NetworkError) -> [LayerTime] {
    _ = try run(inputs)
    let clock = LayerClock(nodes: execution.network.nodes.count)
    execution.layerClock = clock
    defer { execution.layerClock = nil }
    for _ in 0..<runs {
      clock.start()
      _ = try run(inputs)
    }
    return execution.layerTimes(clock, count: inputs.shape[0])
  }

  private func run(_ inputs: Tensor) throws(NetworkError) -> ActivationView {
    let count = try execution.load(inputs)
    execution.forward(count)
    return execution.output(count)
  }
}

extension Execution {
  /// Checks that `shape` is `[N, H, W, C]` with N from 1 to `batch`.
  func expectInput(_ shape: [Int]) throws(NetworkError) {
    let own = [batch, inputShape.height, inputShape.width, inputShape.channels]
    guard shape.count == 4, Array(shape[1...]) == Array(own[1...]), (1...batch).contains(shape[0])
    else { throw .wrongInputShape(found: shape, expected: own) }
  }

  /// Copies `[N, H, W, C]` into the input's place and returns N.
  func load(_ inputs: Tensor) throws(NetworkError) -> Int {
    try expectInput(inputs.shape)
    let target = input(inputs.shape[0])
    unsafe inputs.values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      let source = unsafe ActivationView(
        base: UnsafeMutablePointer(mutating: base), batch: target.batch, height: target.height,
        width: target.width, channels: target.channels)
      copyActivations(source, to: target, accumulate: false, pool: pool)
    }
    return inputs.shape[0]
  }
}
