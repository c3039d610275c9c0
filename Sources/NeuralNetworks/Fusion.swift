import Kernels

/// What a network's convolutions compute on the way from their own outputs, so that these are not
/// read from memory again. For inference: training needs every output, and which pixel of a pooling
/// was the largest.
struct Fusion {
  /// Per convolution: the max-pooling of its output that it computes.
  private(set) var poolings: [Int: Int] = [:]
  /// Per convolution: the 1x1 convolution, the only reader of its output, that it computes. The
  /// output itself is not written.
  private(set) var heads: [Int: Int] = [:]
  private var writers: [Int: Int] = [:]

  /// Nothing.
  static let none = Fusion()

  private init() {}

  /// Everything that the algorithms of `convolutions`, one for each node, can do.
  init(
    _ network: Network, _ convolutions: [Convolution?], height: Int, width: Int, threads: Int
  ) throws(NetworkError) {
    let shapes = try network.shapes(height: height, width: width)
    let users = ExecutionPlan.users(network.nodes)
    for (index, node) in network.nodes.enumerated() {
      guard let source = node.inputs.first, let convolution = convolutions[source] else { continue }
      switch node.operation {
      case .maxPool2d where convolution.canPool && poolings[source] == nil:
        poolings[source] = index
        writers[index] = source
      case .conv2d(let layer)
      where layer.kernelSize == 1 && !layer.hasReLU
        && layer.outputChannels == ConvolutionHead.outputs && users[source] == [index]
        && convolution.canComputeHead(
          height: shapes[index].height, width: shapes[index].width, threads: threads):
        heads[source] = index
        writers[index] = source
      default: break
      }
    }
  }

  /// The node whose step writes the output of a node; nil when it is not written.
  func writer(of node: Int) -> Int? { heads[node] == nil ? writers[node] ?? node : nil }
}
