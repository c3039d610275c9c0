import Datasets
import Files
import SystemPackage
import TestScaffold
import Testing

@Suite struct PairListingTests {
  private func listing(_ images: [String], _ masks: [String]) throws -> PairListing {
    PairListing(
      imageNames: images.compactMap { FileName($0) }, maskNames: masks.compactMap { FileName($0) },
      images: "/i", masks: "/m")
  }

  @Test(arguments: [
    ("a.jpg", "a_segmentation.png"), ("a.JPG", "a_segmentation.png"),
    ("a.jpeg", "a_Segmentation.png"), ("a.png", "a_mask.png"), ("a.png", "a.png"),
    ("a.b.jpg", "a.b_segmentation.png"),
  ])
  func partnersFindEachOther(_ image: String, _ mask: String) throws {
    let listing = try listing([image], [mask])
    #expect(listing.skipped.isEmpty)
    let pair = try #require(listing.pairs.first)
    #expect(pair.imagePath == FilePath("/i").appending(image))
    #expect(pair.maskPath == FilePath("/m").appending(mask))
    #expect(pair.name == String(image[..<(image.lastIndex(of: ".") ?? image.endIndex)]))
  }

  @Test func segmentationNameComesBeforeTheOthers() throws {
    let names = ["a.png", "a_mask.png", "a_Segmentation.png", "a_segmentation.png"]
    for left in stride(from: 4, to: 0, by: -1) {
      let listing = try listing(["a.jpg"], Array(names.prefix(left)))
      #expect(listing.pairs.first?.maskPath == FilePath("/m").appending(names[left - 1]))
      #expect(listing.skipped.count == left - 1)
    }
  }

  @Test func everythingWithoutAPartnerIsNamedWithItsReason() throws {
    let listing = try listing(
      ["b.jpg", "a.jpg", "a.png", "notes.txt", "c.png"],
      ["a_segmentation.png", "z_segmentation.png", "c.jpg"])
    #expect(listing.pairs.map(\.name) == ["a"])
    #expect(
      listing.skipped.map(\.description) == [
        "a.png: has the name of a.jpg. Rename one.",
        "b.jpg: no mask. Put b_segmentation.png into /m.",
        "c.jpg: a mask without its image in /i.",
        "c.png: no mask. Put c_segmentation.png into /m.",
        "notes.txt: neither .jpg, .jpeg nor .png. Move it elsewhere.",
        "z_segmentation.png: a mask without its image in /i.",
      ])
  }

  @Test func pairsAreSortedByName() throws {
    let listing = try listing(
      ["c.jpg", "a.jpg", "b.png"], ["b.png", "a.png", "c.png"])
    #expect(listing.pairs.map(\.name) == ["a", "b", "c"])
  }

  @Test func oneFolderMayHoldBoth() throws {
    let folder = try ScratchDirectory()
    for name in ["a.jpg", "a_segmentation.png", "b.png", ".hidden.png"] {
      try folder.write("x", to: name)
    }
    let listing = try PairListing(images: folder.path, masks: folder.path)
    #expect(listing.pairs.map(\.name) == ["a"])
    // b.png must not become its own mask.
    #expect(listing.skipped.map(\.name) == ["b.png"])
  }

  @Test func namesNeedNotBeUTF8() throws {
    let folder = try ScratchDirectory()
    _ = folder.directory("i")
    _ = folder.directory("m")
    folder.shell("printf x > \"$(printf 'i/\\377.jpg')\"")
    folder.shell("printf x > \"$(printf 'm/\\377_segmentation.png')\"")
    let listing = try PairListing(
      images: folder.path.appending("i"), masks: folder.path.appending("m"))
    let pair = try #require(listing.pairs.first)
    #expect(try readRegularFile(at: pair.imagePath, limitBytes: 9).bytes == [0x78])
    #expect(try readRegularFile(at: pair.maskPath, limitBytes: 9).bytes == [0x78])
  }

  @Test func laterFoldersDoNotReplaceEarlierNames() throws {
    let folder = try ScratchDirectory()
    for part in ["1", "2"] {
      try folder.write("x", to: "\(part)/i/a.jpg")
      try folder.write("x", to: "\(part)/m/a_mask.png")
    }
    try folder.write("x", to: "2/i/b.jpg")
    try folder.write("x", to: "2/m/b_mask.png")
    let folders = ["1", "2"].map {
      (images: folder.path.appending("\($0)/i"), masks: folder.path.appending("\($0)/m"))
    }
    let listing = try PairListing(folders: folders)
    #expect(listing.pairs.map(\.name) == ["a", "b"])
    #expect(listing.pairs.first?.imagePath == folder.path.appending("1/i/a.jpg"))
    #expect(listing.skipped.map(\.name) == ["a"])
    #expect(listing.skipped.first?.reason.contains("Rename one") == true)
  }

  @Test func aMissingFolderIsNamed() {
    #expect {
      try PairListing(images: "/nowhere/images", masks: "/nowhere/masks")
    } throws: { error in
      "\(error)".hasPrefix("/nowhere/images: ") && "\(error)".contains("ENOENT")
    }
  }
}

