import Kernels
import ModelExchange
import NeuralNetworks
import Testing
import UNets

@Suite struct ImportTests {
  /// Another framework's weights, through a safetensors file, compute that framework's logits.
  @Test(arguments: ["A", "B2"]) func theReferenceComputesItsLogits(_ variant: String) throws {
    let reference = TinyReference(variant: variant)
    let file = SafeTensorsFile(tensors: try reference.weights(), metadata: [:]).serialized()
    let imported = try ImportedModel(
      try WeightsFile.tensors(parsing: file), map: reference.map)
    #expect(imported.unused.isEmpty)
    #expect(try UNetModel(safetensors: imported.model.safetensors()) == imported.model)
    let inputs = try reference.array("x.npy").transposed([0, 2, 3, 1])
    let session = try InferenceSession(
      network: imported.model.architecture.makeNetwork(), parameters: imported.model.parameters,
      inputShape: inputs.shape, pool: ThreadPool(threadCount: 1))
    let expected = try reference.array("\(variant).logits.npy").transposed([0, 2, 3, 1])
    #expect(relativeError(try session.logits(inputs).values, expected.values) < 3e-6)
  }

  @Test func otherNamesAndLayoutsGiveTheSameModel() throws {
    let reference = TinyReference(variant: "A")
    let weights = try reference.weights()
    let plain = try ImportedModel(
      Dictionary(uniqueKeysWithValues: weights.map { ($0.name, $0.tensor) }), map: reference.map)
    // Keras' layouts, layers with numbers for names, a bias under a name of its own, a tensor too many.
    var theirs: [String: Tensor] = ["optimizer.step": Tensor(shape: [1], values: [3])]
    var names: [String] = []
    let layers = Set(weights.map { String($0.name.dropLast($0.name.hasSuffix(".weight") ? 7 : 5)) })
      .sorted()
    for (name, tensor) in weights {
      let layer = name.dropLast(name.hasSuffix(".weight") ? 7 : 5)
      let number = try #require(layers.firstIndex(of: String(layer)))
      let suffix = String(name.dropFirst(layer.count))
      let foreign = name == "head.bias" ? "the/bias" : "layer.\(number)\(suffix)"
      theirs[foreign] = tensor.shape.count == 4 ? tensor.transposed([2, 3, 1, 0]) : tensor
      if suffix == ".weight" { names.append("\"\(layer)\": \"layer.\(number)\"") }
    }
    names.append("\"head.bias\": \"the/bias\"")
    let json = """
      {"architecture": {"inputChannels": 1, "width": 4, "depth": 4, "upsampling": "transposed"},
       "input": {"size": 64}, "layouts": {"conv2d": "HWIO", "convTranspose2d": "HWOI"},
       "names": {\(names.joined(separator: ", "))}}
      """
    let imported = try ImportedModel(theirs, map: try NameMap(parsing: Array(json.utf8)))
    #expect(imported.model == plain.model)
    #expect(imported.unused == ["optimizer.step"])
  }

  private static let small: NameMap = {
    var map = NameMap()
    map.architecture = UNetArchitecture(inputChannels: 1, width: 8, depth: 1, hasBatchNorm: true)
    map.inputSize = 8
    return map
  }()

  /// A small network with normalisation in PyTorch's layouts and under its names for statistics.
  private static func smallWeights() throws -> ([String: Tensor], UNetModel) {
    var model = try UNetModel.initialized(
      architecture: small.architecture, inputSize: 8, seed: 3)
    var parameters = model.parameters
    var generator = SeededGenerator(seed: 4)
    for (name, tensor) in parameters where tensor.shape.count == 1 {
      parameters[name] = Tensor(
        shape: tensor.shape, values: tensor.values.map { _ in generator.uniform(0.2, 1.2) })
    }
    model = try UNetModel(
      architecture: small.architecture, inputSize: 8, normalization: model.normalization,
      parameters: parameters)
    var theirs: [String: Tensor] = [:]
    for (name, tensor) in parameters {
      let isUp = name.hasSuffix(".up.weight")
      theirs[name] =
        tensor.shape.count == 4 ? tensor.transposed(isUp ? [2, 3, 0, 1] : [3, 2, 0, 1]) : tensor
    }
    return (theirs, model)
  }

  @Test func statisticsGoByTheirOtherNames() throws {
    var (theirs, model) = try Self.smallWeights()
    theirs["n.weight"] = theirs.removeValue(forKey: "enc0.conv0.norm.weight")
    theirs["n.bias"] = theirs.removeValue(forKey: "enc0.conv0.norm.bias")
    theirs["n.running_mean"] = theirs.removeValue(forKey: "enc0.conv0.norm.runningMean")
    theirs["n.running_var"] = theirs.removeValue(forKey: "enc0.conv0.norm.runningVariance")
    var map = Self.small
    map.names = ["enc0.conv0.norm": "n"]
    #expect(try ImportedModel(theirs, map: map).model == model)
  }

