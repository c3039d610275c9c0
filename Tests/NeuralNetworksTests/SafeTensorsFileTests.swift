import NeuralNetworks
import Testing

/// The model file's container: what is written is read, and no bytes whatever bring the reader
/// down.
@Suite struct SafeTensorsFileTests {
  static let file = SafeTensorsFile(
    tensors: [
      ("b.weight", Tensor(shape: [2, 3], values: [1, -2, 0.5, 3.25, -0, 7])),
      ("a.bias", Tensor(shape: [4], values: [0.1, 1e-30, -1e30, 2])),
      ("empty", Tensor(shape: [0, 5], values: [])),
    ], metadata: ["format": "x", "quoted \"text\"\n": "é\u{1F600}\t\\"])

  /// A file from a header and data written by hand.
  static func bytes(header: String, data: [UInt8] = []) -> [UInt8] {
    let text = Array(header.utf8)
    return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
  }

  @Test func whatIsWrittenIsRead() throws {
    #expect(try SafeTensorsFile(parsing: Self.file.serialized()) == Self.file)
  }

  @Test func halfPrecisionKeepsElevenBits() throws {
    var half = Self.file
    half.storesHalfPrecision = true
    half.tensors[1].tensor.values = [0.1, 6e-5, -60000, 2]
    let read = try SafeTensorsFile(parsing: half.serialized())
    #expect(read.storesHalfPrecision)
    #expect(read.tensors[0].tensor == half.tensors[0].tensor)
    for (found, expected) in zip(read.tensors[1].tensor.values, half.tensors[1].tensor.values) {
      #expect(abs(found - expected) <= abs(expected) / 2048)
    }
    #expect(half.serialized().count < Self.file.serialized().count)
  }

  @Test func aFileOfAnotherWriterIsRead() throws {
    // Spaces, another order of members, an escape, tensors not in the order of their data.
    let header = """
      { "y" : {"shape":[1], "data_offsets":[4, 8], "dtype":"F32"}, "__metadata__": {"k":"\\u00e9"},
        "x\\/1":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}
      """
    let file = try SafeTensorsFile(
      parsing: Self.bytes(header: header, data: [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40]))
    #expect(file.tensors.map(\.name) == ["x/1", "y"])
    #expect(file.tensors[0].tensor == Tensor(shape: [], values: [1]))
    #expect(file.tensors[1].tensor == Tensor(shape: [1], values: [2]))
    #expect(file.metadata == ["k": "é"])
  }

  @Test(arguments: [
    "", "{", "[]", "{}x", #"{"a":1}"#, #"{"a":{"dtype":"F32","shape":[1]}}"#,
    #"{"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#,
    #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":[]}}"#,
    #"{"a":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,4]}}"#,
    #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}"#,
    #"{"__metadata__":{"k":1}}"#, #"{"__metadata__":[]}"#, #"{"a":"\ud800"}"#, #"{"a":"\q"}"#,
    #"{"a":tru}"#, "{\"a\":\"\u{1}\"}", "{\"a\":" + String(repeating: "[", count: 100_000),
  ])
  func badHeadersAreRefused(_ header: String) {
    #expect(throws: SafeTensorsError.self) {
      _ = try SafeTensorsFile(parsing: Self.bytes(header: header, data: [0, 0, 0, 0]))
    }
  }

  @Test func aHeaderOfMoreThanFourMegabytesIsNotRead() throws {
    func file(_ spaces: Int) -> [UInt8] {
      Self.bytes(header: "{}" + String(repeating: " ", count: spaces))
    }
    #expect(try SafeTensorsFile(parsing: file((4 << 20) - 2)).tensors.isEmpty)
    #expect(throws: SafeTensorsError.badHeaderLength((4 << 20) + 1, available: (4 << 20) + 1)) {
      _ = try SafeTensorsFile(parsing: file((4 << 20) - 1))
    }
  }

  @Test func everyCutIsRefused() {
    let whole = Self.file.serialized()
    for length in 0..<whole.count {
      #expect(throws: SafeTensorsError.self) {
        _ = try SafeTensorsFile(parsing: Array(whole[..<length]))
      }
    }
    #expect(throws: SafeTensorsError.trailingBytes(1)) {
      _ = try SafeTensorsFile(parsing: whole + [0])
    }
  }

  /// Every bit of the file: it is refused, or read as something of the same size; never a trap.
  @Test func everyFlippedBitIsSurvived() {
    let whole = Self.file.serialized()
    var refused = 0
    for bit in 0..<(8 * whole.count) {
      var bytes = whole
      bytes[bit / 8] ^= 1 << (bit % 8)
      do {
        let file = try SafeTensorsFile(parsing: bytes)
        #expect(file.tensors.count == 3)
      } catch {
        refused += 1
      }
    }
    #expect(refused > whole.count)
  }
}
