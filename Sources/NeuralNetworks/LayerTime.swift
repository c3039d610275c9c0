import Kernels

/// Where the time of one layer goes: a row of `dermseg bench layers`.
public struct LayerTime: Sendable {
  /// The node's name, as in `enc0.conv1`.
  public var name: String
  /// "conv 3x3", "max-pool", ...
  public var operation: String
  /// What computes it, as in "F(6x6, 3x3)"; empty where there is no choice.
  public var algorithm: String
  /// Output, `[H, W, C]`.
  public var shape: [Int]
  /// Channels read.
  public var inputChannels: Int
  /// Median seconds of the forward pass.
  public var forwardSeconds: Double
  /// Median seconds of both gradients, 0 where nothing was trained.
  public var backwardSeconds: Double
  /// Floating-point operations of the forward pass, counted as direct convolution.
  public var directOperations: Double
  /// Floating-point operations of the forward pass's matrix products.
  public var productOperations: Double
}

/// Takes the time at which each node of an execution ends.
final class LayerClock {
  enum Pass { case forward, backward }

  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private var seconds: [Pass: [[Double]]]

  init(nodes: Int) {
    last = clock.now
    let none = [[Double]](repeating: [], count: nodes)
    seconds = [.forward: none, .backward: none]
  }

  /// Begins a run.
  func start() { last = clock.now }

  /// The time since the last stop belongs to this node.
  func stop(_ node: Int, _ pass: Pass) {
    let now = clock.now
    seconds[pass]?[node].append(last.duration(to: now) / .seconds(1))
    last = clock.now
  }

  func median(_ node: Int, _ pass: Pass) -> Double {
    let values = (seconds[pass]?[node] ?? []).sorted()
    return values.isEmpty ? 0 : values[values.count / 2]
  }
}

extension Execution {
  /// One row for each node but the input and what costs nothing.
  func layerTimes(_ clock: LayerClock, count: Int) -> [LayerTime] {
    network.nodes.indices.dropFirst().compactMap { index in
      let node = network.nodes[index]
      // Views of others, and what their convolution computes on the way.
      if clock.median(index, .forward) < 1e-5 { return nil }
      let shape = plan.shapes[index]
      let (algorithm, products) = products(of: index, count)
      return LayerTime(
        name: node.name, operation: node.operation.text, algorithm: algorithm,
        shape: [shape.height, shape.width, shape.channels],
        inputChannels: plan.shapes[node.inputs[0]].channels,
        forwardSeconds: clock.median(index, .forward),
        backwardSeconds: clock.median(index, .backward),
        directOperations: Double(count) * network.operations(of: index, shapes: plan.shapes),
        productOperations: products)
    }
  }

  private func products(of index: Int, _ count: Int) -> (algorithm: String, operations: Double) {
    let shape = plan.shapes[index]
    if let convolution = convolutions[index] {
      return (
        convolution.algorithmName(batch: count, height: shape.height, width: shape.width),
        convolution.productOperations(batch: count, height: shape.height, width: shape.width)
      )
    }
    if let convolution = transposedConvolutions[index] {
      let pixels = count * shape.height * shape.width / 4
      return ("product", convolution.productOperations(pixels: pixels))
    }
    return ("", 0)
  }
}

extension Operation {
  /// What people call it.
  fileprivate var text: String {
    switch self {
    case .input: "input"
    case .conv2d(let layer): "conv \(layer.kernelSize)x\(layer.kernelSize)"
    case .convTranspose2d: "transposed conv 2x2"
    case .batchNorm2d: "batch norm"
    case .maxPool2d: "max-pool 2x2"
    case .upsampleNearest: "nearest x2"
    case .upsampleBilinear: "bilinear x2"
    case .concatenate: "concatenate"
    }
  }
}
