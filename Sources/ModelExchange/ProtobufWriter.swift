/// A protocol-buffers message in the making.
///
/// Source: "Protocol Buffers: Encoding", https://protobuf.dev/programming-guides/encoding.
package struct ProtobufWriter {
  package init() {}

  /// What was added until now.
  package private(set) var bytes: [UInt8] = []

  /// A whole number (`int64`, `int32`, `enum`); negative ones take ten bytes.
  package mutating func add(_ field: Int, _ value: Int) {
    key(field, wireType: 0)
    varint(UInt64(bitPattern: Int64(value)))
  }

  /// A `float`.
  package mutating func add(_ field: Int, _ value: Float) {
    key(field, wireType: 5)
    for shift in [0, 8, 16, 24] {
      bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> shift))
    }
  }

  /// A `string`.
  package mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  /// `bytes`.
  package mutating func add(_ field: Int, _ content: [UInt8]) {
    key(field, wireType: 2)
    varint(UInt64(content.count))
    bytes += content
  }

  /// A message within this one.
  package mutating func add(_ field: Int, _ message: ProtobufWriter) { add(field, message.bytes) }

  private mutating func key(_ field: Int, wireType: Int) {
    varint(UInt64(field << 3 | wireType))
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
