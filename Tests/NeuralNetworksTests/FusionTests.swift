import Kernels
import NeuralNetworks
import Testing

/// What convolutions do on the way at inference, against one layer after the other.
@Suite struct FusionTests {
  private static func conv(
    _ network: inout Network, _ name: String, _ from: Int, _ inner: Int, _ outer: Int
  ) -> Int {
    network.add(name, .conv2d(Conv2d(inputChannels: inner, outputChannels: outer)), from)
  }

  private static func head(_ network: inout Network, _ from: Int, _ inner: Int) {
    network.add(
      "head",
      .conv2d(Conv2d(inputChannels: inner, outputChannels: 2, kernelSize: 1, hasReLU: false)), from)
  }

  /// A concatenation of three parts, one read by two convolutions, one that is pooled and so must
  /// exist, and a head.
  private static func network(width: Int) -> Network {
    var network = Network()
    let input = network.add("input", .input(channels: 3))
    let a = conv(&network, "a", input, 3, width)
    let b = conv(&network, "b", a, width, 2 * width)
    let three = network.add("three", .concatenate, a, b, a)
    let c = conv(&network, "c", three, 4 * width, width)
    let two = network.add("two", .concatenate, c, a)
    let d = conv(&network, "d", two, 2 * width, width)
    let e = conv(&network, "e", two, 2 * width, width)
    let pooled = network.add("pooled", .concatenate, d, e)
    let pool = network.add("pool", .maxPool2d, pooled)
    let f = conv(&network, "f", pool, 2 * width, width)
    let up = network.add("up", .upsampleNearest, f)
    let last = network.add("last", .concatenate, d, up)
    head(&network, conv(&network, "g", last, 2 * width, width), width)
    return network
  }

  @Test(arguments: [8, 16, 20, 48], [(16, 16), (34, 58), (96, 80)])
  func fusedIsWhatPlainIs(_ width: Int, _ side: (height: Int, width: Int)) throws {
    let network = Self.network(width: width)
    let parameters = ParameterLayout(network).xavierInitialized(seed: 9)
    var generator = SeededGenerator(seed: 10)
    var inputs = Tensor(zeros: [2, side.height, side.width, 3])
    for i in 0..<inputs.count { inputs.values[i] = generator.uniform(-1, 1) }
    for threads in [1, 2] {
      func logits(plain: Bool) throws -> Tensor {
        try InferenceSession(
          network: network, parameters: parameters, inputShape: inputs.shape,
          pool: ThreadPool(threadCount: threads), plainConvolutions: plain
        ).logits(inputs)
      }
      let (fused, plain) = (try logits(plain: false), try logits(plain: true))
      let largest = plain.values.map(abs).max() ?? 0
      let error = zip(fused.values, plain.values).map { abs($0 - $1) }.max() ?? .infinity
      #expect(largest > 0 && error < 2e-5 * largest)
    }
  }

  /// The skipped-over plane waits, but the concatenation that will hold it takes no memory before
  /// its other part is there.
  @Test func aConcatenationTakesNoMemoryOfItsOwn() throws {
    var network = Network()
    let input = network.add("input", .input(channels: 1))
    let top = Self.conv(&network, "top", input, 1, 16)
    let pool = network.add("pool", .maxPool2d, top)
    let bottom = Self.conv(
      &network, "second", Self.conv(&network, "first", pool, 16, 128), 128, 128)
    let narrow = Self.conv(&network, "narrow", bottom, 128, 64)
    let up = network.add("up", .upsampleNearest, narrow)
    let joined = network.add("joined", .concatenate, top, up)
    Self.head(&network, Self.conv(&network, "last", joined, 80, 16), 16)
    let side = 256
    let session = try InferenceSession(
      network: network, parameters: ParameterLayout(network).xavierInitialized(seed: 1),
      inputShape: [1, side, side, 1], pool: ThreadPool(threadCount: 2))
    // At "second": 16 channels above, 2 * 128 / 4 below, and scratch memory; 64 more with the joined.
    #expect(session.memoryBytes.activations < 125 * side * side * 4)
  }
}
