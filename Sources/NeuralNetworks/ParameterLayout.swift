import Kernels

/// Where each parameter of a network lies in one flat buffer.
public struct ParameterLayout: Sendable, Equatable {
  /// One weight or bias.
  public struct Slot: Sendable, Equatable {
    /// `node.weight` or `node.bias`.
    public var name: String
    /// Shape, e.g. `[3, 3, inputChannels, outputChannels]`.
    public var shape: [Int]
    /// First Float in the buffer, a multiple of 16.
    public var offset: Int
    /// Number of Floats.
    public var count: Int { shape.reduce(1, *) }
    /// Values that feed one output, for initialisation.
    public var fanIn: Int
    /// Outputs that one value feeds, for initialisation.
    public var fanOut: Int
    /// Whether the optimiser moves it; running statistics are not learned.
    public var isLearned = true
  }

  /// All parameters, in node order.
  public private(set) var slots: [Slot] = []
  /// Floats of the buffer, gaps included.
  public private(set) var totalCount = 0
  private var places: [String: Int] = [:]

  /// Lays out the parameters of a network.
  public init(_ network: Network) {
    for node in network.nodes {
      switch node.operation {
      case .conv2d(let layer):
        let taps = layer.kernelSize * layer.kernelSize
        add(
          node.name,
          [layer.kernelSize, layer.kernelSize, layer.inputChannels, layer.outputChannels],
          fanIn: taps * layer.inputChannels, fanOut: taps * layer.outputChannels)
      case .convTranspose2d(let layer):
        add(
          node.name, [2, 2, layer.inputChannels, layer.outputChannels],
          fanIn: 4 * layer.inputChannels, fanOut: 4 * layer.outputChannels)
      case .batchNorm2d(let layer):
        for name in [".weight", ".bias", ".runningMean", ".runningVariance"] {
          append(
            node.name + name, [layer.channels], layer.channels, layer.channels,
            isLearned: name == ".weight" || name == ".bias")
        }
      case .input, .maxPool2d, .upsampleNearest, .upsampleBilinear, .concatenate: break
      }
    }
  }

  /// The slot of a name, nil when the network has no such parameter.
  public func slot(_ name: String) -> Slot? { places[name].map { slots[$0] } }

  /// Number of learned values, gaps and running statistics excluded.
  public var parameterCount: Int { slots.reduce(0) { $0 + ($1.isLearned ? $1.count : 0) } }

  private mutating func add(_ node: String, _ shape: [Int], fanIn: Int, fanOut: Int) {
    append(node + ".weight", shape, fanIn, fanOut)
    append(node + ".bias", [shape[shape.count - 1]], fanIn, fanOut)
  }

  private mutating func append(
    _ name: String, _ shape: [Int], _ fanIn: Int, _ fanOut: Int, isLearned: Bool = true
  ) {
    places[name] = slots.count
    slots.append(
      Slot(
        name: name, shape: shape, offset: totalCount, fanIn: fanIn, fanOut: fanOut,
        isLearned: isLearned))
    totalCount += (shape.reduce(1, *) + 15) / 16 * 16
  }

  /// Copies named tensors into a flat buffer.
  ///
  /// - Throws: when one is missing or has another shape. Names that the network does not know are
  /// ignored.
  func fill(_ buffer: FloatBuffer, from tensors: [String: Tensor]) throws(NetworkError) {
    for slot in slots {
      guard let tensor = tensors[slot.name] else { throw .missingParameter(slot.name) }
      guard tensor.shape == slot.shape else {
        throw .wrongParameterShape(name: slot.name, found: tensor.shape, expected: slot.shape)
      }
      unsafe tensor.values.withUnsafeBufferPointer { values in
        guard let first = values.baseAddress else { return }
        unsafe (buffer.base + slot.offset).update(from: first, count: slot.count)
      }
    }
  }

  /// The parameters of a flat buffer as named tensors.
  func tensors(in buffer: FloatBuffer) -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for slot in slots {
      let values = unsafe Array(
        UnsafeBufferPointer(start: buffer.base + slot.offset, count: slot.count))
      result[slot.name] = Tensor(shape: slot.shape, values: values)
    }
    return result
  }
}
