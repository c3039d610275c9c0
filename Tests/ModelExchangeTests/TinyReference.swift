import Files
import ModelExchange
import NeuralNetworks
import SystemPackage
import Testing
import UNets

/// The tiny reference networks of the tests of UNets, in the layouts of the framework that made them.
struct TinyReference {
  let variant: String

  private var folder: FilePath {
    FilePath(#filePath).removingLastComponent().removingLastComponent()
      .appending("UNetsTests/Reference/tiny")
  }

  /// The map that fits.
  var map: NameMap {
    var map = NameMap()
    map.architecture = UNetArchitecture(
      inputChannels: 1, width: 4, upsampling: variant == "A" ? .transposed : .nearest)
    map.inputSize = 64
    return map
  }

  func bytes(_ name: String) throws -> [UInt8] {
    try readRegularFile(at: folder.appending(name), limitBytes: 1 << 24).bytes
  }

  /// The weights as they lie in PyTorch: `[O, I, H, W]`, transposed convolutions `[I, O, H, W]`.
  func weights() throws -> [(name: String, tensor: Tensor)] {
    let bytes = try bytes("\(variant).weights.f32")
    let manifest = String(decoding: try self.bytes("\(variant).manifest.txt"), as: UTF8.self)
    return try manifest.split(separator: "\n").map { line in
      let parts = line.split(separator: " ")
      let shape = parts[2].split(separator: "x").compactMap { Int($0) }
      let offset = try #require(Int(parts[1]))
      let values = (offset..<(offset + shape.reduce(1, *))).map { index in
        Float(
          bitPattern: bytes[(4 * index)..<(4 * index + 4)].reversed()
            .reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
      }
      return (String(parts[0]), Tensor(shape: shape, values: values))
    }
  }

  /// `[N, C, H, W]` as it is in the file.
  func array(_ name: String) throws -> Tensor {
    try #require(try NumPyArray.tensor(try bytes(name), name: name))
  }
}

/// max |a - b| / max |b|.
func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
  precondition(found.count == expected.count)
  let largest = expected.reduce(0) { max($0, abs($1)) }
  return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
}
