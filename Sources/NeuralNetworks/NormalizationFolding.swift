extension Network {
  /// The network without those batch normalisations that follow a convolution, and the parameters
  /// that compute the same.
  ///
  /// With s = weight / sqrt(runningVariance + ε): the convolution's filters become `filter · s` per
  /// output channel and its bias `(bias - runningMean) · s + bias of the normalisation`; the ReLU
  /// moves along. Source: Jacob et al., "Quantization and training of neural networks for efficient
  /// integer-arithmetic-only inference", section 3.2.
  ///
  /// - Throws: `NetworkError` when a parameter of a normalisation or its convolution is missing or
  /// of another shape.
  func foldingNormalization(
    _ parameters: [String: Tensor]
  ) throws(NetworkError) -> (Network, [String: Tensor]) {
    var folded = Network()
    var parameters = parameters
    let users = ExecutionPlan.users(nodes)
    // New index of each node; a folded normalisation is its convolution.
    var places: [Int] = []
    for (index, node) in nodes.enumerated() {
      if case .batchNorm2d(let layer) = node.operation, let source = node.inputs.first,
        case .conv2d(var convolution) = nodes[source].operation, !convolution.hasReLU,
        users[source] == [index]
      {
        convolution.hasReLU = layer.hasReLU
        folded.replace(places[source], by: .conv2d(convolution))
        try Self.fold(node.name, into: nodes[source].name, layer.channels, &parameters)
        places.append(places[source])
      } else {
        places.append(
          folded.append(
            Node(
              name: node.name, operation: node.operation, inputs: node.inputs.map { places[$0] }))
        )
      }
    }
    return (folded, parameters)
  }

  private static func fold(
    _ normalization: String, into convolution: String, _ channels: Int,
    _ parameters: inout [String: Tensor]
  ) throws(NetworkError) {
    func vector(_ name: String) throws(NetworkError) -> [Float] {
      guard let tensor = parameters[name] else { throw .missingParameter(name) }
      guard tensor.shape == [channels] else {
        throw .wrongParameterShape(name: name, found: tensor.shape, expected: [channels])
      }
      return tensor.values
    }
    let mean = try vector(normalization + ".runningMean")
    let variance = try vector(normalization + ".runningVariance")
    let weight = try vector(normalization + ".weight")
    let shift = try vector(normalization + ".bias")
    let bias = try vector(convolution + ".bias")
    guard var filters = parameters[convolution + ".weight"], filters.shape.last == channels else {
      throw .missingParameter(convolution + ".weight")
    }
    let scale = zip(weight, variance).map { $0 / ($1 + BatchNorm2d.epsilon).squareRoot() }
    for i in 0..<filters.count { filters.values[i] *= scale[i % channels] }
    parameters[convolution + ".weight"] = filters
    parameters[convolution + ".bias"] = Tensor(
      shape: [channels],
      values: (0..<channels).map { (bias[$0] - mean[$0]) * scale[$0] + shift[$0] })
  }
}
