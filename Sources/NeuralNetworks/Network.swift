/// A network as data: nodes in an order in which every node comes after its inputs.
///
/// The last node is the output (the logits). Shapes, the backward pass and the memory plan are
/// derived from this description; a new architecture is a new list of nodes.
public struct Network: Sendable, Equatable {
  /// One operation with a name and the indices of the nodes it reads.
  public struct Node: Sendable, Equatable {
    /// Prefix of the parameters' names, as in `enc0.conv1`.
    public var name: String
    /// What is computed.
    public var operation: Operation
    /// Earlier nodes whose outputs are read.
    public var inputs: [Int]
  }

  /// The nodes, inputs before users.
  public private(set) var nodes: [Node] = []

  /// An empty network.
  public init() {}

  /// Appends a node and returns its index, for use as an input of later ones.
  @discardableResult
  public mutating func add(_ name: String, _ operation: Operation, _ inputs: Int...) -> Int {
    append(Node(name: name, operation: operation, inputs: inputs))
  }

  mutating func append(_ node: Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  mutating func replace(_ index: Int, by operation: Operation) {
    nodes[index].operation = operation
  }

  /// Height, width and channels of each node's output.
  public struct NodeShape: Sendable, Equatable {
    /// Rows.
    public var height: Int
    /// Columns.
    public var width: Int
    /// Channels.
    public var channels: Int
    /// Values of one image.
    var count: Int { height * width * channels }
  }

  /// The shape of every node's output for an input of `height` x `width`.
  ///
  /// - Throws: `NetworkError` naming the first node that does not fit.
  public func shapes(height: Int, width: Int) throws(NetworkError) -> [NodeShape] {
    var shapes: [NodeShape] = []
    for (index, node) in nodes.enumerated() {
      guard node.inputs.allSatisfy({ $0 >= 0 && $0 < index }) else {
        throw .badGraph(node: node.name, reason: "it reads a node that does not come before it")
      }
      let sources = node.inputs.map { shapes[$0] }
      let count = sources.count
      switch node.operation {
      case .input(let channels):
        guard count == 0, index == 0 else {
          throw .badGraph(node: node.name, reason: "the input must be the first node")
        }
        shapes.append(NodeShape(height: height, width: width, channels: channels))
      case .conv2d(let layer):
        try expect(count == 1 && sources[0].channels == layer.inputChannels, node, sources)
        shapes.append(
          NodeShape(
            height: sources[0].height, width: sources[0].width, channels: layer.outputChannels))
      case .convTranspose2d(let layer):
        try expect(count == 1 && sources[0].channels == layer.inputChannels, node, sources)
        shapes.append(
          NodeShape(
            height: 2 * sources[0].height, width: 2 * sources[0].width,
            channels: layer.outputChannels))
      case .batchNorm2d(let layer):
        try expect(
          count == 1 && sources[0].channels == layer.channels && layer.channels % 8 == 0, node,
          sources)
        shapes.append(sources[0])
      case .maxPool2d:
        try expect(
          count == 1 && sources[0].height % 2 == 0 && sources[0].width % 2 == 0, node, sources)
        shapes.append(
          NodeShape(
            height: sources[0].height / 2, width: sources[0].width / 2,
            channels: sources[0].channels))
      case .upsampleNearest, .upsampleBilinear:
        try expect(count == 1, node, sources)
        shapes.append(
          NodeShape(
            height: 2 * sources[0].height, width: 2 * sources[0].width,
            channels: sources[0].channels))
      case .concatenate:
        try expect(
          count > 0
            && sources.allSatisfy({
              $0.height == sources[0].height && $0.width == sources[0].width
            }), node, sources)
        shapes.append(
          NodeShape(
            height: sources[0].height, width: sources[0].width,
            channels: sources.reduce(0) { $0 + $1.channels }))
      }
    }
    guard !shapes.isEmpty else { throw .badGraph(node: "(none)", reason: "it has no nodes") }
    return shapes
  }

  private func expect(
    _ condition: Bool, _ node: Node, _ sources: [NodeShape]
  ) throws(NetworkError) {
    guard condition else {
      let list = sources.map { "\($0.height)x\($0.width)x\($0.channels)" }.joined(separator: ", ")
      throw .badGraph(node: node.name, reason: "its inputs have shapes \(list)")
    }
  }
}

/// Why a network cannot run.
public enum NetworkError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The nodes do not fit together, or not with this input size.
  case badGraph(node: String, reason: String)
  /// A parameter is not there.
  case missingParameter(String)
  /// A parameter has another shape than its layer.
  case wrongParameterShape(name: String, found: [Int], expected: [Int])
  /// An input or label array has another shape than the session was made for.
  case wrongInputShape(found: [Int], expected: [Int])

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .badGraph(let node, let reason): "network does not fit together at \(node): \(reason)"
    case .missingParameter(let name): "parameter \(name) is missing"
    case .wrongParameterShape(let name, let found, let expected):
      "parameter \(name) has shape \(found), expected \(expected)"
    case .wrongInputShape(let found, let expected):
      "input has shape \(found), expected \(expected)"
    }
  }
}

extension Network {
  /// Floating-point operations of one image, convolutions only and padding counted as work;
  /// training is the forward pass and both gradients (the first layer needs none by its input).
  public func operations(shapes: [NodeShape], training: Bool) -> Double {
    nodes.indices.reduce(0) { total, index in
      let passes = training ? (nodes[index].inputs.first == 0 ? 2 : 3) : 1
      return total + operations(of: index, shapes: shapes) * Double(passes)
    }
  }

  /// The same of one node's forward pass.
  func operations(of index: Int, shapes: [NodeShape]) -> Double {
    let pixels = Double(shapes[index].height * shapes[index].width)
    switch nodes[index].operation {
    case .conv2d(let layer):
      let taps = layer.kernelSize * layer.kernelSize
      return 2 * pixels * Double(taps * layer.inputChannels * layer.outputChannels)
    case .convTranspose2d(let layer):
      return 2 * pixels * Double(layer.inputChannels * layer.outputChannels)
    case .input, .batchNorm2d, .maxPool2d, .upsampleNearest, .upsampleBilinear,
      .concatenate:
      return 0
    }
  }
}
