import ArgumentParser
import ModelStore
import NeuralNetworks
import Training
import UNets

/// `dermseg model show`
struct ModelShowCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Shows a model: its layers, their parameters, how it was made.",
    discussion: """
      Without a name it is the model that the daemon would use. With --preset it is a network that has not \
      been trained, as `dermseg train` would make it.

      EXAMPLES
        dermseg model show
        dermseg model show ./mine.safetensors --json
        dermseg model show --preset paper
        dermseg model show --preset paper --width 16 --upsampling nearest
      """)

  @OptionGroup var storeOption: StoreOption
  @Argument(help: "A model of the store, a model file, or built-in.", completion: .modelsOfStore)
  var model: String?
  @Option(help: "Show an untrained network instead: paper or default.") var preset: String?
  @Option(help: "With --preset: channels of the network's first level.") var width: Int?
  @Option(help: "With --preset: side of the square that the network sees, in pixels.") var size:
    Int?
  @Option(help: "With --preset: transposed or nearest.") var upsampling: String?
  @Flag(help: "Print JSON.") var json = false

  func validate() throws {
    if preset != nil, model != nil {
      throw ValidationError("Give either a model or --preset, not both.")
    }
    if preset == nil, width != nil || size != nil || upsampling != nil {
      throw ValidationError("--width, --size and --upsampling need --preset.")
    }
  }

  func run() async throws {
    let description: ModelDescription
    if let preset {
      description = try described(preset: preset)
    } else {
      description = try await describedModel()
    }
    if json {
      try printJSON(description)
    } else {
      for line in description.lines { Console.print(line) }
    }
  }

  private func described(preset name: String) throws -> ModelDescription {
    guard var options = TrainingOptions.preset(named: name) else {
      throw CommandFailure(
        message: "Not shown: there is no preset \(name). Give paper or default.",
        exitCode: .badArguments)
    }
    if let width { options.width = width }
    if let size { options.inputSize = size }
    if let upsampling {
      guard let known = UNetArchitecture.Upsampling(rawValue: upsampling) else {
        throw CommandFailure(
          message: "Not shown: --upsampling \(upsampling): transposed or nearest.",
          exitCode: .badArguments)
      }
      options.upsampling = known
    }
    do {
      try options.validate()
    } catch {
      throw CommandFailure(message: "Not shown: \(error)", exitCode: .badArguments)
    }
    return try ModelDescription(architecture: options.architecture, inputSize: options.inputSize)
  }

  private func describedModel() async throws -> ModelDescription {
    let loaded = try await loadModel(model, store: try await storeOption.store())
    var description = try ModelDescription(
      architecture: loaded.model.architecture, inputSize: loaded.model.inputSize)
    description.id = loaded.id
    description.sha256 = loaded.sha256
    description.origin = loaded.origin
    description.threshold = loaded.model.threshold
    description.mean = loaded.model.normalization.mean
    description.standardDeviation = loaded.model.normalization.standardDeviation
    description.standardizes = loaded.model.normalization.standardizes
    description.training = loaded.model.summary
    return description
  }
}

/// A network layer by layer.
struct ModelDescription: Encodable {
  struct Layer: Encodable {
    var name: String
    var operation: String
    /// Height, width, channels.
    var output: [Int]
    var parameters: Int
  }

  var id: String?
  var sha256: String?
  var origin: String?
  var architecture: String
  var inputSize: Int
  var inputChannels: Int
  var parameterCount: Int
  var layers: [Layer]
  var threshold: Float?
  var mean: [Float]?
  var standardDeviation: [Float]?
  var standardizes: Bool?
  var training: [String: String]?

  enum CodingKeys: String, CodingKey {
    case id, sha256, origin, architecture, layers, threshold, mean, standardizes, training
    case inputSize = "input_size"
    case inputChannels = "input_channels"
    case parameterCount = "parameter_count"
    case standardDeviation = "standard_deviation"
  }

  /// - Throws: `CommandFailure` when the input size does not suit the network.
  init(architecture: UNetArchitecture, inputSize: Int) throws {
    let network = architecture.makeNetwork()
    let layout = ParameterLayout(network)
    let shapes: [Network.NodeShape]
    do {
      shapes = try network.shapes(height: inputSize, width: inputSize)
    } catch {
      throw CommandFailure(message: "Not shown: \(error)", exitCode: .badConfiguration)
    }
    self.architecture =
      "U-Net, width \(architecture.width), depth \(architecture.depth), "
      + "\(architecture.upsampling.rawValue) up-sampling"
      + (architecture.hasBatchNorm ? ", batch normalisation" : "")
    self.inputSize = inputSize
    inputChannels = architecture.inputChannels
    parameterCount = layout.parameterCount
    layers = zip(network.nodes, shapes).map { node, shape in
      Layer(
        name: node.name, operation: node.operation.described,
        output: [shape.height, shape.width, shape.channels],
        parameters: layout.slots.filter { $0.isLearned && $0.name.isParameter(of: node.name) }
          .reduce(0) { $0 + $1.count })
    }
  }

  /// The description for people.
  var lines: [String] {
    var lines: [String] = []
    if let id { lines.append("model       \(id)") }
    if let origin { lines.append("from        \(origin)") }
    if let sha256 { lines.append("SHA-256     \(sha256)") }
    lines.append("network     \(architecture)")
    lines.append("input       \(inputSize)x\(inputSize)x\(inputChannels)")
    if let threshold { lines.append("threshold   \(threshold)") }
    lines.append("")
    let rows =
      [["layer", "operation", "output", "parameters"]]
      + layers.map {
        [
          $0.name, $0.operation, $0.output.map { "\($0)" }.joined(separator: "x"),
          $0.parameters == 0 ? "" : grouped($0.parameters),
        ]
      } + [["total", "", "", grouped(parameterCount)]]
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.enumerated().map { column, text in
        let space = String(repeating: " ", count: widths[column] - text.count)
        return column == 3 ? space + text : text + space
      }
      let line = cells.joined(separator: "  ")
      lines.append(String(line.reversed().drop { $0 == " " }.reversed()))
    }
    guard let training, !training.isEmpty else { return lines }
    lines += ["", "training"]
    for (key, text) in training.sorted(by: { $0.key < $1.key }) {
      // Lists of names are for --json.
      if !text.contains("\n") { lines.append("  \(key): \(text)") }
    }
    return lines
  }
}

/// A number with a comma after each three digits.
private func grouped(_ number: Int) -> String {
  var text = ""
  for (index, digit) in String(number).reversed().enumerated() {
    if index > 0, index % 3 == 0 { text = "," + text }
    text = "\(digit)" + text
  }
  return text
}

extension String {
  /// Whether this is `node.weight` or the like, with nothing between.
  fileprivate func isParameter(of node: String) -> Bool {
    hasPrefix(node + ".") && !dropFirst(node.count + 1).contains(".")
  }
}

extension Operation {
  fileprivate var described: String {
    switch self {
    case .input: return "input"
    case .conv2d(let layer):
      return "convolution \(layer.kernelSize)x\(layer.kernelSize)" + (layer.hasReLU ? ", ReLU" : "")
    case .convTranspose2d: return "transposed convolution 2x2, stride 2"
    case .batchNorm2d(let layer): return "batch normalisation" + (layer.hasReLU ? ", ReLU" : "")
    case .maxPool2d: return "max-pooling 2x2"
    case .upsampleNearest: return "nearest up-sampling x2"
    case .upsampleBilinear: return "bilinear up-sampling x2"
    case .concatenate: return "concatenation"
    }
  }
}