  @Test func aConvolutionWithoutBiasHasZeros() throws {
    var (theirs, _) = try Self.smallWeights()
    theirs["enc0.conv0.bias"] = nil
    var map = Self.small
    #expect(throws: WeightsError.self) { try ImportedModel(theirs, map: map) }
    map.names["enc0.conv0.bias"] = .some(nil)
    let model = try ImportedModel(theirs, map: map).model
    #expect(model.parameters["enc0.conv0.bias"] == Tensor(zeros: [8]))
  }

  @Test func anotherEpsilonIsMadeUpFor() throws {
    let (theirs, model) = try Self.smallWeights()
    var map = Self.small
    map.batchNormEpsilon = 1e-3
    let imported = try ImportedModel(theirs, map: map).model
    let name = "enc1.conv1.norm.runningVariance"
    for (found, expected) in zip(
      imported.parameters[name]?.values ?? [], model.parameters[name]?.values ?? [])
    {
      #expect(abs((found + 1e-5) - (expected + 1e-3)) < 1e-7)
    }
  }

  @Test func aHeadOfOneLogitBecomesTwo() throws {
    var (theirs, _) = try Self.smallWeights()
    theirs["head.weight"] = Tensor(shape: [1, 8, 1, 1], values: (1...8).map { Float($0) })
    theirs["head.bias"] = Tensor(shape: [1], values: [0.5])
    let model = try ImportedModel(theirs, map: Self.small).model
    #expect(model.parameters["head.bias"]?.values == [0, 0.5])
    #expect(
      model.parameters["head.weight"]?.values == (1...8).flatMap { [Float(0), Float($0)] })
  }

  @Test func whatDoesNotFitIsNamed() throws {
    let (theirs, _) = try Self.smallWeights()
    func message(_ change: (inout [String: Tensor], inout NameMap) -> Void) -> String {
      var (tensors, map) = (theirs, Self.small)
      change(&tensors, &map)
      do {
        _ = try ImportedModel(tensors, map: map)
        return "none"
      } catch {
        return "\(error)"
      }
    }
    let missing = message { tensors, _ in tensors["head.bias"] = nil }
    #expect(missing.hasPrefix("head.bias is not in the file"))
    let renamed = message { _, map in map.names["head"] = "out" }
    #expect(renamed.contains("what head.weight is called"))
    let reshaped = message { tensors, _ in tensors["head.weight"] = Tensor(zeros: [2, 4, 1, 1]) }
    #expect(
      reshaped
        == "head.weight has shape [2, 4, 1, 1]; [2, 8, 1, 1] is needed in the layout OIHW. Correct the "
        + "architecture or the layouts in the map.")
    let infinite = message { tensors, _ in
      tensors["head.bias"] = Tensor(shape: [2], values: [.nan, 0])
    }
    #expect(infinite.contains("head.bias"))
    let wide = message { _, map in map.architecture.width = 12 }
    #expect(wide.contains("cannot be run"))
    let odd = message { _, map in map.inputSize = 7 }
    #expect(odd.contains("inputSize"))
  }

  @Test(arguments: [
    ("[]", "it is not an object"), ("{", "no JSON"), ("{\"name\": {}}", "name is not known"),
    ("{\"architecture\": {\"width\": 0}}", "architecture.width"),
    ("{\"architecture\": {\"width\": 1e300}}", "architecture.width"),
    ("{\"architecture\": {\"depth\": 2.5}}", "architecture.depth"),
    ("{\"architecture\": {\"inputChannels\": 2}}", "architecture.inputChannels"),
    ("{\"architecture\": {\"upsampling\": \"cubic\"}}", "transposed or nearest"),
    ("{\"input\": {\"size\": -1}}", "input.size"),
    ("{\"input\": {\"mean\": [0]}}", "belong together"),
    ("{\"input\": {\"mean\": [\"0\"], \"standardDeviation\": [1]}}", "not of numbers"),
    ("{\"layouts\": {\"conv2d\": \"OIHH\"}}", "layouts.conv2d"),
    ("{\"layouts\": {\"conv3d\": \"OIHW\"}}", "layouts.conv3d"),
    ("{\"names\": {\"head\": 1}}", "names.head"), ("{\"batchNormEpsilon\": 0}", "batchNormEpsilon"),
    ("{\"names\": {}, \"names\": {}}", "twice"),
  ])
  func aSlipInTheMapIsNamed(_ text: String, _ expected: String) {
    #expect {
      try NameMap(parsing: Array(text.utf8))
    } throws: { error in
      "\(error)".contains(expected)
    }
  }
}
