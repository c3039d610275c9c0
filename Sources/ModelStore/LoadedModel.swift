import Files
import SystemPackage
import UNets

/// A model with the name that masks and journal entries give it.
public struct LoadedModel: Sendable {
  /// Weights and what is needed to run them.
  public var model: UNetModel
  /// Name and the first 12 hexadecimal digits of the file's SHA-256, for example `default-1a2b3c4d5e6f`.
  public var id: String
  /// SHA-256 of the whole file, 64 hexadecimal digits.
  public var sha256: String
  /// Where it came from, for messages: a path, or "built in".
  public var origin: String

  /// Larger files are no models of ours: the full U-Net has 124 MB.
  static let fileLimitBytes = 2 << 30

  /// Parses a model file's bytes.
  ///
  /// - Parameters:
  ///   - bytes: the whole file; hostile input.
  ///   - name: the model's own name; what does not suit a file name is replaced.
  ///   - origin: for messages.
  /// - Throws: `ModelStoreError.unsound`.
  public init(parsing bytes: [UInt8], name: String, origin: String) throws(ModelStoreError) {
    do throws(UNetModelError) {
      model = try UNetModel(safetensors: bytes)
    } catch {
      throw .unsound(path: origin, reason: "\(error)")
    }
    sha256 = sha256Hex(bytes)
    id = Self.id(name: name, sha256: sha256)
    self.origin = origin
  }

  /// Reads a model from a file of any name. The bytes are read, never mapped: a file that is overwritten
  /// or cut later does no harm.
  ///
  /// - Throws: `ModelStoreError.noModel`, `.unreadable` or `.unsound`.
  public init(file path: FilePath) throws(ModelStoreError) {
    try self.init(
      parsing: try Self.bytes(of: path), name: path.stem ?? "model", origin: path.displayed)
  }

  static func bytes(of path: FilePath) throws(ModelStoreError) -> [UInt8] {
    do throws(FileError) {
      return try readRegularFile(at: path, limitBytes: fileLimitBytes).bytes
    } catch {
      if error.errno == .noSuchFileOrDirectory { throw .noModel(lookedFor: path.displayed) }
      throw .unreadable(path: path.displayed, reason: error.reason)
    }
  }

  /// `name-` and 12 digits, with nothing in it but letters, digits, dot, underscore and minus.
  static func id(name: String, sha256: String) -> String {
    let kept = name.unicodeScalars.prefix(64).map { scalar -> Character in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", ".", "_", "-": Character(scalar)
      default: "-"
      }
    }
    let text = String(kept.drop { $0 == "." })
    return (text.isEmpty ? "model" : text) + "-" + sha256.prefix(12)
  }
}
