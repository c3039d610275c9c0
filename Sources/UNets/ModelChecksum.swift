import Files
import NeuralNetworks

/// A model file's checksum of itself.
///
/// A model of the store has a checksum beside it; one that is named by its path, copied or sent has only
/// this one. It is computed from what the file says, not from its bytes, so that it can be part of it.
extension SafeTensorsFile {
  static let checksumKey = "checksum"

  /// The SHA-256 of all metadata but the checksum, and of all tensors.
  var contentChecksum: String {
    var text = ""
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != Self.checksumKey {
      text += "\(key)=\(value)\n"
    }
    for (name, tensor) in tensors {
      let bytes = unsafe tensor.values.withUnsafeBytes { unsafe Array($0) }
      text += "\(name) \(tensor.shape) \(sha256Hex(bytes))\n"
    }
    return sha256Hex(Array(text.utf8))
  }
}
