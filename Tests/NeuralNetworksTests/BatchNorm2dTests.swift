import Glibc
import Kernels
import NeuralNetworks
import Testing

/// Batch normalisation against plain formulas, finite differences and its folded form.
@Suite struct BatchNorm2dTests {
  static let channels = 8
  static let shape = [3, 8, 6, 2]

  /// 3x3 convolution, normalisation with ReLU, 1x1 head.
  static func network(hasReLU: Bool = true) -> Network {
    var network = Network()
    let input = network.add("input", .input(channels: 2))
    let conv = network.add(
      "conv", .conv2d(Conv2d(inputChannels: 2, outputChannels: channels, hasReLU: false)), input)
    let norm = network.add(
      "norm", .batchNorm2d(BatchNorm2d(channels: channels, hasReLU: hasReLU)), conv)
    network.add(
      "head",
      .conv2d(
        Conv2d(inputChannels: channels, outputChannels: 2, kernelSize: 1, hasReLU: false)), norm)
    return network
  }

  static func parameters(_ network: Network) -> [String: Tensor] {
    var result = ParameterLayout(network).xavierInitialized(seed: 5)
    var generator = SeededGenerator(seed: 6)
    for (name, tensor) in result where name.hasPrefix("norm") || name.hasSuffix("bias") {
      var tensor = tensor
      for i in 0..<tensor.count {
        tensor.values[i] =
          name.hasSuffix("Variance") || name == "norm.weight"
          ? generator.uniform(0.5, 2) : generator.uniform(-0.5, 0.5)
      }
      result[name] = tensor
    }
    return result
  }

  static func inputs() -> (Tensor, [UInt8]) {
    var generator = SeededGenerator(seed: 9)
    var tensor = Tensor(zeros: shape)
    for i in 0..<tensor.count { tensor.values[i] = generator.uniform(-1, 2) }
    return (tensor, (0..<(shape[0] * shape[1] * shape[2])).map { _ in UInt8(generator.next() & 1) })
  }

  static func session(
    _ parameters: [String: Tensor], hasReLU: Bool = true
  ) throws -> TrainingSession {
    try TrainingSession(
      network: network(hasReLU: hasReLU), parameters: parameters, inputShape: shape,
      pool: ThreadPool(threadCount: 2))
  }

  /// Without ReLU, whose kink a finite difference would step over.
  @Test func gradientsMatchFiniteDifferences() throws {
    let (inputs, labels) = Self.inputs()
    let parameters = Self.parameters(Self.network())
    let session = try Self.session(parameters, hasReLU: false)
    _ = try session.computeGradients(inputs: inputs, labels: labels)
    let gradients = session.gradients
    let step: Float = 2e-2
    for name in ["conv.weight", "norm.weight", "norm.bias", "head.weight"] {
      let slope = try #require(gradients[name])
      for i in Swift.stride(from: 0, to: slope.count, by: max(1, slope.count / 12)) {
        var losses: [Float] = []
        for sign in [Float(1), -1] {
          var moved = parameters
          moved[name]?.values[i] += sign * step
          let other = try Self.session(moved, hasReLU: false)
          losses.append(try other.computeGradients(inputs: inputs, labels: labels).loss)
        }
        let expected = (losses[0] - losses[1]) / (2 * step)
        #expect(
          abs(slope.values[i] - expected) < 3e-4, "\(name)[\(i)]: \(slope.values[i]) \(expected)")
      }
    }
    // A bias in front of a normalisation changes nothing.
    #expect(gradients["conv.bias"]?.values.allSatisfy { abs($0) < 1e-6 } == true)
    #expect(gradients["norm.runningMean"]?.values.allSatisfy { $0 == 0 } == true)
  }

  @Test func runningStatisticsFollowTheBatch() throws {
    let (inputs, labels) = Self.inputs()
    let parameters = Self.parameters(Self.network())
    let session = try Self.session(parameters)
    // The convolution's output, from a network that ends there.
    var front = Network()
    let input = front.add("input", .input(channels: 2))
    front.add(
      "conv", .conv2d(Conv2d(inputChannels: 2, outputChannels: Self.channels, hasReLU: false)),
      input)
    let values = try InferenceSession(
      network: front, parameters: parameters, inputShape: Self.shape,
      pool: ThreadPool(threadCount: 1)
    ).logits(inputs).values
    _ = try session.computeGradients(inputs: inputs, labels: labels)
    let after = session.parameters
    for c in 0..<Self.channels {
      let own = Swift.stride(from: c, to: values.count, by: Self.channels).map {
        Double(values[$0])
      }
      let mean = own.reduce(0, +) / Double(own.count)
      let variance =
        own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(own.count - 1)
      let oldMean = Double(try #require(parameters["norm.runningMean"]).values[c])
      let oldVariance = Double(try #require(parameters["norm.runningVariance"]).values[c])
      let newMean = Double(try #require(after["norm.runningMean"]).values[c])
      let newVariance = Double(try #require(after["norm.runningVariance"]).values[c])
      #expect(abs(newMean - (0.9 * oldMean + 0.1 * mean)) < 1e-5)
      #expect(abs(newVariance - (0.9 * oldVariance + 0.1 * variance)) < 1e-5)
    }
  }

  @Test func foldedInferenceEqualsEvaluation() throws {
    let (inputs, labels) = Self.inputs()
    let parameters = Self.parameters(Self.network())
    let session = try Self.session(parameters)
    let loss = try session.evaluate(inputs: inputs, labels: labels).loss
    let probabilities = try InferenceSession(
      network: Self.network(), parameters: parameters, inputShape: Self.shape,
      pool: ThreadPool(threadCount: 2)
    ).probabilities(inputs)
    let logs = zip(probabilities.values, labels).map { -log(Double($1 == 1 ? $0 : 1 - $0)) }
    #expect(abs(Double(loss) - logs.reduce(0, +) / Double(logs.count)) < 1e-5)
    // Evaluation must not move the running statistics.
    #expect(session.parameters["norm.runningMean"] == parameters["norm.runningMean"])
  }
}
