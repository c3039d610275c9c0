import Kernels

/// Everything one training run needs in memory: parameters, activations, gradients and Adam's
/// moments.
///
/// Memory: 4 times the parameters plus the activations and gradients that the plan keeps. Not
/// Sendable.
public final class TrainingSession {
  private let execution: Execution
  private let parameterGradients: FloatBuffer
  private let firstMoments: FloatBuffer
  private let secondMoments: FloatBuffer
  private var step = 0
  /// What is minimised.
  public var lossFunction = SegmentationLoss.crossEntropy

  /// Lays out training of `network` on batches of at most `inputShape` = `[N, H, W, C]`.
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
    execution = try Execution(
      network, batch: inputShape[0], height: inputShape[1], width: inputShape[2],
      isTraining: true, pool: pool, plainConvolutions: plainConvolutions)
    try execution.expectInput(inputShape)
    try execution.layout.fill(execution.parameters, from: parameters)
    parameterGradients = FloatBuffer(count: execution.layout.totalCount)
    firstMoments = FloatBuffer(count: execution.layout.totalCount)
    secondMoments = FloatBuffer(count: execution.layout.totalCount)
  }

  /// Bytes reserved for activations and their gradients, and for parameters with everything Adam
  /// needs.
  public var memoryBytes: (activations: Int, parameters: Int) {
    (execution.arena.count * 4, 4 * execution.parameters.count * 4)
  }

  /// Forward pass, loss and backward pass; the gradients are ready for `applyStep`.
  ///
  /// - Parameters:
  ///   - inputs: `[N, H, W, C]`; N may be smaller than the session's.
  ///   - labels: `[N, H, W]`, 0 background and 1 lesion.
  /// - Returns: the mean loss over all pixels and the counts of the batch.
  public func computeGradients(
    inputs: Tensor, labels: [UInt8]
  ) throws(NetworkError) -> BatchResult {
    let count = try execution.load(inputs)
    execution.forward(count, learning: true)
    let result = try loss(count, labels, withGradient: true)
    execution.backward(count, parameterGradients: parameterGradients)
    return result
  }

  /// Where the time of `computeGradients` goes, layer by layer; medians of `runs` runs after one
  /// that does not count.
  public func layerTimes(
    inputs: Tensor, labels: [UInt8], runs: Int, progress: (_ done: Int) -> Void = { _ in }
  ) throws(NetworkError) -> [LayerTime] {
    _ = try computeGradients(inputs: inputs, labels: labels)
    let clock = LayerClock(nodes: execution.network.nodes.count)
    execution.layerClock = clock
    defer { execution.layerClock = nil }
    for done in 0..<runs {
      progress(done)
      clock.start()
      _ = try computeGradients(inputs: inputs, labels: labels)
    }
    return execution.layerTimes(clock, count: inputs.shape[0])
  }

  /// Forward pass and loss only, normalised by the running statistics.
  public func evaluate(inputs: Tensor, labels: [UInt8]) throws(NetworkError) -> BatchResult {
    let count = try execution.load(inputs)
    execution.forward(count)
    return try loss(count, labels, withGradient: false)
  }

  /// Moves the parameters against the gradients of the last `computeGradients`.
  public func applyStep(_ optimizer: Adam) {
    step += 1
    unsafe adamUpdate(
      parameters: execution.parameters.base, gradients: parameterGradients.base,
      firstMoments: firstMoments.base, secondMoments: secondMoments.base,
      count: execution.parameters.count, step: step, learningRate: optimizer.learningRate,
      beta1: optimizer.beta1, beta2: optimizer.beta2, epsilon: optimizer.epsilon,
      pool: execution.pool)
  }

  /// The parameters now, by name.
  public var parameters: [String: Tensor] { execution.layout.tensors(in: execution.parameters) }

  /// Replaces the parameters; the moments stay.
  public func setParameters(_ parameters: [String: Tensor]) throws(NetworkError) {
    try execution.layout.fill(execution.parameters, from: parameters)
  }

  /// The gradients of the last `computeGradients`, by name.
  public var gradients: [String: Tensor] { execution.layout.tensors(in: parameterGradients) }

  /// Replaces the gradients, so that the optimiser can be checked alone.
  package func setGradients(_ gradients: [String: Tensor]) throws(NetworkError) {
    try execution.layout.fill(parameterGradients, from: gradients)
  }

  /// Adam's step count and moments, to be stored in a checkpoint.
  public var optimizerState: OptimizerState {
    OptimizerState(
      step: step, firstMoments: execution.layout.tensors(in: firstMoments),
      secondMoments: execution.layout.tensors(in: secondMoments))
  }

  /// Goes on from a checkpoint's optimiser state.
  ///
  /// - Throws: `NetworkError` when a moment is missing or has another shape than its parameter.
  public func restore(_ state: OptimizerState) throws(NetworkError) {
    try execution.layout.fill(firstMoments, from: state.firstMoments)
    try execution.layout.fill(secondMoments, from: state.secondMoments)
    step = state.step
  }

  private func loss(
    _ count: Int, _ labels: [UInt8], withGradient: Bool
  ) throws(NetworkError) -> BatchResult {
    let logits = execution.output(count)
    let expected = [count, logits.height, logits.width]
    guard labels.count == logits.pixels else {
      throw .wrongInputShape(found: [labels.count], expected: expected)
    }
    let (value, tally) = unsafe labels.withUnsafeBufferPointer { labels in
      guard let base = labels.baseAddress else { return (0.0, PixelTally()) }
      return unsafe segmentationLoss(
        lossFunction, logits: logits, labels: base,
        gradient: withGradient ? execution.outputGradient(count) : nil, pool: execution.pool)
    }
    return BatchResult(
      loss: Float(value), correctPixels: tally.correct, intersection: tally.intersection,
      predicted: tally.predicted, truth: tally.truth, pixels: tally.pixels)
  }
}

/// Loss and counts of one batch; counts are pixels.
public struct BatchResult: Sendable, Equatable {
  /// The session's loss: mean over pixels of -log softmax(logits)[label], natural logarithm, and
  /// Dice if it was asked for.
  public var loss: Float
  /// Pixels whose class is right.
  public var correctPixels: Int
  /// Pixels that are lesion in both prediction and label.
  public var intersection: Int
  /// Pixels predicted as lesion.
  public var predicted: Int
  /// Pixels labelled as lesion.
  public var truth: Int
  /// All pixels.
  public var pixels: Int
}
