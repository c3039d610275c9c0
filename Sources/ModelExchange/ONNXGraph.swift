import NeuralNetworks

/// A graph in the form of ONNX, in the making.
///
/// Field numbers and meanings: `onnx.proto3` of ONNX 1.8 (intermediate representation 7), operators of
/// operator set 13, https://github.com/onnx/onnx.
struct ONNXGraph {
  /// Versions that are written down in the file.
  static let (irVersion, operatorSet) = (7, 13)

  private var message = ProtobufWriter()

  /// One attribute of a node.
  enum Attribute {
    case int(Int)
    case ints([Int])
    case float(Float)
    case string(String)
  }

  init(name: String) { message.add(2, name) }

  /// Adds a node with one output, which has the node's name.
  mutating func node(
    _ name: String, _ type: String, _ inputs: [String],
    _ attributes: KeyValuePairs<String, Attribute> = [:]
  ) {
    var node = ProtobufWriter()
    for input in inputs { node.add(1, input) }
    node.add(2, name)
    node.add(3, name)
    node.add(4, type)
    for (key, value) in attributes {
      var attribute = ProtobufWriter()
      attribute.add(1, key)
      switch value {
      case .float(let number):
        attribute.add(2, number)
        attribute.add(20, 1)
      case .int(let number):
        attribute.add(3, number)
        attribute.add(20, 2)
      case .string(let text):
        attribute.add(4, text)
        attribute.add(20, 3)
      case .ints(let numbers):
        for number in numbers { attribute.add(8, number) }
        attribute.add(20, 7)
      }
      node.add(5, attribute)
    }
    message.add(1, node)
  }

  /// Adds constant Floats.
  mutating func constant(_ name: String, _ tensor: Tensor) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(4 * tensor.count)
    for value in tensor.values {
      for shift in [0, 8, 16, 24] {
        bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
      }
    }
    add(name, shape: tensor.shape, type: 1, bytes)
  }

  /// Adds a constant whole number without axes.
  mutating func constant(_ name: String, _ value: Int) {
    let bits = UInt64(bitPattern: Int64(value))
    add(
      name, shape: [], type: 7,
      (0..<8).map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) })
  }

  private mutating func add(_ name: String, shape: [Int], type: Int, _ bytes: [UInt8]) {
    var tensor = ProtobufWriter()
    for axis in shape { tensor.add(1, axis) }
    tensor.add(2, type)
    tensor.add(8, name)
    tensor.add(9, bytes)
    message.add(5, tensor)
  }

  /// Declares an input of Floats; the first axis is the number of images, and free.
  mutating func input(_ name: String, _ shape: [Int]) { message.add(11, Self.value(name, shape)) }

  /// Declares an output of Floats; the first axis is the number of images.
  mutating func output(_ name: String, _ shape: [Int]) { message.add(12, Self.value(name, shape)) }

  private static func value(_ name: String, _ shape: [Int]) -> ProtobufWriter {
    var axes = ProtobufWriter()
    var free = ProtobufWriter()
    free.add(2, "N")
    axes.add(1, free)
    for axis in shape {
      var dimension = ProtobufWriter()
      dimension.add(1, axis)
      axes.add(1, dimension)
    }
    var tensor = ProtobufWriter()
    tensor.add(1, 1)
    tensor.add(2, axes)
    var type = ProtobufWriter()
    type.add(1, tensor)
    var value = ProtobufWriter()
    value.add(1, name)
    value.add(2, type)
    return value
  }

  /// The whole file.
  ///
  /// - Parameters:
  ///   - producer: name and version of the program.
  ///   - metadata: free text by key.
  func model(producer: (name: String, version: String), metadata: [String: String]) -> [UInt8] {
    var model = ProtobufWriter()
    model.add(1, Self.irVersion)
    model.add(2, producer.name)
    model.add(3, producer.version)
    model.add(7, message)
    var operators = ProtobufWriter()
    operators.add(1, "")
    operators.add(2, Self.operatorSet)
    model.add(8, operators)
    for (key, text) in metadata.sorted(by: { $0.key < $1.key }) {
      var entry = ProtobufWriter()
      entry.add(1, key)
      entry.add(2, text)
      model.add(14, entry)
    }
    return model.bytes
  }
}