@Suite struct NameListTests {
  @Test func commentsBlanksAndExtensionsAreDropped() throws {
    let folder = try ScratchDirectory()
    try folder.write("# held out\nISIC_1\n\n  ISIC_2.jpg \r\nISIC_3.PNG\nISIC_1\n", to: "list")
    #expect(
      try readNameList(at: folder.path.appending("list")) == ["ISIC_1", "ISIC_2", "ISIC_3"])
  }

  @Test func aMissingListIsNamed() {
    #expect(throws: DatasetError.self) { try readNameList(at: "/nowhere/list") }
  }
}

@Suite struct DatasetSplitTests {
  private func pairs(_ count: Int) -> [TrainingPair] {
    (0..<count).map { TrainingPair(name: "p\($0)", imagePath: "/i", maskPath: "/m") }
  }

  @Test(arguments: [(100, 20), (30, 6), (5, 1), (4, 1), (2, 1), (9, 1), (10, 2)])
  func oneInFiveIsHeldOutAndAtLeastOne(_ count: Int, _ heldOut: Int) {
    let split = DatasetSplit(pairs(count), seed: 1)
    #expect(split.validation.count == heldOut)
    #expect(split.training.count == count - heldOut)
    let all = Set(split.training).union(split.validation)
    #expect(all == Set(pairs(count)))
  }

  @Test func tooFewPairsHoldNoneOut() {
    #expect(DatasetSplit(pairs(1), seed: 1).validation.isEmpty)
    #expect(DatasetSplit([], seed: 1).training.isEmpty)
  }

  @Test func theSeedDecides() {
    let first = DatasetSplit(pairs(100), seed: 1)
    #expect(DatasetSplit(pairs(100), seed: 1) == first)
    let other = Set(DatasetSplit(pairs(100), seed: 2).validation)
    // Two random fifths share about a fifth of their members.
    #expect(other.intersection(first.validation).count < 12)
  }

  @Test func addingAPairMovesFewOthers() {
    let before = DatasetSplit(pairs(100), seed: 3)
    let after = DatasetSplit(pairs(105), seed: 3)
    let moved = Set(before.validation).subtracting(after.validation)
    #expect(moved.count <= 1 + 5)
    let learnt = Set(before.training)
    let newlyHeld = Set(after.validation).intersection(learnt)
    #expect(newlyHeld.count <= 1)
  }

  @Test func aListDecidesWhenGiven() {
    let split = DatasetSplit(pairs(5), holdingOut: ["p1", "p4", "unknown"])
    #expect(split.validation.map(\.name) == ["p1", "p4"])
    #expect(split.training.map(\.name) == ["p0", "p2", "p3"])
  }
}
