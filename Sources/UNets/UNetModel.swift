import NeuralNetworks

/// How pixels become the network's input: `value = (pixel / 255 - mean[c]) / standardDeviation[c]`, and
/// then, if `standardizes`, `(value - m) / max(s, 1/255)` with the mean m and the standard deviation s of
/// the photograph's own values, over all pixels and channels.
public struct Normalization: Sendable, Equatable {
  /// Per channel, in 0 ... 1.
  public var mean: [Float]
  /// Per channel, above 0.
  public var standardDeviation: [Float]
  /// Whether each photograph is brought to mean 0 and standard deviation 1: how bright and how rich in
  /// contrast it is does not matter then.
  public var standardizes: Bool

  /// The least standard deviation that is divided by: one step of a byte.
  public static let leastDeviation: Float = 1 / 255

  /// A normalisation with one entry per channel.
  public init(mean: [Float], standardDeviation: [Float], standardizes: Bool = false) {
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.standardizes = standardizes
  }

  /// The last step, for all values of one photograph; nothing happens unless `standardizes`.
  public func finish(_ values: inout [Float]) {
    guard standardizes, !values.isEmpty else { return }
    let count = Double(values.count)
    let mean = values.reduce(0.0) { $0 + Double($1) } / count
    let variance = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / count
    let (shift, deviation) = (Float(mean), max(Self.leastDeviation, Float(variance.squareRoot())))
    for index in values.indices { values[index] = (values[index] - shift) / deviation }
  }

  /// Pixels scaled to 0 ... 1 and nothing else.
  public static func unit(channels: Int) -> Normalization {
    Normalization(
      mean: [Float](repeating: 0, count: channels),
      standardDeviation: [Float](repeating: 1, count: channels))
  }
}

/// A trained U-Net: the architecture, its weights and everything needed to run it.
public struct UNetModel: Sendable, Equatable {
  /// The graph.
  public let architecture: UNetArchitecture
  /// Side of the square input, a multiple of `architecture.sideMultiple`.
  public let inputSize: Int
  /// What happens to pixels first.
  public let normalization: Normalization
  /// Probability of "lesion" from which on a pixel is lesion, above 0 and below 1.
  public var threshold: Float
  /// Weights and biases by name, e.g. `enc0.conv0.weight` `[3, 3, I, O]`.
  public let parameters: [String: Tensor]
  /// Training summary, data hash and so on: free text by key, stored as `training.KEY`.
  public var summary: [String: String]

  /// Largest side that is accepted from a file.
  public static let inputSizeLimit = 4096

  /// A model whose parts fit together.
  ///
  /// - Throws: `UNetModelError` when a size, a shape or a value does not fit.
  public init(
    architecture: UNetArchitecture, inputSize: Int, normalization: Normalization,
    threshold: Float = 0.5, parameters: [String: Tensor], summary: [String: String] = [:]
  ) throws(UNetModelError) {
    guard [1, 3].contains(architecture.inputChannels), (1...1024).contains(architecture.width),
      (1...8).contains(architecture.depth), architecture.width << architecture.depth <= 1 << 14,
      !architecture.hasBatchNorm || architecture.width % 8 == 0
    else { throw .badArchitecture("\(architecture)") }
    guard (1...Self.inputSizeLimit).contains(inputSize),
      inputSize % architecture.sideMultiple == 0
    else {
      throw .badValue(
        "inputSize", "\(inputSize)",
        "a multiple of \(architecture.sideMultiple) up to \(Self.inputSizeLimit)")
    }
    guard normalization.mean.count == architecture.inputChannels,
      normalization.standardDeviation.count == architecture.inputChannels,
      normalization.mean.allSatisfy(\.isFinite),
      normalization.standardDeviation.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw .badValue("normalization", "\(normalization)", "a finite pair per channel") }
    guard threshold > 0, threshold < 1 else {
      throw .badValue("threshold", "\(threshold)", "between 0 and 1")
    }
    let layout = ParameterLayout(architecture.makeNetwork())
    for slot in layout.slots {
      guard let tensor = parameters[slot.name] else { throw .missingTensor(slot.name) }
      guard tensor.shape == slot.shape else {
        throw .wrongShape(slot.name, found: tensor.shape, expected: slot.shape)
      }
      guard tensor.values.allSatisfy(\.isFinite) else { throw .notFinite(slot.name) }
    }
    guard parameters.count == layout.slots.count else {
      let unknown = parameters.keys.filter { layout.slot($0) == nil }.sorted()
      throw .unknownTensor(unknown.first ?? "")
    }
    self.architecture = architecture
    self.inputSize = inputSize
    self.normalization = normalization
    self.threshold = threshold
    self.parameters = parameters
    self.summary = summary
  }

  /// A model before training: Xavier weights, zero biases, the same for the same seed. Without batch
  /// normalisation the weights have the gain of ReLU.
  ///
  /// - Throws: `UNetModelError` when sizes do not fit.
  public static func initialized(
    architecture: UNetArchitecture, inputSize: Int, normalization: Normalization? = nil,
    seed: UInt64
  ) throws(UNetModelError) -> UNetModel {
    let gain: Float = architecture.hasBatchNorm ? 1 : Float(2).squareRoot()
    return try UNetModel(
      architecture: architecture, inputSize: inputSize,
      normalization: normalization ?? .unit(channels: architecture.inputChannels),
      parameters: ParameterLayout(architecture.makeNetwork()).xavierInitialized(
        seed: seed, gain: gain))
  }
}

/// Why a model cannot be used.
public enum UNetModelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bytes are not a safetensors file that can be read.
  case notSafeTensors(SafeTensorsError)
  /// A file without our metadata: from another program or of a later format.
  case foreign(String)
  /// Some byte is another one than was written.
  case checksumDiffers
  /// Width, depth or channels are out of range.
  case badArchitecture(String)
  /// A setting of the model is missing or out of range: key, value, what is allowed.
  case badValue(String, String, String)
  /// A tensor of the architecture is not there.
  case missingTensor(String)
  /// A tensor that the architecture does not have.
  case unknownTensor(String)
  /// A tensor has another shape than the architecture's.
  case wrongShape(String, found: [Int], expected: [Int])
  /// A tensor holds NaN or infinity.
  case notFinite(String)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .notSafeTensors(let error): "damaged: \(error)"
    case .foreign(let reason): "not a dermseg model: \(reason)"
    case .checksumDiffers: "damaged: its checksum differs"
    case .badArchitecture(let text): "its architecture cannot be run: \(text)"
    case .badValue(let key, let value, let allowed):
      "its \(key) is \(value), allowed is \(allowed)"
    case .missingTensor(let name): "tensor \(name) is missing"
    case .unknownTensor(let name): "tensor \(name) does not belong to its architecture"
    case .wrongShape(let name, let found, let expected):
      "tensor \(name) has shape \(found), expected \(expected)"
    case .notFinite(let name): "tensor \(name) holds values that are not numbers"
    }
  }
}
