import Datasets
import Files
import Images
import SystemPackage
import Testing

@Suite("Synthetic dataset") struct SyntheticDatasetTests {
  @Test("writes pairs in the naming of training") func writes() throws {
    try withTemporaryDirectory { directory in
      let target = directory.appending("a").appending("b")
      var calls: [Int] = []
      try SyntheticDataset(seed: 7, width: 40, height: 30).write(count: 3, to: target) {
        calls.append($0)
      }
      #expect(calls == [1, 2, 3])
      for index in 0..<3 {
        let stem = SyntheticDataset.stem(index)
        let image = try ImageDecoder.decode(
          bytes(target.appending("images").appending("\(stem).jpg")))
        let mask = try ImageDecoder.decode(
          bytes(target.appending("masks").appending("\(stem)_segmentation.png")))
        let expected = SyntheticDermoscopy.image(seed: 7, index: index, width: 40, height: 30)
        #expect((image.width, image.height, image.channels) == (40, 30, 3))
        #expect(mask == expected.mask)
      }
      let names = try DirectoryHandle(opening: target.appending("images")).names()
      #expect(names.count == 3)
    }
  }

  @Test("names have four digits, and more where needed") func stems() {
    #expect(SyntheticDataset.stem(0) == "synth_0001")
    #expect(SyntheticDataset.stem(9_998) == "synth_9999")
    #expect(SyntheticDataset.stem(9_999) == "synth_10000")
  }

  @Test("says which directory could not be made") func refused() throws {
    try withTemporaryDirectory { directory in
      let file = try #require(FileName("file"))
      try DirectoryHandle(opening: directory).publish([1], as: file)
      let error = #expect(throws: SyntheticDatasetError.self) {
        try SyntheticDataset(seed: 1, width: 16, height: 16)
          .write(count: 1, to: directory.appending("file"))
      }
      #expect(error?.description.contains("file/images") == true)
    }
  }

  private func bytes(_ path: FilePath) throws -> [UInt8] {
    try readRegularFile(at: path, limitBytes: 1 << 20).bytes
  }
}
