import Datasets
import Files
import Glibc
import ModelStore
import SystemPackage
import TestScaffold
import Testing
import UNets

/// A model of the store that differs by one bit or one byte from what was published is never used.
@Suite struct DamagedModelTests {
  private let folder: ScratchDirectory
  private let store: ModelStore
  private let path: FilePath
  private let bytes: [UInt8]
  /// Where the weights begin: 8 bytes of length, then the header.
  private let dataStart: Int

  init() throws {
    folder = try ScratchDirectory()
    store = ModelStore(directory: folder.path)
    // Without the file's checksum of itself: the store's own is on trial here.
    bytes = try ModelStoreTests.bytes(seed: 1).replacing(
      Array("checksum".utf8), with: Array("checkzum".utf8))
    let id = try store.publish(bytes, name: "m").id
    path = folder.path.appending(id).appending("model.safetensors")
    dataStart = 8 + bytes.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// The reason why the store's current model is refused; nil if it is not.
  private func refusal() -> String? {
    do throws(ModelStoreError) {
      return try store.current() == nil ? "there is none" : nil
    } catch {
      return error.description
    }
  }

  @Test("M1: cut at every byte of the header and at a thousand other lengths, it is refused")
  func cuts() throws {
    var random = SeededGenerator(seed: 4711)
    let others = (0..<1000).map { _ in Int.random(in: dataStart..<bytes.count, using: &random) }
    let file = try FileDescriptor.open(path, .readWrite)
    defer { try? file.close() }
    // From the longest to the shortest: the file only has to be cut once more each time.
    for length in (Array(0..<dataStart) + others).sorted(by: >) {
      try file.resize(to: Int64(length))
      #expect(refusal()?.contains(path.string) == true, "\(length) of \(bytes.count) bytes")
      // The same bytes as a file of their own: the reason says where they end.
      let error = #expect(throws: ModelStoreError.self) {
        try LoadedModel(parsing: Array(bytes.prefix(length)), name: "m", origin: "m")
      }
      #expect("\(error, default: "")".contains { $0.isNumber })
    }
    try file.writeAll(toAbsoluteOffset: 0, bytes)
    #expect(refusal() == nil)
  }

  @Test("M2: with any bit of the header or any of ten thousand others flipped, it is refused")
  func flippedBits() throws {
    var random = SeededGenerator(seed: 4711)
    let others = (0..<10_000).map { _ in
      Int.random(in: (8 * dataStart)..<(8 * bytes.count), using: &random)
    }
    let file = try FileDescriptor.open(path, .readWrite)
    defer { try? file.close() }
    var accepted: [Int] = []
    for bit in Array(0..<(8 * dataStart)) + others {
      let place = Int64(bit / 8)
      try file.writeAll(toAbsoluteOffset: place, [bytes[bit / 8] ^ 1 << (bit % 8)])
      if refusal() == nil { accepted.append(bit) }
      try file.writeAll(toAbsoluteOffset: place, [bytes[bit / 8]])
    }
    #expect(refusal() == nil, "the file is as it was")
    #expect(accepted == [])
  }

  /// Said "Copy it again Train it again".
  @Test func whatIsWrongAndWhatToDoAreTwoSentences() {
    let error = ModelStoreError.unsound(path: "m", reason: "\(UNetModelError.checksumDiffers)")
    #expect(
      error.description
        == "m: damaged: its checksum differs. Copy it again, restore it from a backup, or train anew."
    )
  }
}
