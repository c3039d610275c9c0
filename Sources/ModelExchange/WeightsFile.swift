import NeuralNetworks

/// Named tensors of another framework: a NumPy archive (`.npz`) or a safetensors file, told apart by content.
public enum WeightsFile {
  /// What all tensors together may take, as for a model's file.
  static let limitBytes = 2 << 30

  /// Reads all floating-point tensors; others, such as counters, are left out.
  ///
  /// - Parameter bytes: a whole file; hostile input.
  /// - Returns: the tensors by name; NumPy's `.npy` at the end of a name is dropped.
  /// - Throws: `WeightsError`.
  public static func tensors(parsing bytes: [UInt8]) throws(WeightsError) -> [String: Tensor] {
    guard bytes.starts(with: Array("PK".utf8)) else {
      do throws(SafeTensorsError) {
        let file = try SafeTensorsFile(parsing: bytes, acceptsForeignTypes: true)
        return Dictionary(
          file.tensors.map { ($0.name, $0.tensor) }, uniquingKeysWith: { first, _ in first })
      } catch {
        throw .notWeights(
          "it is neither a NumPy archive (.npz) nor a safetensors file that can be read: \(error)")
      }
    }
    let archive = try ZipArchive(bytes, limitBytes: limitBytes)
    var tensors: [String: Tensor] = [:]
    for entry in archive.entries where entry.name.hasSuffix(".npy") {
      let name = String(entry.name.dropLast(4))
      tensors[name] = try NumPyArray.tensor(try archive.content(of: entry), name: name)
    }
    return tensors
  }
}

/// Why weights of another framework were not taken over.
public enum WeightsError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The bytes are no file of weights.
  case notWeights(String)
  /// A ZIP archive that cannot be read.
  case badArchive(String)
  /// A NumPy array that cannot be read.
  case badArray(String, String)
  /// The map cannot be read, or says something that does not fit.
  case badMap(String)
  /// A tensor that the map names, or that has no entry in it, is not in the file.
  case missing(ours: String, theirs: String, known: [String])
  /// A tensor has another shape than the layer of the network.
  case wrongShape(name: String, found: [Int], expected: [Int], layout: String)
  /// The parts do not make a model.
  case notAModel(String)

  /// One sentence for the user.
  public var description: String {
    switch self {
    case .notWeights(let reason): return "\(reason)."
    case .badArchive(let reason): return "the archive cannot be read: \(reason)."
    case .badArray(let name, let reason): return "the array \(name) cannot be read: \(reason)."
    case .badMap(let reason): return "the map cannot be used: \(reason)."
    case .missing(let ours, let theirs, let known):
      let some = known.sorted().prefix(8).joined(separator: ", ")
      return
        "\(theirs) is not in the file, which has \(known.count) tensors (\(some)\(known.count > 8 ? ", ..." : "")). "
        + "Say in the map, under \"names\", what \(ours) is called there."
    case .wrongShape(let name, let found, let expected, let layout):
      return
        "\(name) has shape \(found); \(expected) is needed in the layout \(layout). Correct the architecture "
        + "or the layouts in the map."
    case .notAModel(let reason): return "the tensors do not make a model: \(reason)."
    }
  }
}
