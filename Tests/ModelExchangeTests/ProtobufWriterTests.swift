import ModelExchange
import Testing

/// The examples of the encoding's own description, and the kinds of fields that ONNX needs.
@Suite struct ProtobufWriterTests {
  @Test func numbersAreVarints() {
    var message = ProtobufWriter()
    message.add(1, 150)
    #expect(message.bytes == [0x08, 0x96, 0x01])
    var edges = ProtobufWriter()
    edges.add(20, 0)
    edges.add(1, 127)
    edges.add(1, 128)
    #expect(edges.bytes == [0xA0, 0x01, 0x00, 0x08, 0x7F, 0x08, 0x80, 0x01])
    var negative = ProtobufWriter()
    negative.add(3, -1)
    #expect(negative.bytes == [0x18] + [UInt8](repeating: 0xFF, count: 9) + [0x01])
  }

  @Test func textAndMessagesHaveTheirLengthBefore() {
    var text = ProtobufWriter()
    text.add(2, "testing")
    #expect(text.bytes == [0x12, 0x07] + Array("testing".utf8))
    var inner = ProtobufWriter()
    inner.add(1, 150)
    var outer = ProtobufWriter()
    outer.add(3, inner)
    #expect(outer.bytes == [0x1A, 0x03, 0x08, 0x96, 0x01])
    var long = ProtobufWriter()
    long.add(9, [UInt8](repeating: 7, count: 300))
    #expect(long.bytes.prefix(3) == [0x4A, 0xAC, 0x02] && long.bytes.count == 303)
  }

  @Test func floatsAreFourBytes() {
    var message = ProtobufWriter()
    message.add(2, Float(1))
    #expect(message.bytes == [0x15, 0, 0, 0x80, 0x3F])
  }
}
