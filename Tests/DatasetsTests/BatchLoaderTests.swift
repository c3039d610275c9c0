import Datasets
import Files
import Images
import Synchronization
import SystemPackage
import TestScaffold
import Testing
import UNets

@Suite struct BatchLoaderTests {
  private let format = SampleFormat(
    inputSize: 16, channels: 3, normalization: .unit(channels: 3))

  private func folder(_ count: Int) throws -> (ScratchDirectory, [TrainingPair]) {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<count, to: folder)
    let listing = try PairListing(
      images: folder.path.appending("images"), masks: folder.path.appending("masks"))
    #expect(listing.pairs.count == count)
    return (folder, listing.pairs)
  }

  private func dataset(
    _ pairs: [TrainingPair], memoryLimitBytes: Int = 1 << 30
  ) async -> PreparedDataset {
    await PreparedDataset(
      decoding: pairs, side: 20, channels: 3, memoryLimitBytes: memoryLimitBytes, concurrency: 3)
  }

  private func batches(
    _ dataset: PreparedDataset, epoch: Int = 0, seed: UInt64 = 1, from first: Int = 0,
    ahead: Int = 3, shuffled: Bool = true
  ) async -> [Batch] {
    let loader = BatchLoader(
      dataset: dataset, format: format, augmentation: Augmentation(), shuffled: shuffled,
      seed: seed, epoch: epoch, batchSize: 4, firstBatch: first, ahead: ahead)
    var batches: [Batch] = []
    while let batch = await loader.next() { batches.append(batch) }
    return batches
  }

  @Test func anEpochHasEachSampleOnce() async throws {
    let (folder, pairs) = try folder(10)
    let dataset = await dataset(pairs)
    let batches = await batches(dataset)
    #expect(batches.map(\.indices.count) == [4, 4, 2])
    #expect(batches.flatMap(\.indices).sorted() == Array(0..<10))
    #expect(batches.map(\.inputs.shape) == [[4, 16, 16, 3], [4, 16, 16, 3], [2, 16, 16, 3]])
    #expect(batches.allSatisfy { $0.labels.count == $0.indices.count * 256 })
    #expect(BatchLoader.batchCount(of: 10, batchSize: 4) == 3)
    withExtendedLifetime(folder) {}
  }

  /// An epoch of two rounds is two epochs of one, cut into batches once.
  @Test func roundsGoThroughTheDatasetAgain() async throws {
    let (folder, pairs) = try folder(10)
    let dataset = await dataset(pairs)
    let loader = BatchLoader(
      dataset: dataset, format: format, augmentation: Augmentation(), shuffled: true, seed: 1,
      epoch: 3, batchSize: 4, rounds: 2)
    var together: [Batch] = []
    while let batch = await loader.next() { together.append(batch) }
    #expect(together.map(\.indices.count) == [4, 4, 4, 4, 4])
    let apart = await batches(dataset, epoch: 6) + batches(dataset, epoch: 7)
    #expect(together.flatMap(\.indices) == apart.flatMap(\.indices))
    #expect(together.flatMap(\.inputs.values) == apart.flatMap(\.inputs.values))
    withExtendedLifetime(folder) {}
  }

  @Test func seedAndEpochDecideEverything() async throws {
    let (folder, pairs) = try folder(10)
    let dataset = await dataset(pairs)
    let first = await batches(dataset)
    let again = await batches(dataset, ahead: 1)
    #expect(first.map(\.inputs) == again.map(\.inputs))
    #expect(first.map(\.labels) == again.map(\.labels))
    let otherEpoch = await batches(dataset, epoch: 1)
    #expect(otherEpoch.flatMap(\.indices) != first.flatMap(\.indices))
    let otherSeed = await batches(dataset, seed: 2)
    #expect(otherSeed.flatMap(\.indices) != first.flatMap(\.indices))
    // The same photograph is varied anew in the next epoch.
    let plain = await batches(dataset, shuffled: false)
    let plainNext = await batches(dataset, epoch: 1, shuffled: false)
    #expect(plain.flatMap(\.indices) == Array(0..<10))
    #expect(plain[0].inputs != plainNext[0].inputs)
    withExtendedLifetime(folder) {}
  }

  @Test func anEpochGoesOnInItsMiddle() async throws {
    let (folder, pairs) = try folder(10)
    let dataset = await dataset(pairs)
    let whole = await batches(dataset, epoch: 5)
    let rest = await batches(dataset, epoch: 5, from: 1)
    #expect(rest.map(\.inputs) == whole.dropFirst().map(\.inputs))
    #expect(await batches(dataset, from: 3).isEmpty)
    withExtendedLifetime(folder) {}
  }

  @Test func pairsBeyondTheMemoryLimitAreReadAgain() async throws {
    let (folder, pairs) = try folder(10)
    let all = await dataset(pairs)
    let perPair = all.byteCount / 10
    #expect(perPair == 20 * 20 * 4)
    let some = await dataset(pairs, memoryLimitBytes: perPair * 3 + 1)
    #expect(some.byteCount == perPair * 3)
    #expect(some.contentDigest == all.contentDigest)
    let (a, b) = (await batches(all), await batches(some))
    #expect(a.map(\.inputs) == b.map(\.inputs))
    folder.shell("rm images/*")
    // What is in memory stays; the rest is left out and named, and no batch is missing.
    let rest = await batches(some)
    #expect(rest.map { $0.indices.count + $0.lost.count } == [4, 4, 2])
    #expect(Set(rest.flatMap(\.indices)) == [0, 1, 2])
    #expect(
      Set(rest.flatMap(\.lost).map(\.name)) == Set((3..<10).map { DrawnPair.name($0) }))
    #expect(rest.flatMap(\.lost).allSatisfy { $0.reason.contains("open") })
    #expect(rest.allSatisfy { $0.inputs.shape[0] == $0.indices.count })
    #expect(await batches(all).map(\.inputs) == a.map(\.inputs))
  }
}

