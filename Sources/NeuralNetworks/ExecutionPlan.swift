/// Where every activation and gradient of a network lies in one arena, for one input size.
///
/// Steps: node i runs forward at step i, the loss at step n. Backward, node i first masks its
/// gradient by its ReLU, the only use of its output, and then computes at the step after that: so the
/// gradients that it writes may lie where its output was.
/// A concatenation owns one block and its inputs write straight into their channels of it, so
/// nothing is copied; the gradients are laid out the same way. At inference most need no block: what
/// reads them reads their inputs, of which one comes into being late.
struct ExecutionPlan {
  /// A node's block, its channels in it and whether they are the whole of it.
  struct Location: Equatable {
    /// First Float of the block's first pixel, plus the channel offset.
    var offset: Int
    /// Floats from a pixel to the next.
    var pixelStride: Int
  }

  let network: Network
  let shapes: [Network.NodeShape]
  /// Outputs, per node.
  private(set) var activations: [Location] = []
  /// Gradients by the outputs, per node; nil where none is needed.
  private(set) var gradients: [Location?] = []
  /// Winners of max-pooling (bytes), as a Float offset, per node.
  private(set) var winners: [Int?] = []
  /// Scratch memory of the forward pass, per node.
  private(set) var forwardWorkspaces: [Int] = []
  /// Scratch memory of the backward pass, per node; empty for inference.
  private(set) var backwardWorkspaces: [Int] = []
  /// Inputs of a concatenation that could not be laid into it and are copied: (concatenation, place
  /// in `inputs`).
  private(set) var copiedActivations: Set<CopiedInput> = []
  /// The same for gradients.
  private(set) var copiedGradients: Set<CopiedInput> = []
  /// Floats of the arena.
  private(set) var totalCount = 0

  struct CopiedInput: Hashable {
    var node: Int
    var input: Int
  }

  /// - Parameters:
  ///   - fusion: What is computed together, and what is never written.
  ///   - workspaces: Floats of scratch memory that each node needs in either pass.
  init(
    _ network: Network, batch: Int, height: Int, width: Int, isTraining: Bool,
    fusion: Fusion = .none,
    workspaces: (_ shapes: [Network.NodeShape]) -> [Int] = { $0.map { _ in 0 } }
  ) throws(NetworkError) {
    self.network = network
    shapes = try network.shapes(height: height, width: width)
    let nodes = network.nodes
    let count = nodes.count
    let users = Self.users(nodes)
    func masking(_ node: Int) -> Int { count + 1 + 2 * (count - 1 - node) }
    func backward(_ node: Int) -> Int { masking(node) + 1 }

    // Forward: blocks, then who writes and reads them when.
    let forward = Placement(nodes, shapes, joins: fusion.joins) { _, _ in true }
    copiedActivations = forward.copied
    var requests = forward.blockOwners.map {
      MemoryRequest(count: batch * shapes[$0].count, first: Int.max, last: Int.min)
    }
    for node in 0..<count {
      guard let writer = fusion.writer(of: node) else { continue }
      let readers = users[node].flatMap { fusion.joins.contains($0) ? users[$0] : [$0] }
      var steps = [node, writer] + readers
      if node == count - 1 { steps.append(count) }
      if isTraining {
        steps += users[node].filter { nodes[$0].operation.readsInputBackward }
          .map(backward)
        if nodes[node].operation.readsOutputBackward { steps.append(masking(node)) }
      }
      requests[forward.block[node]].extend(steps)
    }
    let activationBlocks = requests.count

    var needsGradient = [Bool](repeating: false, count: count)
    var gradientPlacement: Placement?
    var winnerRequests: [Int?] = [Int?](repeating: nil, count: count)
    if isTraining {
      for node in 0..<count {
        needsGradient[node] =
          nodes[node].operation.hasParameters || nodes[node].inputs.contains { needsGradient[$0] }
      }
      // A gradient is laid into a concatenation's only when that is the first to write it, i.e. the
      // last user.
      let placement = Placement(nodes, shapes) { concatenation, input in
        users[input].last == concatenation
      }
      gradientPlacement = placement
      copiedGradients = placement.copied
      requests += placement.blockOwners.map {
        MemoryRequest(count: batch * shapes[$0].count, first: Int.max, last: Int.min)
      }
      for node in 0..<count where needsGradient[node] {
        let written = (users[node].map(backward) + (node == count - 1 ? [count] : []))
        requests[activationBlocks + placement.block[node]].extend(written + [backward(node)])
      }
      for node in 0..<count where nodes[node].operation == .maxPool2d {
        winnerRequests[node] = requests.count
        requests.append(
          MemoryRequest(
            count: (batch * shapes[node].count + 3) / 4, first: node, last: backward(node)))
      }
    }

    let firstWorkspace = requests.count
    let needs = workspaces(shapes)
    requests += (0..<count).map { MemoryRequest(count: needs[$0], first: $0, last: $0) }
    if isTraining {
      requests += (0..<count).map {
        MemoryRequest(count: needs[$0], first: backward($0), last: backward($0))
      }
    }

    let used = requests.indices.filter { requests[$0].first <= requests[$0].last }
    let plan = MemoryPlan(used.map { requests[$0] })
    var offsets = [Int](repeating: 0, count: requests.count)
    for (place, request) in used.enumerated() { offsets[request] = plan.offsets[place] }
    totalCount = plan.totalCount
    activations = (0..<count).map { forward.location($0, offsets[forward.block[$0]]) }
    gradients = (0..<count).map { node in
      guard let gradientPlacement, needsGradient[node] else { return nil }
      return gradientPlacement.location(
        node, offsets[activationBlocks + gradientPlacement.block[node]])
    }
    forwardWorkspaces = Array(offsets[firstWorkspace..<(firstWorkspace + count)])
    backwardWorkspaces = Array(offsets[(firstWorkspace + count)...])
    winners = winnerRequests.map { $0.map { offsets[$0] } }
  }

