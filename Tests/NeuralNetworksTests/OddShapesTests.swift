import Kernels
import NeuralNetworks
import Testing

/// Inputs and graphs beside the usual: sides that cannot be halved, other ways up, one to eight
/// images.
@Suite struct OddShapesTests {
  /// Two levels with a bilinear way up.
  private static func network(channels: Int, width: Int) -> Network {
    var network = Network()
    func conv(_ name: String, _ from: Int, _ inner: Int, _ outer: Int, last: Bool = false) -> Int {
      network.add(
        name,
        .conv2d(
          Conv2d(
            inputChannels: inner, outputChannels: outer, kernelSize: last ? 1 : 3, hasReLU: !last)),
        from)
    }
    let input = network.add("input", .input(channels: channels))
    let top = conv("top", input, channels, width)
    let pool = network.add("pool", .maxPool2d, top)
    let bottom = conv("bottom", pool, width, 2 * width)
    let up = network.add("up", .upsampleBilinear, bottom)
    let joined = network.add("joined", .concatenate, top, up)
    _ = conv("head", conv("out", joined, 3 * width, width), width, 2, last: true)
    return network
  }

  private static func inputs(_ shape: [Int]) -> Tensor {
    var generator = SeededGenerator(seed: 3)
    var tensor = Tensor(zeros: shape)
    for i in 0..<tensor.count { tensor.values[i] = generator.uniform(-1, 1) }
    return tensor
  }

  @Test(arguments: [1, 3], [(16, 16), (17, 30), (1, 1), (5, 64)])
  func paddedInputsEqualInputsThatThePaddingIsPartOf(
    _ channels: Int, _ side: (height: Int, width: Int)
  ) throws {
    let network = Self.network(channels: channels, width: 12)
    #expect(network.sideMultiple == 2)
    let parameters = ParameterLayout(network).xavierInitialized(seed: 5)
    let (height, width) = ((side.height + 1) / 2 * 2, (side.width + 1) / 2 * 2)
    let small = Self.inputs([2, side.height, side.width, channels])
    var large = Tensor(zeros: [2, height, width, channels])
    for n in 0..<2 {
      for y in 0..<height {
        for x in 0..<width {
          for c in 0..<channels {
            let from =
              ((n * side.height + min(y, side.height - 1)) * side.width + min(x, side.width - 1))
              * channels + c
            large.values[((n * height + y) * width + x) * channels + c] = small.values[from]
          }
        }
      }
    }
    func probabilities(_ inputs: Tensor) throws -> Tensor {
      try InferenceSession(
        network: network, parameters: parameters, inputShape: inputs.shape,
        pool: ThreadPool(threadCount: 2)
      ).probabilities(inputs)
    }
    let (found, expected) = (try probabilities(small), try probabilities(large))
    #expect(found.shape == [2, side.height, side.width])
    for n in 0..<2 {
      for y in 0..<side.height {
        for x in 0..<side.width {
          #expect(
            found.values[(n * side.height + y) * side.width + x]
              == expected.values[(n * height + y) * width + x])
        }
      }
    }
  }

  /// The fast algorithms against plain ones in a whole network, forward and backward.
  @Test(arguments: [1, 2, 3, 5, 8], [1, 2])
  func fastEqualsPlain(_ batch: Int, _ threads: Int) throws {
    let network = Self.network(channels: 3, width: 12)
    let parameters = ParameterLayout(network).xavierInitialized(seed: 5)
    let inputs = Self.inputs([batch, 16, 16, 3])
    var generator = SeededGenerator(seed: 8)
    let labels = (0..<(batch * 256)).map { _ in UInt8(generator.next() & 1) }
    func gradients(plain: Bool) throws -> (Float, [String: Tensor]) {
      let session = try TrainingSession(
        network: network, parameters: parameters, inputShape: inputs.shape,
        pool: ThreadPool(threadCount: threads), plainConvolutions: plain)
      return (
        try session.computeGradients(inputs: inputs, labels: labels).loss, session.gradients
      )
    }
    let (fast, plain) = (try gradients(plain: false), try gradients(plain: true))
    #expect(abs(fast.0 - plain.0) < 1e-6)
    for (name, tensor) in plain.1 {
      let largest = tensor.values.reduce(0) { max($0, abs($1)) }
      let found = try #require(fast.1[name])
      let difference = zip(found.values, tensor.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(difference <= 2e-5 * largest, "\(name): \(difference / largest)")
    }
  }
}
