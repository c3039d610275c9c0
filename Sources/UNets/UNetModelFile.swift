import NeuralNetworks

// The model as a safetensors file. Metadata keys: format, architecture, width, depth,
// inputChannels, upsampling, batchNorm, inputSize, mean, standardDeviation, threshold, checksum, and
// training.* for the summary.

extension UNetModel {
  private static let format = "dermseg-1"
  private static let summaryPrefix = "training."

  /// Reads a model from a file's bytes, as hostile input.
  ///
  /// - Throws: `UNetModelError`: damaged, foreign, of another shape, or with values that are not
  /// numbers.
  public init(safetensors bytes: [UInt8]) throws(UNetModelError) {
    let file: SafeTensorsFile
    do {
      file = try SafeTensorsFile(parsing: bytes)
    } catch {
      throw .notSafeTensors(error)
    }
    let metadata = file.metadata
    guard let format = metadata["format"] else { throw .foreign("it has no format entry") }
    guard format == Self.format else {
      throw .foreign("its format is \(format), this version reads \(Self.format)")
    }
    guard metadata["architecture"] == "unet" else {
      throw .foreign("its architecture is \(metadata["architecture"] ?? "missing")")
    }
    if let sum = metadata[EmbeddedChecksum.key] {
      guard EmbeddedChecksum.isRight(in: bytes, sum: sum) else { throw .checksumDiffers }
    }
    let upsampling = try Self.value(metadata, "upsampling", "transposed or nearest") {
      UNetArchitecture.Upsampling(rawValue: $0)
    }
    let architecture = UNetArchitecture(
      inputChannels: try Self.value(metadata, "inputChannels", "1 or 3") { Int($0) },
      width: try Self.value(metadata, "width", "1 to 1024") { Int($0) },
      depth: try Self.value(metadata, "depth", "1 to 8") { Int($0) }, upsampling: upsampling,
      hasBatchNorm: metadata["batchNorm"] == nil
        ? false : try Self.value(metadata, "batchNorm", "true or false") { Bool($0) })
    // Before anything is built from these numbers: a network of width 2^60 would overflow.
    guard (1...1024).contains(architecture.width), (1...8).contains(architecture.depth) else {
      throw .badArchitecture("width \(architecture.width), depth \(architecture.depth)")
    }
    var summary: [String: String] = [:]
    for (key, text) in metadata where key.hasPrefix(Self.summaryPrefix) {
      summary[String(key.dropFirst(Self.summaryPrefix.count))] = text
    }
    try self.init(
      architecture: architecture,
      inputSize: try Self.value(metadata, "inputSize", "a whole number") { Int($0) },
      normalization: Normalization(
        mean: try Self.value(metadata, "mean", "numbers") { Self.numbers($0) },
        standardDeviation: try Self.value(metadata, "standardDeviation", "numbers") {
          Self.numbers($0)
        },
        standardizes: metadata["standardizes"] == nil
          ? false : try Self.value(metadata, "standardizes", "true or false") { Bool($0) }),
      threshold: try Self.value(metadata, "threshold", "between 0 and 1") { Float($0) },
      parameters: Dictionary(
        file.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first }),
      summary: summary)
  }

  /// The model as a safetensors file's bytes; `halfPrecision` halves its size and rounds the
  /// weights to 11 bits.
  public func safetensors(halfPrecision: Bool = false) -> [UInt8] {
    var metadata = [
      "format": Self.format, "architecture": "unet", "width": "\(architecture.width)",
      "depth": "\(architecture.depth)", "inputChannels": "\(architecture.inputChannels)",
      "upsampling": architecture.upsampling.rawValue,
      "batchNorm": "\(architecture.hasBatchNorm)", "inputSize": "\(inputSize)",
      "mean": normalization.mean.map { "\($0)" }.joined(separator: " "),
      "standardDeviation": normalization.standardDeviation.map { "\($0)" }.joined(separator: " "),
      "standardizes": "\(normalization.standardizes)", "threshold": "\(threshold)",
      EmbeddedChecksum.key: EmbeddedChecksum.blank,
    ]
    for (key, text) in summary { metadata[Self.summaryPrefix + key] = text }
    let slots = ParameterLayout(architecture.makeNetwork()).slots
    let tensors = slots.compactMap { slot in parameters[slot.name].map { (slot.name, $0) } }
    var bytes = SafeTensorsFile(
      tensors: tensors, metadata: metadata, storesHalfPrecision: halfPrecision
    ).serialized()
    EmbeddedChecksum.fill(in: &bytes)
    return bytes
  }

  private static func value<Value>(
    _ metadata: [String: String], _ key: String, _ allowed: String, _ parse: (String) -> Value?
  ) throws(UNetModelError) -> Value {
    guard let text = metadata[key] else { throw .badValue(key, "missing", allowed) }
    guard let value = parse(text) else { throw .badValue(key, text, allowed) }
    return value
  }

  private static func numbers(_ text: String) -> [Float]? {
    let parts = text.split(separator: " ").map { Float($0) }
    let values = parts.compactMap { $0 }
    return values.count == parts.count ? values : nil
  }
}