  /// For each node, the nodes that read it, in order.
  static func users(_ nodes: [Network.Node]) -> [[Int]] {
    var users = [[Int]](repeating: [], count: nodes.count)
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { users[input].append(index) }
    }
    return users
  }
}

/// Which nodes share a block: the inputs of a concatenation live inside it.
private struct Placement {
  /// Block of each node.
  var block: [Int]
  /// Node that owns each block.
  var blockOwners: [Int] = []
  var copied: Set<ExecutionPlan.CopiedInput> = []
  private var channelOffset: [Int]
  private var pixelStride: [Int]

  init(
    _ nodes: [Network.Node], _ shapes: [Network.NodeShape], joins: Set<Int> = [],
    mayLayInto: (_ concatenation: Int, _ input: Int) -> Bool
  ) {
    block = [Int](repeating: -1, count: nodes.count)
    channelOffset = [Int](repeating: 0, count: nodes.count)
    pixelStride = shapes.map(\.channels)
    for node in nodes.indices.reversed() {
      if block[node] < 0 {
        block[node] = blockOwners.count
        blockOwners.append(node)
      }
      guard nodes[node].operation == .concatenate, !joins.contains(node) else { continue }
      var offset = channelOffset[node]
      for (place, input) in nodes[node].inputs.enumerated() {
        if block[input] < 0, mayLayInto(node, input) {
          block[input] = block[node]
          channelOffset[input] = offset
          pixelStride[input] = pixelStride[node]
        } else {
          copied.insert(.init(node: node, input: place))
        }
        offset += shapes[input].channels
      }
    }
  }

  func location(_ node: Int, _ blockOffset: Int) -> ExecutionPlan.Location {
    .init(offset: blockOffset + channelOffset[node], pixelStride: pixelStride[node])
  }
}

extension MemoryRequest {
  fileprivate mutating func extend(_ steps: [Int]) {
    for step in steps {
      first = min(first, step)
      last = max(last, step)
    }
  }
}

extension Operation {
  /// Whether there is something to learn.
  var hasParameters: Bool {
    switch self {
    case .conv2d, .convTranspose2d, .batchNorm2d: true
    case .input, .maxPool2d, .upsampleNearest, .upsampleBilinear, .concatenate: false
    }
  }

  /// Whether the backward pass reads the inputs' values.
  var readsInputBackward: Bool { hasParameters }

  /// Whether the backward pass reads the output's values.
  var readsOutputBackward: Bool {
    switch self {
    case .conv2d(let layer): layer.hasReLU
    case .batchNorm2d(let layer): layer.hasReLU
    case .input, .convTranspose2d, .maxPool2d, .upsampleNearest, .upsampleBilinear,
      .concatenate:
      false
    }
  }
}
