import NeuralNetworks
import UNets

/// A model as an ONNX file.
public enum ONNXExport {
  /// How the input's axes are ordered.
  public enum InputLayout: String, Sendable, CaseIterable {
    /// `[N, C, S, S]`, as most programs around ONNX expect.
    case nchw
    /// `[N, S, S, C]`, as images lie in memory.
    case nhwc
  }

  /// The names of what goes in and out.
  public static let (inputName, logitsName, probabilitiesName) = (
    "image", "logits", "probabilities"
  )

  /// Writes the whole model: normalisation, network and softmax.
  ///
  /// Input `image`: Floats 0...255, `[N, C, S, S]` or `[N, S, S, C]`, grey or RGB, of the model's input size.
  /// Outputs: `logits` `[N, 2, S, S]`, background and lesion; `probabilities` `[N, S, S]` of "lesion", to be
  /// compared with the threshold in the file's metadata.
  ///
  /// - Parameters:
  ///   - model: what to write.
  ///   - layout: the input's axes.
  ///   - id: the model's name, for the metadata.
  ///   - version: of this program.
  /// - Returns: the file, for ONNX operator set 13.
  /// - Throws: `WeightsError.notAModel` when it would exceed the 2 GiB that the format allows.
  public static func bytes(
    of model: UNetModel, layout: InputLayout = .nchw, id: String, version: String
  ) throws(WeightsError) -> [UInt8] {
    let count = model.parameters.values.reduce(0) { $0 + $1.count }
    guard count < 500_000_000 else {
      throw .notAModel("\(count) values; an ONNX file may hold at most 2 GiB")
    }
    let (size, channels) = (model.inputSize, model.architecture.inputChannels)
    var graph = ONNXGraph(name: "dermseg-unet")
    graph.input(
      inputName, layout == .nchw ? [channels, size, size] : [size, size, channels])
    graph.output(logitsName, [UNetArchitecture.classes, size, size])
    graph.output(probabilitiesName, [size, size])
    addNormalization(model, layout, to: &graph)
    let network = model.architecture.makeNetwork()
    var outputs: [String] = []
    for (index, node) in network.nodes.enumerated() {
      let isLast = index == network.nodes.count - 1
      outputs.append(
        add(
          node, inputs: node.inputs.map { outputs[$0] }, as: isLast ? logitsName : node.name,
          model.parameters, to: &graph))
    }
    graph.node("softmax", "Softmax", [logitsName], ["axis": .int(1)])
    graph.constant("lesion.index", 1)
    graph.node(probabilitiesName, "Gather", ["softmax", "lesion.index"], ["axis": .int(1)])
    return graph.model(
      producer: ("dermseg", version),
      metadata: [
        "model": id, "threshold": "\(model.threshold)", "input": "0...255, \(layout.rawValue)",
        "classes": "background lesion",
      ])
  }

  /// What `Normalization` says, in the order of the network's own computation.
  private static func addNormalization(
    _ model: UNetModel, _ layout: InputLayout, to graph: inout ONNXGraph
  ) {
    var top = inputName
    if layout == .nhwc {
      graph.node("image.nchw", "Transpose", [top], ["perm": .ints([0, 3, 1, 2])])
      top = "image.nchw"
    }
    let shape = [1, model.architecture.inputChannels, 1, 1]
    graph.constant("image.scale", Tensor(shape: [1], values: [255]))
    graph.constant("image.mean", Tensor(shape: shape, values: model.normalization.mean))
    graph.constant(
      "image.deviation", Tensor(shape: shape, values: model.normalization.standardDeviation))
    graph.node("image.unit", "Div", [top, "image.scale"])
    graph.node("image.centred", "Sub", ["image.unit", "image.mean"])
    guard model.normalization.standardizes else {
      graph.node("input", "Div", ["image.centred", "image.deviation"])
      return
    }
    graph.node("image.scaled", "Div", ["image.centred", "image.deviation"])
    graph.node("photo.mean", "ReduceMean", ["image.scaled"], ["axes": .ints([1, 2, 3])])
    graph.node("photo.centred", "Sub", ["image.scaled", "photo.mean"])
    graph.node("photo.squares", "Mul", ["photo.centred", "photo.centred"])
    graph.node("photo.variance", "ReduceMean", ["photo.squares"], ["axes": .ints([1, 2, 3])])
    graph.node("photo.ownDeviation", "Sqrt", ["photo.variance"])
    graph.constant("photo.least", Tensor(shape: [1], values: [Normalization.leastDeviation]))
    graph.node("photo.deviation", "Max", ["photo.ownDeviation", "photo.least"])
    graph.node("input", "Div", ["photo.centred", "photo.deviation"])
  }

