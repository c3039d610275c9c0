import FoundationEssentials
import ModelExchange
import NeuralNetworks
import Testing

@Suite struct WeightsFileTests {
  /// `numpy.savez_compressed(a=arange(6).reshape(2, 3) / 4 as <f4, half=[[1, 2], [3, 4]] as <f2 in Fortran
  /// order, big=[0.5, -2] as >f8, count=array(7))` of NumPy 2.4.
  static let compressed = Array(
    Data(
      base64Encoded: """
        UEsDBC0AAAAIAAAAIQAKnACk//////////8FABQAYS5ucHkBABAAmAAAAAAAAABWAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6T\
        ZqKuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CsaaOgq1CmQDLgYwaLADEvYMDA5A3ADEC+wBUEsDBC0AAAAIAAAAIQCb\
        RZlj//////////8IABQAaGFsZi5ucHkBABAAiAAAAAAAAABNAAAAAAAAAJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TZqSuo6Cell9UUpSY\
        F59flJIKEg8pKk0FChdnJBakArkaRjoKRpo6CrUK5AMuBhsGJwYHBhcAUEsDBC0AAAAIAAAAIQCfUH6U//////////8HABQAYmlnLm5w\
        eQEAEACQAAAAAAAAAE0AAAAAAAAAm+wX6hsQychQxlCtnpJanFykbqWgbpdmoa6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvka\
        RjqaOgq1ChQALvsHDGBwAEIxAABQSwMELQAAAAgAAAAhACO48Gz//////////wkAFABjb3VudC5ucHkBABAAiAAAAAAAAABGAAAAAAAA\
        AJvsF+obEMnIUMZQrZ6SWpxcpG6loG6TaaGuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5Gpo6CrUKFAEudgYIAABQSwECLQMt\
        AAAACAAAACEACpwApFYAAACYAAAABQAAAAAAAAAAAAAAgAEAAAAAYS5ucHlQSwECLQMtAAAACAAAACEAm0WZY00AAACIAAAACAAAAAAA\
        AAAAAAAAgAGNAAAAaGFsZi5ucHlQSwECLQMtAAAACAAAACEAn1B+lE0AAACQAAAABwAAAAAAAAAAAAAAgAEUAQAAYmlnLm5weVBLAQIt\
        Ay0AAAAIAAAAIQAjuPBsRgAAAIgAAAAJAAAAAAAAAAAAAACAAZoBAABjb3VudC5ucHlQSwUGAAAAAAQABADVAAAAGwIAAAAA
        """) ?? Data())

  @Test func aNumPyArchiveIsRead() throws {
    let tensors = try WeightsFile.tensors(parsing: Self.compressed)
    #expect(Set(tensors.keys) == ["a", "half", "big"])
    #expect(tensors["a"] == Tensor(shape: [2, 3], values: [0, 0.25, 0.5, 0.75, 1, 1.25]))
    #expect(tensors["half"] == Tensor(shape: [2, 2], values: [1, 2, 3, 4]))
    #expect(tensors["big"] == Tensor(shape: [2], values: [0.5, -2]))
  }

  /// Damage is an error, or does not reach a number; it never traps and never gives other numbers.
  @Test func damagedArchivesAreRefused() throws {
    let good = try WeightsFile.tensors(parsing: Self.compressed)
    for count in 0..<Self.compressed.count {
      #expect(throws: WeightsError.self) {
        try WeightsFile.tensors(parsing: Array(Self.compressed.prefix(count)))
      }
    }
    for index in Self.compressed.indices {
      for bit in 0..<8 {
        var damaged = Self.compressed
        damaged[index] ^= 1 << bit
        guard let tensors = try? WeightsFile.tensors(parsing: damaged) else { continue }
        // A name may have changed; what is there has its old content.
        for tensor in tensors.values { #expect(good.values.contains(tensor)) }
      }
    }
  }

  @Test func safetensorsOfOtherTypesAreRead() throws {
    let header =
      #"{"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"d":{"dtype":"F64","shape":[1],"data_offsets":[4,12]},"n":{"dtype":"I64","shape":[],"data_offsets":[12,20]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    let double = (0..<8).map { UInt8(truncatingIfNeeded: (-1.5).bitPattern >> UInt64(8 * $0)) }
    let bytes =
      length + Array(header.utf8) + [0x80, 0x3F, 0x20, 0xC0] + double + [7, 0, 0, 0, 0, 0, 0, 0]
    #expect(
      try WeightsFile.tensors(parsing: bytes) == [
        "b": Tensor(shape: [2], values: [1, -2.5]), "d": Tensor(shape: [1], values: [-1.5]),
      ])
    // Our own models are of two types only.
    #expect(throws: SafeTensorsError.self) { try SafeTensorsFile(parsing: bytes) }
    for count in bytes.indices {
      #expect(throws: WeightsError.self) {
        try WeightsFile.tensors(parsing: Array(bytes.prefix(count)))
      }
    }
  }

  @Test(arguments: ["", "P", "PK", "text"]) func whatIsNeitherIsSaid(_ text: String) {
    #expect(throws: WeightsError.self) { try WeightsFile.tensors(parsing: Array(text.utf8)) }
  }
}

@Suite struct NumPyArrayTests {
  private func file(_ header: String, _ data: [UInt8], version: UInt8 = 1) -> [UInt8] {
    let count = header.utf8.count
    let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + Array(header.utf8) + data
  }

