import Kernels
import NeuralNetworks
import Testing

/// The plan's promise: blocks that are needed at the same time never overlap, and memory is reused.
@Suite struct MemoryPlanTests {
  @Test func blocksNeededTogetherNeverOverlap() {
    var generator = SeededGenerator(seed: 11)
    for _ in 0..<200 {
      let requests = (0..<Int(1 + generator.next() % 40)).map { _ in
        let first = Int(generator.next() % 30)
        return MemoryRequest(
          count: Int(1 + generator.next() % 1000), first: first,
          last: first + Int(generator.next() % 10))
      }
      let plan = MemoryPlan(requests)
      for (i, a) in requests.enumerated() {
        #expect(plan.offsets[i] >= 0 && plan.offsets[i] % 16 == 0)
        #expect(plan.offsets[i] + a.count <= plan.totalCount)
        for (j, b) in requests.enumerated() where j < i && a.first <= b.last && b.first <= a.last {
          let isApart =
            plan.offsets[i] + a.count <= plan.offsets[j]
            || plan.offsets[j] + b.count <= plan.offsets[i]
          #expect(isApart)
        }
      }
    }
  }

  @Test func aChainNeedsTwoBlocks() {
    let chain = (0..<20).map { MemoryRequest(count: 1000, first: $0, last: $0 + 1) }
    #expect(MemoryPlan(chain).totalCount == 2 * 1008)
  }

  /// An input of a concatenation that is also read afterwards, one that two concatenations share
  /// and the image itself: none of them can be laid into the concatenation, so their values and
  /// gradients have to be copied and added.
  @Test(arguments: [1, 2]) func sharedInputsOfConcatenations(_ threads: Int) throws {
    var network = Network()
    let image = network.add("input", .input(channels: 8))
    let a = network.add("a", .conv2d(Conv2d(inputChannels: 8, outputChannels: 8)), image)
    let first = network.add("first", .concatenate, a, image)
    let b = network.add("b", .conv2d(Conv2d(inputChannels: 16, outputChannels: 8)), first)
    let second = network.add("second", .concatenate, b, a, b)
    let c = network.add("c", .conv2d(Conv2d(inputChannels: 24, outputChannels: 8)), second)
    let third = network.add("third", .concatenate, c, a)
    network.add(
      "head",
      .conv2d(Conv2d(inputChannels: 16, outputChannels: 2, kernelSize: 1, hasReLU: false)), third)
    let parameters = ParameterLayout(network).xavierInitialized(seed: 4)
    var generator = SeededGenerator(seed: 5)
    var inputs = Tensor(zeros: [2, 8, 12, 8])
    for i in 0..<inputs.count { inputs.values[i] = generator.uniform(-1, 1) }
    let labels = (0..<(2 * 8 * 12)).map { _ in UInt8(generator.next() & 1) }
    func session(_ parameters: [String: Tensor]) throws -> TrainingSession {
      try TrainingSession(
        network: network, parameters: parameters, inputShape: inputs.shape,
        pool: ThreadPool(threadCount: threads))
    }
    let own = try session(parameters)
    _ = try own.computeGradients(inputs: inputs, labels: labels)
    let gradients = own.gradients
    for name in ["a.weight", "b.weight", "c.weight", "head.weight", "a.bias"] {
      let slope = try #require(gradients[name])
      for i in stride(from: 0, to: slope.count, by: max(1, slope.count / 7)) {
        var losses: [Float] = []
        for sign in [Float(1), -1] {
          var moved = parameters
          moved[name]?.values[i] += sign * 0.01
          losses.append(try session(moved).evaluate(inputs: inputs, labels: labels).loss)
        }
        let expected = (losses[0] - losses[1]) / 0.02
        #expect(abs(slope.values[i] - expected) < 1e-3, "\(name)[\(i)]")
      }
    }
  }

  @Test func graphsThatDoNotFitAreErrors() {
    var network = Network()
    let image = network.add("input", .input(channels: 3))
    network.add("conv", .conv2d(Conv2d(inputChannels: 4, outputChannels: 8)), image)
    #expect(throws: NetworkError.self) { _ = try network.shapes(height: 8, width: 8) }
    var odd = Network()
    odd.add("pool", .maxPool2d, odd.add("input", .input(channels: 3)))
    #expect(throws: NetworkError.self) { _ = try odd.shapes(height: 7, width: 8) }
    #expect(throws: NetworkError.self) { _ = try Network().shapes(height: 8, width: 8) }
  }
}