  /// Adds one node of the network.
  ///
  /// - Returns: the name of its output.
  private static func add(
    _ node: Network.Node, inputs: [String], as name: String, _ parameters: [String: Tensor],
    to graph: inout ONNXGraph
  ) -> String {
    func constant(_ suffix: String, order: [Int]? = nil) -> String {
      let full = node.name + suffix
      // The model was checked when it was made: nothing is missing.
      let tensor = parameters[full] ?? Tensor(zeros: [0])
      graph.constant(full, order.map { tensor.transposed($0) } ?? tensor)
      return full
    }
    /// The node itself, and the ReLU behind it.
    func finish(
      _ type: String, _ inputs: [String], _ attributes: KeyValuePairs<String, ONNXGraph.Attribute>,
      hasReLU: Bool
    ) -> String {
      guard hasReLU else {
        graph.node(name, type, inputs, attributes)
        return name
      }
      graph.node(name + ".linear", type, inputs, attributes)
      graph.node(name, "Relu", [name + ".linear"])
      return name
    }
    switch node.operation {
    case .input:
      return "input"
    case .conv2d(let layer):
      // Even kernels pad right and bottom only: [top, left, bottom, right].
      let (before, after) = ((layer.kernelSize - 1) / 2, layer.kernelSize / 2)
      return finish(
        "Conv", inputs + [constant(".weight", order: [3, 2, 0, 1]), constant(".bias")],
        [
          "kernel_shape": .ints([layer.kernelSize, layer.kernelSize]),
          "pads": .ints([before, before, after, after]), "strides": .ints([1, 1]),
        ], hasReLU: layer.hasReLU)
    case .convTranspose2d:
      return finish(
        "ConvTranspose", inputs + [constant(".weight", order: [2, 3, 0, 1]), constant(".bias")],
        ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])], hasReLU: false)
    case .batchNorm2d(let layer):
      let names = [".weight", ".bias", ".runningMean", ".runningVariance"].map { constant($0) }
      return finish(
        "BatchNormalization", inputs + names, ["epsilon": .float(BatchNorm2d.epsilon)],
        hasReLU: layer.hasReLU)
    case .maxPool2d:
      return finish(
        "MaxPool", inputs, ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])],
        hasReLU: false)
    case .upsampleNearest:
      graph.constant(node.name + ".scales", Tensor(shape: [4], values: [1, 1, 2, 2]))
      return finish(
        "Resize", inputs + ["", node.name + ".scales"],
        [
          "mode": .string("nearest"), "coordinate_transformation_mode": .string("asymmetric"),
          "nearest_mode": .string("floor"),
        ], hasReLU: false)
    case .upsampleBilinear:
      graph.constant(node.name + ".scales", Tensor(shape: [4], values: [1, 1, 2, 2]))
      return finish(
        "Resize", inputs + ["", node.name + ".scales"],
        [
          "mode": .string("linear"), "coordinate_transformation_mode": .string("half_pixel"),
        ], hasReLU: false)
    case .concatenate:
      return finish("Concat", inputs, ["axis": .int(1)], hasReLU: false)
    }
  }
}