@Suite struct PreparedDatasetTests {
  private func prepare(_ folder: ScratchDirectory) async throws -> PreparedDataset {
    let listing = try PairListing(
      images: folder.path.appending("images"), masks: folder.path.appending("masks"))
    return await PreparedDataset(
      decoding: listing.pairs, side: 16, channels: 1, concurrency: 2)
  }

  @Test func badPairsAreNamedAndLeftOut() async throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<8, to: folder)
    let other = DrawnPair(index: 9, width: 40, height: 36)
    try folder.write(try PNGEncoder.encode(other.mask), to: "masks/lesion_01_segmentation.png")
    try folder.write("this is no picture", to: "images/lesion_02.png")
    folder.shell("rm images/lesion_03.png; touch images/lesion_03.png")
    folder.shell("mv images/lesion_04.png x.png; ln -s ../x.png images/lesion_04.png")
    let jpeg = try JPEGEncoder.encode(DrawnPair(index: 5).image)
    folder.shell("rm images/lesion_05.png")
    try folder.write(Array(jpeg.prefix(jpeg.count / 2)), to: "images/lesion_05.jpg")
    folder.shell("rm images/lesion_06.png; mkfifo images/lesion_06.png")
    let dataset = try await prepare(folder)
    #expect(dataset.pairs.map(\.name) == ["lesion_00", "lesion_07"])
    let reasons = Dictionary(uniqueKeysWithValues: dataset.skipped.map { ($0.name, $0.reason) })
    #expect(reasons.count == 6)
    #expect(reasons["lesion_01"]?.contains("48x36, its mask 40x36") == true)
    #expect(reasons["lesion_02"]?.contains("the image was not decoded") == true)
    #expect(reasons["lesion_03"]?.contains("empty") == true)
    #expect(reasons["lesion_04"]?.contains("symbolic link") == true)
    #expect(reasons["lesion_05"]?.contains("the image was not decoded") == true)
    #expect(reasons["lesion_06"]?.contains("named pipe") == true)
    #expect(dataset.remarks.isEmpty)
  }

  @Test func greyAndEmptyMasksAreUsedAndRemarkedOn() async throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<3, to: folder)
    var grey = DrawnPair(index: 0).mask
    grey.pixels = grey.pixels.map { $0 == 255 ? 200 : 100 }
    try folder.write(try PNGEncoder.encode(grey), to: "masks/lesion_00_segmentation.png")
    let none = Image(width: 48, height: 36, channels: 1)
    try folder.write(try PNGEncoder.encode(none), to: "masks/lesion_01_segmentation.png")
    let dataset = try await prepare(folder)
    #expect(dataset.count == 3)
    #expect(dataset.remarks.map(\.name) == ["lesion_00", "lesion_01"])
    #expect(dataset.remarks.first?.reason.contains("1728 of 1728") == true)
    let (_, truth) = try FullSizePair.read(dataset.pairs[0])
    #expect(truth == DrawnPair(index: 0).mask)
  }

  @Test func theDigestTellsOfAnyChange() async throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<3, to: folder)
    let before = try await prepare(folder)
    #expect(try await prepare(folder).contentDigest == before.contentDigest)
    #expect(before.contentDigest.count == 64)
    let part = before.filtered(to: ["lesion_01", "lesion_02"])
    #expect(part.count == 2)
    #expect(part.contentDigest != before.contentDigest)
    try folder.write(
      try PNGEncoder.encode(DrawnPair(index: 7).mask), to: "masks/lesion_01_segmentation.png")
    #expect(try await prepare(folder).contentDigest != before.contentDigest)
  }

  @Test func progressCountsUpToAll() async throws {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<5, to: folder)
    let listing = try PairListing(
      images: folder.path.appending("images"), masks: folder.path.appending("masks"))
    let seen = Counter()
    _ = await PreparedDataset(
      decoding: listing.pairs, side: 16, channels: 3, concurrency: 2,
      progress: { seen.add($0) })
    #expect(seen.values == [1, 2, 3, 4, 5])
  }
}

private final class Counter: Sendable {
  private let storage = Mutex<[Int]>([])
  var values: [Int] { storage.withLock { $0 } }
  func add(_ value: Int) { storage.withLock { $0.append(value) } }
}
