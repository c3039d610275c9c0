import NeuralNetworks
import Testing
import UNets

/// Architectures and their model files.
@Suite struct UNetModelTests {
  static func model() throws -> UNetModel {
    var model = try UNetModel.initialized(
      architecture: UNetArchitecture(
        inputChannels: 3, width: 8, depth: 2, upsampling: .nearest, hasBatchNorm: true),
      inputSize: 64,
      normalization: Normalization(mean: [0.5, 0.4, 0.3], standardDeviation: [0.2, 0.1, 0.7]),
      seed: 5)
    model.threshold = 0.4
    model.summary = ["preset": "x", "names": "a\nb"]
    return model
  }

  @Test func parameterCountsAreThePapers() {
    #expect(UNetArchitecture(width: 64).parameterCount == 31_030_658)
    #expect(UNetArchitecture(width: 32).parameterCount == 7_759_554)
    #expect(UNetArchitecture(width: 16).parameterCount == 1_940_834)
    #expect(UNetArchitecture(width: 4).parameterCount == 121_658)
    #expect(UNetArchitecture(width: 4, upsampling: .nearest).parameterCount == 121_658)
  }

  @Test func aModelSurvivesItsFile() throws {
    let model = try Self.model()
    #expect(try UNetModel(safetensors: model.safetensors()) == model)
    let half = try UNetModel(safetensors: model.safetensors(halfPrecision: true))
    #expect(half.architecture == model.architecture && half.summary == model.summary)
    for (name, tensor) in model.parameters {
      let other = try #require(half.parameters[name])
      for (a, b) in zip(tensor.values, other.values) { #expect(abs(a - b) <= abs(a) / 2048 + 1e-7) }
    }
  }

  @Test func aStandardizingModelSurvivesItsFile() throws {
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 4, depth: 1), inputSize: 16,
      normalization: Normalization(mean: [0], standardDeviation: [1], standardizes: true), seed: 1)
    #expect(try UNetModel(safetensors: model.safetensors()).normalization.standardizes)
    var file = try SafeTensorsFile(parsing: model.safetensors())
    file.metadata["checksum"] = nil
    file.metadata["standardizes"] = nil
    #expect(try !UNetModel(safetensors: file.serialized()).normalization.standardizes)
    file.metadata["standardizes"] = "yes"
    #expect(throws: UNetModelError.self) { try UNetModel(safetensors: file.serialized()) }
  }

  @Test func aPhotographIsStandardized() {
    let normalization = Normalization(mean: [0], standardDeviation: [1], standardizes: true)
    var values: [Float] = [0.1, 0.2, 0.3, 0.6]
    normalization.finish(&values)
    // Mean 0.3, standard deviation sqrt(0.14 / 4).
    for (value, expected) in zip(values, [-1.0690, -0.5345, 0, 1.6036] as [Float]) {
      #expect(abs(value - expected) < 1e-4)
    }
    var flat = [Float](repeating: 0.7, count: 5)
    normalization.finish(&flat)
    #expect(flat.allSatisfy { abs($0) < 1e-4 })
    var others: [Float] = [0.1, 0.2]
    Normalization.unit(channels: 1).finish(&others)
    #expect(others == [0.1, 0.2])
  }

  @Test func sameSeedSameWeights() throws {
    #expect(try Self.model() == Self.model())
    let other = try UNetModel.initialized(
      architecture: Self.model().architecture, inputSize: 64, seed: 6)
    #expect(try other.parameters != Self.model().parameters)
  }

  @Test(arguments: [false, true])
  func xavierStaysInItsLimits(_ hasBatchNorm: Bool) throws {
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 16, hasBatchNorm: hasBatchNorm),
      inputSize: 64, seed: 1)
    // Without normalisation the gain of ReLU, and never for the last layer, which has none behind it.
    let gain: Float = hasBatchNorm ? 1 : Float(2).squareRoot()
    for (name, fans, gain) in [("enc1.conv0", 9 * (16 + 32), gain), ("head", 16 + 2, 1)] {
      let weight = try #require(model.parameters[name + ".weight"])
      let limit = gain * (6 / Float(fans)).squareRoot()
      #expect(weight.values.allSatisfy { abs($0) <= limit })
      let largest = weight.values.reduce(0) { max($0, abs($1)) }
      #expect(largest > (weight.count > 1000 ? 0.98 : 0.8) * limit)
      #expect(model.parameters[name + ".bias"]?.values.allSatisfy { $0 == 0 } == true)
    }
  }

  /// A file with one metadata entry or tensor changed.
  private func changed(
    _ change: (inout SafeTensorsFile) -> Void
  ) throws -> [UInt8] {
    var file = try SafeTensorsFile(parsing: Self.model().safetensors())
    // A file of another program has none.
    file.metadata["checksum"] = nil
    change(&file)
    return file.serialized()
  }

  @Test(
    arguments: [
      ("format", nil), ("format", "other"), ("architecture", "resnet"), ("width", "9"),
      ("width", "-8"), ("width", "1152921504606846976"), ("width", "eight"), ("depth", "60"),
      ("depth", "3"), ("inputChannels", "2"), ("upsampling", "cubic"), ("batchNorm", "perhaps"),
      ("inputSize", "62"), ("inputSize", "1000000"), ("inputSize", "0"), ("mean", "0.5"),
      ("mean", "a b c"), ("standardDeviation", "0 1 1"), ("standardDeviation", "nan 1 1"),
      ("threshold", "0"), ("threshold", "1"), ("threshold", "nan"),
    ] as [(String, String?)])
  func wrongMetadataIsRefused(_ key: String, _ value: String?) throws {
    let bytes = try changed { $0.metadata[key] = value }
    #expect(throws: UNetModelError.self) { _ = try UNetModel(safetensors: bytes) }
  }

  @Test(arguments: [false, true])
  func aFileOfItsOwnIsRefusedWithAnyByteOfItsContentChanged(_ halfPrecision: Bool) throws {
    let bytes = try Self.model().safetensors(halfPrecision: halfPrecision)
    let whole = try UNetModel(safetensors: bytes)
    var refusals = 0
    for index in stride(from: 8, to: bytes.count, by: 61) {
      var changed = bytes
      changed[index] ^= 1
      guard let model = try? UNetModel(safetensors: changed) else {
        refusals += 1
        continue
      }
      // In the name of the checksum's entry, say.
      #expect(model.parameters == whole.parameters, "byte \(index)")
      #expect(model.threshold == whole.threshold && model.normalization == whole.normalization)
    }
    #expect(refusals > bytes.count / 61 - 5)
    var last = bytes
    last[bytes.count - 1] ^= 1
    #expect(throws: UNetModelError.checksumDiffers) { _ = try UNetModel(safetensors: last) }
  }

  @Test func aFileWithoutAChecksumIsRead() throws {
    #expect(try UNetModel(safetensors: changed { _ in }).parameters == Self.model().parameters)
  }

  @Test func wrongTensorsAreRefused() throws {
    let missing = try changed { $0.tensors.removeFirst() }
    #expect(throws: UNetModelError.missingTensor("enc0.conv0.weight")) {
      _ = try UNetModel(safetensors: missing)
    }
    let extra = try changed { $0.tensors.append(("x", Tensor(zeros: [1]))) }
    #expect(throws: UNetModelError.unknownTensor("x")) { _ = try UNetModel(safetensors: extra) }
    let reshaped = try changed {
      $0.tensors[0].tensor = Tensor(zeros: [3, 3, 8, 3])
    }
    #expect(throws: UNetModelError.self) { _ = try UNetModel(safetensors: reshaped) }
    for value in [Float.nan, .infinity] {
      let broken = try changed { $0.tensors[0].tensor.values[7] = value }
      #expect(throws: UNetModelError.notFinite("enc0.conv0.weight")) {
        _ = try UNetModel(safetensors: broken)
      }
    }
  }

  @Test func everyErrorSaysSomething() throws {
    let errors: [UNetModelError] = [
      .notSafeTensors(.tooShort(3)), .foreign("x"), .checksumDiffers, .badArchitecture("x"),
      .badValue("a", "b", "c"),
      .missingTensor("t"), .unknownTensor("t"), .wrongShape("t", found: [1], expected: [2]),
      .notFinite("t"),
    ]
    #expect(Set(errors.map(\.description)).count == errors.count)
  }
}
