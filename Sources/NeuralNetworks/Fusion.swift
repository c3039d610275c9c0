import Kernels

/// What a network's convolutions do beside their own work, so that less is written to memory, read
/// from it and kept in it. For inference: training needs every output, and which pixel of a pooling
/// was the largest.
struct Fusion {
  /// Per convolution: the max-pooling of its output that it computes.
  private(set) var poolings: [Int: Int] = [:]
  /// Per convolution: the 1x1 convolution, the only reader of its output, that it computes. The
  /// output itself is not written.
  private(set) var heads: [Int: Int] = [:]
  /// Concatenations that exist nowhere: those who read them read their inputs.
  private(set) var joins: Set<Int> = []
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
    joins = Set(
      network.nodes.indices.filter {
        Self.isJoined($0, network.nodes, shapes, users, convolutions)
      })
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

  private static func isJoined(
    _ index: Int, _ nodes: [Network.Node], _ shapes: [Network.NodeShape], _ users: [[Int]],
    _ convolutions: [Convolution?]
  ) -> Bool {
    let parts = nodes[index].inputs
    return nodes[index].operation == .concatenate && !users[index].isEmpty
      && parts.allSatisfy { nodes[$0].operation != .concatenate }
      && users[index].allSatisfy {
        convolutions[$0]?.canJoin(parts.map { shapes[$0].channels }) == true
      }
  }

  /// The nodes that lie in memory for what a node reads from `input`.
  func parts(of input: Int, _ nodes: [Network.Node]) -> [Int] {
    joins.contains(input) ? nodes[input].inputs : [input]
  }

  /// The node whose step writes the output of a node; nil when it is not written.
  func writer(of node: Int) -> Int? {
    heads[node] != nil || joins.contains(node) ? nil : writers[node] ?? node
  }
}
