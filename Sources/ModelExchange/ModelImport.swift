import NeuralNetworks
import UNets

/// A model made of another framework's weights.
public struct ImportedModel: Sendable, Equatable {
  /// The model.
  public var model: UNetModel
  /// Tensors of the file that no parameter was made of.
  public var unused: [String]

  /// Brings weights into our names and layouts.
  ///
  /// Each parameter is looked for under what the map says about it; else under what the map says about its
  /// layer and `weight`, `bias`, `running_mean` or `running_var`; else under its own name. A head of one
  /// output channel (a logit for "lesion") becomes one of two by a background of zeros, which leaves the
  /// probabilities as they are. A batch normalisation of another ε is given a running variance that makes up
  /// for it.
  ///
  /// - Parameters:
  ///   - tensors: what `WeightsFile` read.
  ///   - map: names, layouts and the network.
  /// - Throws: `WeightsError`.
  public init(_ tensors: [String: Tensor], map: NameMap) throws(WeightsError) {
    let architecture = map.architecture
    guard !architecture.hasBatchNorm || architecture.width % 8 == 0,
      architecture.width << architecture.depth <= 1 << 14
    else { throw .badMap("the architecture \(architecture) cannot be run") }
    let network = architecture.makeNetwork()
    var kinds: [String: Operation] = [:]
    for node in network.nodes { kinds[node.name] = node.operation }
    var parameters: [String: Tensor] = [:]
    var used: Set<String> = []
    for slot in ParameterLayout(network).slots {
      let (layer, suffix) = Self.parts(slot.name)
      guard let theirs = map.theirName(layer, suffix) else {
        parameters[slot.name] = Tensor(zeros: slot.shape)
        continue
      }
      guard let tensor = tensors[theirs] else {
        throw .missing(ours: slot.name, theirs: theirs, known: Array(tensors.keys))
      }
      used.insert(theirs)
      var found = try Self.inOurLayout(tensor, theirs, slot, map.layout(kinds[layer]))
      if suffix == "runningVariance" {
        let difference = map.batchNormEpsilon - BatchNorm2d.epsilon
        found.values = found.values.map { $0 + difference }
      }
      parameters[slot.name] = found
    }
    var normalization = map.normalization ?? .unit(channels: architecture.inputChannels)
    normalization.standardizes = map.standardizes
    do throws(UNetModelError) {
      model = try UNetModel(
        architecture: architecture, inputSize: map.inputSize, normalization: normalization,
        threshold: map.threshold, parameters: parameters)
    } catch {
      throw .notAModel("\(error)")
    }
    unused = tensors.keys.filter { !used.contains($0) }.sorted()
  }

  /// `enc0.conv0.weight` is `weight` of `enc0.conv0`.
  private static func parts(_ name: String) -> (layer: String, suffix: String) {
    let dot = name.lastIndex(of: ".") ?? name.startIndex
    return (String(name[..<dot]), String(name[dot...].dropFirst()))
  }

  private static func inOurLayout(
    _ tensor: Tensor, _ name: String, _ slot: ParameterLayout.Slot, _ layout: [Character]
  ) throws(WeightsError) -> Tensor {
    guard slot.shape.count == 4 else {
      if tensor.shape == slot.shape { return tensor }
      if slot.name == "head.bias", tensor.shape == [1] {
        return Tensor(shape: slot.shape, values: [0] + tensor.values)
      }
      throw .wrongShape(name: name, found: tensor.shape, expected: slot.shape, layout: "C")
    }
    let ours: [Character] = ["H", "W", "I", "O"]
    let order = ours.compactMap { layout.firstIndex(of: $0) }
    let expected = layout.compactMap { ours.firstIndex(of: $0) }.map { slot.shape[$0] }
    if tensor.shape == expected { return tensor.transposed(order) }
    if slot.name == "head.weight", tensor.shape.count == 4, tensor.count * 2 == slot.count,
      order.map({ tensor.shape[$0] }) == [1, 1, slot.shape[2], 1]
    {
      return Tensor(shape: slot.shape, values: tensor.values.flatMap { [0, $0] })
    }
    throw .wrongShape(
      name: name, found: tensor.shape, expected: expected, layout: String(layout))
  }
}

extension NameMap {
  /// What a parameter is called in the file; nil for zeros.
  fileprivate func theirName(_ layer: String, _ suffix: String) -> String? {
    let ours = layer + "." + suffix
    if let theirs = names[ours] { return theirs }
    guard let theirs = names[layer] else { return ours }
    let suffixes = ["runningMean": "running_mean", "runningVariance": "running_var"]
    return theirs.map { $0 + "." + (suffixes[suffix] ?? suffix) }
  }

  fileprivate func layout(_ operation: Operation?) -> [Character] {
    if case .convTranspose2d = operation { return Array(convTranspose2dLayout) }
    return Array(conv2dLayout)
  }
}