  @Test(arguments: [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }  \n",
    "{\"descr\":\"<f4\",\"fortran_order\":True,\"shape\":(1,)}",
    "{'shape':(1),'descr':'=f4','fortran_order':False}",
  ])
  func headersOfOtherWritersAreRead(_ header: String) throws {
    for version in [1, 2, 3] as [UInt8] {
      let tensor = try NumPyArray.tensor(
        file(header, [0, 0, 0x80, 0x3F], version: version), name: "x")
      #expect(tensor == Tensor(shape: [1], values: [1]))
    }
  }

  @Test(arguments: [
    "", "{", "{}", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807,9223372036854775807)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
  ])
  func damagedHeadersAreRefused(_ header: String) {
    #expect(throws: WeightsError.self) {
      try NumPyArray.tensor(file(header, [0, 0, 0x80, 0x3F]), name: "x")
    }
  }

  @Test(arguments: ["<i8", "|u1", "<c8", "<U3", "|O"])
  func whatIsNoFloatIsLeftOut(_ type: String) throws {
    let header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (), }"
    #expect(try NumPyArray.tensor(file(header, [1, 2, 3, 4, 5, 6, 7, 8]), name: "x") == nil)
  }

  @Test func fortranOrderIsTurnedRound() throws {
    let values = (0..<6).map { Float($0) }
    let data = values.flatMap { value in
      (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
    }
    let header = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"
    #expect(
      try NumPyArray.tensor(file(header, data), name: "x")
        == Tensor(shape: [2, 3], values: [0, 2, 4, 1, 3, 5]))
  }
}

@Suite struct ZipArchiveTests {
  /// An archive of stored entries; `change` may spoil the directory.
  static func archive(
    _ entries: [(name: String, content: [UInt8])], checksums: [UInt32]
  ) -> [UInt8] {
    func number(_ value: Int, _ width: Int) -> [UInt8] {
      (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }
    var (bytes, directory): ([UInt8], [UInt8]) = ([], [])
    for ((name, content), checksum) in zip(entries, checksums) {
      let common =
        number(20, 2) + number(0, 2) + number(0, 2) + number(0, 4) + number(Int(checksum), 4)
        + number(content.count, 4) + number(content.count, 4) + number(name.utf8.count, 2)
        + number(0, 2)
      directory +=
        number(0x0201_4B50, 4) + number(20, 2) + common + number(0, 2) + number(0, 2)
        + number(0, 2) + number(0, 4) + number(bytes.count, 4) + Array(name.utf8)
      bytes += number(0x0403_4B50, 4) + common + Array(name.utf8) + content
    }
    return bytes + directory + number(0x0605_4B50, 4) + number(0, 4)
      + number(entries.count, 2) + number(entries.count, 2) + number(directory.count, 4)
      + number(bytes.count, 4) + number(0, 2)
  }

  /// CRC-32 of "123456789", the check value of its definition.
  private let check: UInt32 = 0xCBF4_3926
  private let digits = Array("123456789".utf8)

  @Test func storedEntriesAreRead() throws {
    let bytes = Self.archive([("a", digits), ("b", [])], checksums: [check, 0])
    let archive = try ZipArchive(bytes, limitBytes: 9)
    #expect(archive.entries.map(\.name) == ["a", "b"])
    #expect(try archive.content(of: archive.entries[0]) == digits)
    #expect(try archive.content(of: archive.entries[1]).isEmpty)
    // A comment behind the end record, as some programs write.
    let commented = Array(bytes.dropLast(2)) + [4, 0] + Array("note".utf8)
    #expect(try ZipArchive(commented, limitBytes: 9).entries.count == 2)
  }

  @Test func limitsAreKept() throws {
    let bytes = Self.archive([("a", digits), ("b", digits)], checksums: [check, check])
    #expect(try ZipArchive(bytes, limitBytes: 18).entries.count == 2)
    #expect(throws: WeightsError.badArchive("its entries hold more than 17 bytes")) {
      try ZipArchive(bytes, limitBytes: 17)
    }
  }

  @Test func hostileDirectoriesAreRefused() throws {
    let twice = Self.archive([("a", digits), ("a", digits)], checksums: [check, check])
    #expect(throws: WeightsError.badArchive("it has two entries of the name a")) {
      try ZipArchive(twice, limitBytes: 100)
    }
    let wrong = Self.archive([("a", digits)], checksums: [check ^ 1])
    let archive = try ZipArchive(wrong, limitBytes: 100)
    #expect(throws: WeightsError.badArchive("a is damaged: its checksum differs")) {
      try archive.content(of: archive.entries[0])
    }
    // Two entries that point to the same bytes.
    var shared = Self.archive([("a", digits), ("b", digits)], checksums: [check, check])
    let directory = 2 * (30 + 1 + 9)
    for offset in 0..<4 { shared[directory + 47 + 42 + offset] = 0 }
    #expect(throws: WeightsError.badArchive("two entries share bytes")) {
      try ZipArchive(shared, limitBytes: 100)
    }
    // Encrypted, of another method, larger than 4 GiB.
    for (offset, value, word) in [(8, 1, "encrypted"), (10, 12, "method 12"), (20, 255, "")] {
      var changed = Self.archive([("a", digits)], checksums: [check])
      for byte in 0..<(offset == 20 ? 8 : 1) { changed[40 + offset + byte] = UInt8(value) }
      #expect {
        try ZipArchive(changed, limitBytes: 100)
      } throws: { error in
        "\(error)".contains(word)
      }
    }
  }
}
