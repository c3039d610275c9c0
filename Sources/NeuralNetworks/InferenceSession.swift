import Kernels

/// A network with its parameters and memory, ready to run one input size again and again.
///
/// Memory is reserved once; a run allocates nothing of the activations' size. Inputs whose sides the
/// network cannot halve as often as it wants to are padded at the right and at the bottom with their
/// last pixels, and the output is cut again. Not Sendable.
public final class InferenceSession {
  private let execution: Execution
  /// `[N, H, W, C]` as the caller sees it.
  private let inputShape: [Int]

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
    self.inputShape = inputShape
    let unit = network.sideMultiple
    func padded(_ side: Int) -> Int { (side + unit - 1) / unit * unit }
    execution = try Execution(
      network, batch: inputShape[0], height: padded(inputShape[1]), width: padded(inputShape[2]),
      isTraining: false, pool: pool, plainConvolutions: plainConvolutions)
    try expectShape(inputShape, inputShape, channels: execution.inputShape.channels)
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
    var result = Tensor(
      zeros: [output.batch, inputShape[1], inputShape[2], output.channels])
    unsafe result.values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      let target = unsafe ActivationView(
        base: base, batch: output.batch, height: inputShape[1], width: inputShape[2],
        channels: output.channels)
      copyCommonPart(of: output, to: target, pool: execution.pool)
    }
    return result
  }

  /// Probability of the class "lesion" per pixel, `[N, H, W]`: softmax over the two logits.
  public func probabilities(_ inputs: Tensor) throws(NetworkError) -> Tensor {
    let output = try run(inputs)
    var result = Tensor(zeros: [output.batch, inputShape[1], inputShape[2]])
    unsafe result.values.withUnsafeMutableBufferPointer { values in
      guard let base = values.baseAddress else { return }
      unsafe lesionProbabilities(
        logits: output, height: inputShape[1], width: inputShape[2], into: base,
        pool: execution.pool)
    }
    return result
  }

  /// Where the time of a run goes, layer by layer; medians of `runs` runs after one that does not
  /// count.
  public func layerTimes(
    _ inputs: Tensor, runs: Int, progress: (_ done: Int) -> Void = { _ in }
  ) throws(NetworkError) -> [LayerTime] {
    _ = try run(inputs)
    let clock = LayerClock(nodes: execution.network.nodes.count)
    execution.layerClock = clock
    defer { execution.layerClock = nil }
    for done in 0..<runs {
      progress(done)
      clock.start()
      _ = try run(inputs)
    }
    return execution.layerTimes(clock, count: inputs.shape[0])
  }

  private func run(_ inputs: Tensor) throws(NetworkError) -> ActivationView {
    try expectShape(inputs.shape, inputShape, channels: inputShape[3])
    let count = inputs.shape[0]
    let target = execution.input(count)
    unsafe inputs.values.withUnsafeBufferPointer { values in
      guard let base = values.baseAddress else { return }
      let source = unsafe ActivationView(
        base: UnsafeMutablePointer(mutating: base), batch: count, height: inputShape[1],
        width: inputShape[2], channels: inputShape[3])
      copyCommonPart(of: source, to: target, pool: execution.pool)
      repeatEdges(of: target, height: inputShape[1], width: inputShape[2], pool: execution.pool)
    }
    execution.forward(count)
    return execution.output(count)
  }
}

/// Checks that `shape` is `[N, H, W, C]` of `own`, N from 1 to its own.
private func expectShape(
  _ shape: [Int], _ own: [Int], channels: Int
) throws(NetworkError) {
  let expected = [own[0], own[1], own[2], channels]
  guard shape.count == 4, Array(shape[1...]) == Array(expected[1...]),
    (1...max(1, own[0])).contains(shape[0])
  else { throw .wrongInputShape(found: shape, expected: expected) }
}

extension Network {
  /// What the sides of an input must be multiples of: 2 for each max-pooling on the way.
  public var sideMultiple: Int {
    var levels: [Int] = []
    for node in nodes {
      let level = node.inputs.map { levels[$0] }.max() ?? 0
      switch node.operation {
      case .maxPool2d: levels.append(level + 1)
      case .convTranspose2d, .upsampleNearest, .upsampleBilinear: levels.append(level - 1)
      case .input, .conv2d, .batchNorm2d, .concatenate: levels.append(level)
      }
    }
    return 1 << max(0, levels.max() ?? 0)
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
