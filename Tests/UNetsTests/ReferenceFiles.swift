import Foundation
import NeuralNetworks
import Testing
import UNets

/// Numbers of another framework, computed in fp64: see Reference/tiny. Layouts there: activations
/// `[N, C, H, W]`, weights `[O, I, kh, kw]`, transposed weights `[I, O, kh, kw]`.
struct ReferenceNetwork {
  let folder: URL
  /// What stands before a file's name.
  let prefix: String
  let architecture: UNetArchitecture

  static func tiny(_ variant: String) -> ReferenceNetwork {
    ReferenceNetwork(
      folder: URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Reference/tiny"),
      prefix: "\(variant).",
      architecture: UNetArchitecture(
        inputChannels: 1, width: 4, depth: 4,
        upsampling: variant.hasPrefix("B2") ? .nearest : .transposed))
  }

  /// A network of width 16 in a folder of its own.
  static func large(_ name: String, in folder: String) -> ReferenceNetwork {
    ReferenceNetwork(
      folder: URL(filePath: folder), prefix: "\(name)/",
      architecture: UNetArchitecture(
        inputChannels: 1, width: 16, depth: 4,
        upsampling: name.hasPrefix("B2") ? .nearest : .transposed))
  }

  /// `NAME.f32` split by the manifest, in our layouts.
  func parameters(_ name: String, manifest: String? = nil) throws -> [String: Tensor] {
    let data = try Data(contentsOf: folder.appending(path: "\(prefix)\(name).f32"))
    let floats = Self.floats(data)
    let manifest = try String(
      contentsOf: folder.appending(path: manifest ?? "\(prefix)manifest.txt"), encoding: .utf8)
    var result: [String: Tensor] = [:]
    for line in manifest.split(separator: "\n") {
      let parts = line.split(separator: " ")
      let shape = parts[2].split(separator: "x").compactMap { Int($0) }
      let offset = try #require(Int(parts[1]))
      let tensor = Tensor(
        shape: shape, values: Array(floats[offset..<(offset + shape.reduce(1, *))]))
      let name = String(parts[0])
      let isTransposed = architecture.upsampling == .transposed && name.hasSuffix(".up.weight")
      result[name] =
        shape.count == 1 ? tensor : tensor.transposed(isTransposed ? [2, 3, 0, 1] : [2, 3, 1, 0])
    }
    return result
  }

  /// A float or double array `[N, C, H, W]` as `[N, H, W, C]`.
  func activations(_ file: String) throws -> Tensor {
    let (shape, data) = try array(file)
    let isDouble = data.count == 8 * shape.reduce(1, *)
    return Tensor(shape: shape, values: isDouble ? Self.doubles(data) : Self.floats(data))
      .transposed([0, 2, 3, 1])
  }

  /// A byte array.
  func bytes(_ file: String) throws -> [UInt8] { Array(try array(file).data) }

  /// The array of a NumPy file: its shape and elements.
  private func array(_ file: String) throws -> (shape: [Int], data: Data) {
    let data = try Data(contentsOf: folder.appending(path: file))
    let headerLength = Int(data[8]) | Int(data[9]) << 8
    let header = String(decoding: data[10..<(10 + headerLength)], as: UTF8.self)
    let open = try #require(header.range(of: "'shape': ("))
    let close = try #require(header[open.upperBound...].firstIndex(of: ")"))
    let shape = header[open.upperBound..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    return (shape, Data(data[(10 + headerLength)...]))
  }

  private static func doubles(_ data: Data) -> [Float] {
    stride(from: 0, to: data.count, by: 8).map { offset in
      let bytes = data[(data.startIndex + offset)..<(data.startIndex + offset + 8)]
      return Float(
        Double(bitPattern: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
    }
  }

  private static func floats(_ data: Data) -> [Float] {
    stride(from: 0, to: data.count, by: 4).map { offset in
      let bytes = data[(data.startIndex + offset)..<(data.startIndex + offset + 4)]
      return Float(bitPattern: bytes.reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
    }
  }
}

/// max |a - b| / max |b|.
func relativeError(_ found: Tensor, _ expected: Tensor) -> Float {
  precondition(found.shape == expected.shape)
  let largest = expected.values.reduce(0) { max($0, abs($1)) }
  let difference = zip(found.values, expected.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  return largest == 0 ? difference : difference / largest
}
