import NeuralNetworks
import Testing

/// An ONNX file read field by field, for the tests: what is written is read by other code.
struct ONNXReader {
  struct Node {
    var type = ""
    var inputs: [String] = []
    var output = ""
    var ints: [String: [Int]] = [:]
    var strings: [String: String] = [:]
    var floats: [String: Float] = [:]
  }

  var irVersion = 0
  var operatorSet = 0
  var nodes: [Node] = []
  var tensors: [String: Tensor] = [:]
  var numbers: [String: Int] = [:]
  /// Shapes, the free first axis as -1.
  var inputs: [String: [Int]] = [:]
  var outputs: [String: [Int]] = [:]
  var metadata: [String: String] = [:]

  init(_ bytes: [UInt8]) throws {
    let model = try ProtobufFields(bytes[...])
    irVersion = model.number(1) ?? 0
    operatorSet = try model.messages(8).compactMap { $0.number(2) }.first ?? 0
    for entry in try model.messages(14) { metadata[entry.text(1)] = entry.text(2) }
    let graph = try #require(try model.messages(7).first)
    nodes = try graph.messages(1).map { try Self.node($0) }
    for tensor in try graph.messages(5) {
      let raw = Array(try #require(tensor.bytes(9).first))
      if tensor.number(2) == 7 {
        numbers[tensor.text(8)] = Int(
          Int64(bitPattern: raw.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }))
      } else {
        #expect(tensor.number(2) == 1)
        let values = stride(from: 0, to: raw.count, by: 4).map { at in
          Float(
            bitPattern: raw[at..<(at + 4)].reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) })
        }
        tensors[tensor.text(8)] = Tensor(shape: tensor.numbers(1), values: values)
      }
    }
    inputs = try Self.values(graph.messages(11))
    outputs = try Self.values(graph.messages(12))
  }

  private static func node(_ fields: ProtobufFields) throws -> Node {
    var node = Node()
    node.inputs = fields.texts(1)
    node.output = fields.text(2)
    node.type = fields.text(4)
    for attribute in try fields.messages(5) {
      switch attribute.number(20) {
      case 1: node.floats[attribute.text(1)] = attribute.float(2)
      case 2: node.ints[attribute.text(1)] = [attribute.number(3) ?? 0]
      case 3: node.strings[attribute.text(1)] = attribute.text(4)
      case 7: node.ints[attribute.text(1)] = attribute.numbers(8)
      default: Issue.record("an attribute of an unknown type")
      }
    }
    return node
  }

  private static func values(_ fields: [ProtobufFields]) throws -> [String: [Int]] {
    var shapes: [String: [Int]] = [:]
    for value in fields {
      let type = try #require(try value.messages(2).first?.messages(1).first)
      #expect(type.number(1) == 1)
      let axes = try #require(try type.messages(2).first).messages(1)
      shapes[value.text(1)] = axes.map { $0.number(1) ?? -1 }
    }
    return shapes
  }
}

/// The fields of one message.
struct ProtobufFields {
  private enum Value {
    case number(UInt64)
    case fixed(UInt32)
    case bytes(ArraySlice<UInt8>)
  }

  private var fields: [(Int, Value)] = []

  private struct Damage: Error {}

  init(_ bytes: ArraySlice<UInt8>) throws {
    var rest = bytes
    func varint() throws -> UInt64 {
      var (value, shift) = (UInt64(0), UInt64(0))
      while let byte = rest.popFirst() {
        value |= UInt64(byte & 0x7F) << shift
        if byte < 0x80 { return value }
        shift += 7
      }
      throw Damage()
    }
    while !rest.isEmpty {
      let key = try varint()
      switch key & 7 {
      case 0: fields.append((Int(key >> 3), .number(try varint())))
      case 2:
        let count = Int(try varint())
        guard count <= rest.count else { throw Damage() }
        fields.append((Int(key >> 3), .bytes(rest.prefix(count))))
        rest = rest.dropFirst(count)
      case 5:
        guard rest.count >= 4 else { throw Damage() }
        let bits = rest.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        fields.append((Int(key >> 3), .fixed(bits)))
        rest = rest.dropFirst(4)
      default: throw Damage()
      }
    }
  }

  func numbers(_ field: Int) -> [Int] {
    fields.compactMap { number, value in
      guard number == field, case .number(let bits) = value else { return nil }
      return Int(Int64(bitPattern: bits))
    }
  }

  func number(_ field: Int) -> Int? { numbers(field).first }

  func float(_ field: Int) -> Float? {
    for case (field, .fixed(let bits)) in fields { return Float(bitPattern: bits) }
    return nil
  }

  func bytes(_ field: Int) -> [ArraySlice<UInt8>] {
    fields.compactMap { number, value in
      guard number == field, case .bytes(let bytes) = value else { return nil }
      return bytes
    }
  }

  func texts(_ field: Int) -> [String] { bytes(field).map { String(decoding: $0, as: UTF8.self) } }

  func text(_ field: Int) -> String { texts(field).first ?? "" }

  func messages(_ field: Int) throws -> [ProtobufFields] {
    try bytes(field).map { try ProtobufFields($0) }
  }
}
