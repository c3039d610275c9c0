import Datasets
import Files
import Images
import SystemPackage
import TestScaffold
import Testing

/// The arrays that are the paper's dataset step and the trainer's cache.
@Suite struct ArrayFolderTests {
  private let header = 192

  private func pairs(_ folder: ScratchDirectory) throws -> [TrainingPair] {
    try PairListing(
      images: folder.path.appending("images"), masks: folder.path.appending("masks")
    ).pairs
  }

  private func prepare(
    _ folder: ScratchDirectory, side: Int = 12, channels: Int = 3
  ) async throws -> PreparedArrays {
    try await arrays(folder, side: side, channels: channels).prepareTraining(try pairs(folder))
  }

  private func arrays(
    _ folder: ScratchDirectory, side: Int = 12, channels: Int = 3
  ) -> ArrayFolder {
    ArrayFolder(
      folder.path.appending("arrays"), side: side, channels: channels, concurrency: 3)
  }

  private func made(_ count: Int) throws -> ScratchDirectory {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<count, to: folder)
    return folder
  }

  /// The row of a drawn pair, computed here.
  private func row(_ index: Int, side: Int = 12, channels: Int = 3) -> [UInt8] {
    DrawnPair(index: index).image.converted(toChannels: channels)
      .resized(width: side, height: side).pixels
  }

  private func images(_ folder: ScratchDirectory) throws -> [UInt8] {
    Array(try folder.read("arrays/imgs_train.npy").dropFirst(header))
  }

  @Test func theArraysHoldTheResizedPhotographsInOrder() async throws {
    let folder = try made(7)
    let made = try await prepare(folder)
    #expect(made.shape == [7, 12, 12, 3])
    #expect(try images(folder) == (0..<7).flatMap { row($0) })
    let masks = Array(try folder.read("arrays/imgs_mask_train.npy").dropFirst(header))
    let expected = (0..<7).flatMap {
      DrawnPair(index: $0).mask.resized(width: 12, height: 12).pixels
    }
    #expect(masks == expected)
    let text = String(
      decoding: try folder.read("arrays/imgs_train.npy").prefix(header), as: UTF8.self)
    #expect(text.contains("'descr': '|u1', 'fortran_order': False, 'shape': (7, 12, 12, 3), }"))
  }

  @Test func unchangedFilesAreNotReadAgain() async throws {
    let folder = try made(6)
    #expect(try await prepare(folder).reusedCount == 0)
    // Other bytes of the same size under the same time and inode would go unseen: so nothing was read.
    folder.shell(
      "touch -r images/lesion_02.png t; printf X | dd of=images/lesion_02.png bs=1 seek=200 "
        + "conv=notrunc 2>/dev/null; touch -r t images/lesion_02.png")
    let again = try await prepare(folder)
    #expect(again.reusedCount == 6 && again.skipped.isEmpty)
  }

  @Test func onlyWhatChangedIsMadeAnew() async throws {
    let folder = try made(6)
    _ = try await prepare(folder)
    // Another photograph, one under another name, one that only looks changed, one gone, one new.
    try folder.write(try PNGEncoder.encode(DrawnPair(index: 40).image), to: "images/lesion_01.png")
    folder.shell(
      "mv images/lesion_02.png images/other.png; "
        + "mv masks/lesion_02_segmentation.png masks/other_segmentation.png; "
        + "touch images/lesion_03.png; rm images/lesion_04.png masks/lesion_04_segmentation.png")
    try DrawnPair.write(8..<9, to: folder)
    let made = try await prepare(folder)
    #expect(made.shape == [6, 12, 12, 3])
    #expect(made.reusedCount == 4)
    #expect(try images(folder) == [0, 40, 3, 5, 8, 2].flatMap { row($0) })
    #expect(try await prepare(folder).reusedCount == 6)
  }

  @Test func otherSettingsMakeOtherArrays() async throws {
    let folder = try made(3)
    _ = try await prepare(folder)
    let made = try await prepare(folder, side: 9, channels: 1)
    #expect(made.reusedCount == 0 && made.shape == [3, 9, 9, 1])
    #expect(try images(folder) == (0..<3).flatMap { row($0, side: 9, channels: 1) })
  }

  @Test func damageIsFoundAndRepaired() async throws {
    let folder = try made(5)
    _ = try await prepare(folder)
    let (file, mask, index) = (
      "arrays/imgs_train.npy", "arrays/imgs_mask_train.npy", "arrays/imgs_train.csv"
    )
    let whole = try folder.read(file)
    let damages: [(String, reused: Int)] = [
      ("printf X | dd of=\(file) bs=1 seek=700 conv=notrunc 2>/dev/null", 4),
      ("printf X | dd of=\(mask) bs=1 seek=400 conv=notrunc 2>/dev/null", 4),
      ("truncate -s 900 \(file)", 0), ("truncate -s 0 \(mask)", 0), ("rm \(mask)", 0),
      ("rm \(index)", 0), ("echo nonsense > \(index)", 0),
      ("head -c 300 \(index) > x; mv x \(index)", 0),
      ("printf X | dd of=\(file) bs=1 seek=20 conv=notrunc 2>/dev/null", 0), ("rm -r arrays", 0),
    ]
    for (command, reused) in damages {
      folder.shell(command)
      let made = try await prepare(folder)
      #expect(made.reusedCount == reused, "\(command)")
      #expect(try folder.read(file) == whole, "\(command)")
    }
  }

  @Test func badPairsHaveNoRowAndAreNamed() async throws {
    let folder = try made(5)
    try folder.write("no picture", to: "images/lesion_03.png")
    let made = try await prepare(folder)
    #expect(made.skipped.map(\.name) == ["lesion_03"])
    #expect(made.kept == [0, 1, 2, 4])
    #expect(try images(folder) == [0, 1, 2, 4].flatMap { row($0) })
    // Repaired, it comes back.
    try DrawnPair.write(3..<4, to: folder)
    #expect(try await prepare(folder).reusedCount == 4)
    #expect(try images(folder) == (0..<5).flatMap { row($0) })
  }

  @Test func nothingUsableMakesEmptyArrays() async throws {
    let folder = try made(1)
    try folder.write("no picture", to: "images/lesion_00.png")
    #expect(try await prepare(folder).shape == [0, 12, 12, 3])
    #expect(try images(folder).isEmpty)
  }

  @Test func namesWithCommasQuotesAndLineEndsAreKept() async throws {
    let folder = try made(2)
    folder.shell(
      "mv images/lesion_00.png 'images/a,\"b\"\n.png'; "
        + "mv masks/lesion_00_segmentation.png 'masks/a,\"b\"\n_segmentation.png'")
    _ = try await prepare(folder)
    #expect(try await prepare(folder).reusedCount == 2)
  }

  @Test func photographsWithoutMasksMakeTheTestArray() async throws {
    let folder = try made(4)
    let files = try photographFiles(in: folder.path.appending("images"))
    let made = try await arrays(folder).prepareTest(files)
    #expect(made.shape == [4, 12, 12, 3])
    let bytes = try folder.read("arrays/imgs_test.npy").dropFirst(header)
    #expect(Array(bytes) == (0..<4).flatMap { row($0) })
    #expect(try await arrays(folder).prepareTest(files).reusedCount == 4)
    #expect(folder.shell("test ! -e arrays/imgs_train.npy") == 0)
  }

  @Test func aDatasetOfArraysIsThatOfTheFiles() async throws {
    let folder = try made(6)
    let pairs = try pairs(folder)
    let arrays = try await PreparedDataset(pairs, arraysIn: arrays(folder, side: 20))
    let plain = await PreparedDataset(decoding: pairs, side: 20, channels: 3, concurrency: 2)
    #expect(arrays.contentDigest == plain.contentDigest && arrays.pairs == plain.pairs)
    #expect(arrays.byteCount == 0)
    func inputs(_ dataset: PreparedDataset) async -> [[Float]] {
      let loader = BatchLoader(
        dataset: dataset,
        format: SampleFormat(inputSize: 16, channels: 3, normalization: .unit(channels: 3)),
        augmentation: Augmentation(), shuffled: true, seed: 1, epoch: 0, batchSize: 2)
      var inputs: [[Float]] = []
      while let batch = await loader.next() { inputs.append(batch.inputs.values) }
      return inputs
    }
    let expected = await inputs(plain)
    #expect(await inputs(arrays) == expected)
    // The arrays outlive the photographs, and their own names.
    folder.shell("rm -r images masks arrays")
    #expect(await inputs(arrays) == expected)
  }

  @Test func aRowDamagedMeanwhileIsMadeFromItsFiles() async throws {
    let folder = try made(3)
    let arrays = try await PreparedDataset(try pairs(folder), arraysIn: arrays(folder, side: 16))
    func batch() async -> Batch? {
      await BatchLoader(
        dataset: arrays,
        format: SampleFormat(inputSize: 16, channels: 3, normalization: .unit(channels: 3)),
        augmentation: nil, shuffled: false, seed: 1, epoch: 0, batchSize: 3
      ).next()
    }
    let before = await batch()
    folder.shell("printf X | dd of=arrays/imgs_train.npy bs=1 seek=300 conv=notrunc 2>/dev/null")
    #expect(await batch()?.inputs == before?.inputs)
    folder.shell("rm images/lesion_00.png")
    #expect(await batch()?.lost.map(\.name) == ["lesion_00"])
  }

  @Test func aFolderInUseIsRefused() async throws {
    let folder = try made(2)
    let handle = try DirectoryHandle.openOrMake(folder.path.appending("arrays"))
    let lock = try DirectoryLock(handle)
    await #expect(throws: FileError.self) { try await self.prepare(folder) }
    withExtendedLifetime(lock) {}
  }
}
