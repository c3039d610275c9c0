import FoundationEssentials
import Kernels
import ModelExchange
import NeuralNetworks
import TestScaffold
import Testing
import UNets

@Suite struct ONNXExportTests {
  /// A model with weights that matter everywhere, and pixels for it.
  struct Case {
    var model: UNetModel
    /// `[N, S, S, C]`, 0...255.
    var pixels: Tensor

    init(_ architecture: UNetArchitecture, size: Int, normalization: Normalization) throws {
      let plain = try UNetModel.initialized(
        architecture: architecture, inputSize: size, normalization: normalization, seed: 11)
      var generator = SeededGenerator(seed: 12)
      var parameters = plain.parameters
      for name in parameters.keys.sorted() {
        guard let tensor = parameters[name], tensor.shape.count == 1 else { continue }
        parameters[name] = Tensor(
          shape: tensor.shape, values: tensor.values.map { $0 + generator.uniform(0.01, 0.3) })
      }
      model = try UNetModel(
        architecture: architecture, inputSize: size, normalization: normalization,
        threshold: 0.4, parameters: parameters)
      pixels = Tensor(zeros: [2, size, size, architecture.inputChannels])
      for index in 0..<pixels.count { pixels.values[index] = Float(generator.next() >> 56) }
    }

    /// What the engine computes: logits `[N, 2, S, S]`, probabilities `[N, S, S]`.
    func computed() throws -> (logits: Tensor, probabilities: Tensor) {
      let channels = model.architecture.inputChannels
      var inputs = pixels
      for index in 0..<inputs.count {
        inputs.values[index] =
          (inputs.values[index] / 255 - model.normalization.mean[index % channels])
          / model.normalization.standardDeviation[index % channels]
      }
      let count = inputs.count / inputs.shape[0]
      for first in stride(from: 0, to: inputs.count, by: count) {
        var photograph = Array(inputs.values[first..<(first + count)])
        model.normalization.finish(&photograph)
        inputs.values.replaceSubrange(first..<(first + count), with: photograph)
      }
      let session = try InferenceSession(
        network: model.architecture.makeNetwork(), parameters: model.parameters,
        inputShape: inputs.shape, pool: ThreadPool(threadCount: 1))
      return (
        try session.logits(inputs).transposed([0, 3, 1, 2]), try session.probabilities(inputs)
      )
    }
  }

  static let colour = Normalization(
    mean: [0.5, 0.4, 0.3], standardDeviation: [0.25, 0.2, 0.3])

  /// Both ways up, with and without normalisation of batches, grey and colour.
  static func cases() throws -> [Case] {
    [
      try Case(
        UNetArchitecture(inputChannels: 1, width: 4, depth: 2), size: 16,
        normalization: .unit(channels: 1)),
      try Case(
        UNetArchitecture(inputChannels: 3, width: 4, depth: 2, upsampling: .nearest), size: 16,
        normalization: colour),
      try Case(
        UNetArchitecture(inputChannels: 3, width: 8, depth: 2, hasBatchNorm: true), size: 16,
        normalization: colour),
      try Case(
        UNetArchitecture(inputChannels: 3, width: 4, depth: 2), size: 16,
        normalization: Normalization(
          mean: [0.5, 0.4, 0.3], standardDeviation: [0.25, 0.2, 0.3], standardizes: true)),
    ]
  }

  @Test(arguments: 0..<4, ONNXExport.InputLayout.allCases)
  func theGraphComputesWhatTheEngineComputes(
    _ index: Int, _ layout: ONNXExport.InputLayout
  ) throws {
    let example = try Self.cases()[index]
    let graph = try ONNXReader(
      try ONNXExport.bytes(of: example.model, layout: layout, id: "m-1", version: "1"))
    let values = try ONNXRunner.run(
      graph,
      image: layout == .nhwc ? example.pixels : example.pixels.transposed([0, 3, 1, 2]))
    let expected = try example.computed()
    let logits = try #require(values["logits"])
    #expect(logits.shape == expected.logits.shape)
    #expect(relativeError(logits.values, expected.logits.values) < 1e-5)
    let probabilities = try #require(values["probabilities"])
    #expect(probabilities.shape == expected.probabilities.shape)
    for (found, value) in zip(probabilities.values, expected.probabilities.values) {
      #expect(abs(found - value) < 1e-5)
    }
  }

  @Test func theFileSaysWhatGoesInAndOut() throws {
    let example = try Self.cases()[1]
    let graph = try ONNXReader(
      try ONNXExport.bytes(of: example.model, id: "m-1", version: "1"))
    #expect(graph.irVersion == 7 && graph.operatorSet == 13)
    #expect(graph.inputs == ["image": [-1, 3, 16, 16]])
    #expect(graph.outputs == ["logits": [-1, 2, 16, 16], "probabilities": [-1, 16, 16]])
    #expect(graph.metadata["threshold"] == "0.4" && graph.metadata["model"] == "m-1")
    #expect(graph.metadata["input"] == "0...255, nchw")
    // Names are given once, and read after they were given.
    var known = Set(graph.inputs.keys).union(graph.tensors.keys).union(graph.numbers.keys)
    for node in graph.nodes {
      for input in node.inputs where !input.isEmpty { #expect(known.contains(input)) }
      #expect(known.insert(node.output).inserted)
    }
    let weight = try #require(graph.tensors["enc0.conv0.weight"])
    #expect(
      weight == example.model.parameters["enc0.conv0.weight"]?.transposed([3, 2, 0, 1]))
  }

  /// Set DERMSEG_PYTHON to a Python that has the packages, if `python3` has not.
  private static let python = ProcessInfo.processInfo.environment["DERMSEG_PYTHON"] ?? "python3"
  private static let hasPackages: Bool = {
    guard let folder = try? ScratchDirectory() else { return false }
    return folder.shell("'\(python)' -c 'import numpy, onnx, onnxruntime' 2>/dev/null") == 0
  }()

  @Test(
    .enabled(
      if: hasPackages,
      "the Python packages numpy, onnx and onnxruntime are not installed (DERMSEG_PYTHON)"),
    arguments: 0..<3)
  func onnxRuntimeComputesTheSame(_ index: Int) throws {
    let folder = try ScratchDirectory()
    let example = try Self.cases()[index]
    let layout: ONNXExport.InputLayout = index == 1 ? .nhwc : .nchw
    try folder.write(
      try ONNXExport.bytes(of: example.model, layout: layout, id: "m-1", version: "1"),
      to: "m.onnx")
    let image = layout == .nhwc ? example.pixels : example.pixels.transposed([0, 3, 1, 2])
    let expected = try example.computed()
    for (name, tensor) in [
      ("image", image), ("logits", expected.logits), ("probabilities", expected.probabilities),
    ] {
      let bytes = tensor.values.flatMap { value in
        (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
      }
      try folder.write(bytes, to: "\(name).f32")
    }
    let script =
      String(
        decoding: Array(#filePath.utf8), as: UTF8.self
      ).split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/Python/check_onnx.py"
    #expect(folder.shell("'\(Self.python)' '\(script)'") == 0)
  }
}
