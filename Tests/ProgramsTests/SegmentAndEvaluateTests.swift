import Files
import FoundationEssentials
import Images
import TestScaffold
import Testing

/// One model, trained by the program itself on drawn lesions, for all tests that need one.
private enum TrainedOnce {
  static let model: Result<[UInt8], any Error> = Result {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<30, to: folder)
    let run = try TrainCommandTests.train(folder, ["--epochs", "25"])
    #expect(run.exitCode == 0)
    return try folder.read("m.safetensors")
  }

  static func folder() throws -> ScratchDirectory {
    let folder = try ScratchDirectory()
    try folder.write(try model.get(), to: "m.safetensors")
    return folder
  }
}

@Suite struct SegmentCommandTests {
  @Test func eachPhotographGetsItsMask() throws {
    let folder = try TrainedOnce.folder()
    _ = folder.directory("out")
    let sizes = [(90, 60), (33, 71), (256, 256)]
    for (index, size) in sizes.enumerated() {
      let pair = DrawnPair(index: 40 + index, width: size.0, height: size.1)
      try folder.write(try JPEGEncoder.encode(pair.image, quality: 95), to: "\(index).jpg")
    }
    let run = try ProgramRun(
      "dermseg",
      ["segment", "--model", "m.safetensors", "--output", "out", "0.jpg", "1.jpg", "2.jpg"],
      in: folder)
    #expect(run.exitCode == 0 && run.errors.isEmpty)
    #expect(run.output.split(separator: "\n").count == 3)
    for (index, size) in sizes.enumerated() {
      let png = try folder.read("out/\(index)_segmentation.png")
      let mask = try ImageDecoder.decode(png)
      #expect(mask.width == size.0 && mask.height == size.1 && mask.channels == 1)
      #expect(Set(mask.pixels) == [0, 255])
      let truth = DrawnPair(index: 40 + index, width: size.0, height: size.1).mask
      let same = zip(mask.pixels, truth.pixels).filter { $0 == $1 }.count
      #expect(Double(same) / Double(mask.pixels.count) > 0.9)
      let texts = PNGText.read(from: png)
      let source = sha256Hex(try folder.read("\(index).jpg"))
      #expect(texts.contains { $0.keyword == "Source-SHA256" && $0.value == source })
      #expect(texts.contains { $0.keyword == "Source-Name" && $0.value == "\(index).jpg" })
      #expect(texts.contains { $0.keyword == "Model" && $0.value.hasPrefix("m-") })
    }
    #expect(folder.shell("test $(ls -A out | wc -l) = 3") == 0)
  }

  /// `--accuracy` and `--smallest-speck` were read and not passed on.
  @Test func everyOptionAboutMasksReachesTheMask() throws {
    let folder = try TrainedOnce.folder()
    try folder.write(try PNGEncoder.encode(DrawnPair(index: 3).image), to: "a.png")
    let run = try ProgramRun(
      "dermseg",
      [
        "segment", "--model", "m.safetensors", "--threshold", "0.25", "--components", "all",
        "--fill-holes", "false", "--smallest-speck", "1.5", "--edges", "plain",
        "--hair-removal", "true", "--accuracy",
        "high", "a.png",
      ], in: folder)
    #expect(run.exitCode == 0 && run.errors.isEmpty)
    let texts = PNGText.read(from: try folder.read("a_segmentation.png"))
    #expect(
      texts.first { $0.keyword == "Mask-Settings" }?.value
        == "threshold=0.25 components=all fillHoles=false smallestSpeck=1.5 edges=plain "
        + "hairRemoval=true accuracy=high"
    )
  }

  @Test func failuresAreNamedAndTheOthersAreDone() throws {
    let folder = try TrainedOnce.folder()
    let png = try PNGEncoder.encode(DrawnPair(index: 1).image)
    try folder.write(png, to: "good.png")
    try folder.write("text", to: "text.jpg")
    try folder.write(Array(png.prefix(png.count / 2)), to: "half.png")
    folder.shell(": > empty.jpg; mkdir folder.jpg")
    let bad = ["text.jpg", "half.png", "empty.jpg", "folder.jpg", "missing.jpg"]
    let run = try ProgramRun(
      "dermseg", ["segment", "--model", "m.safetensors"] + bad + ["good.png"], in: folder)
    #expect(run.exitCode == 1)
    let lines = run.errors.split(separator: "\n")
    #expect(lines.count == bad.count)
    for (line, name) in zip(lines, bad) { #expect(line.hasPrefix("Not segmented: \(name): ")) }
    #expect(folder.shell("test $(ls *_segmentation.png) = good_segmentation.png") == 0)
  }

  @Test func photographsOfOneNameDoNotShareAMask() throws {
    let folder = try TrainedOnce.folder()
    let pair = DrawnPair(index: 1)
    try folder.write(try PNGEncoder.encode(pair.image), to: "a.png")
    try folder.write(try JPEGEncoder.encode(pair.image), to: "a.jpg")
    let run = try ProgramRun(
      "dermseg", ["segment", "--model", "m.safetensors", "a.png", "a.jpg"], in: folder)
    #expect(run.exitCode == 0)
    #expect(folder.shell("test -e a_segmentation.png -a -e a.jpg_segmentation.png") == 0)
  }

  @Test func aValidMaskIsKeptUnlessForced() throws {
    let folder = try TrainedOnce.folder()
    try folder.write(try PNGEncoder.encode(DrawnPair(index: 1).image), to: "a.png")
    func segment(_ more: [String] = []) throws -> ProgramRun {
      try ProgramRun(
        "dermseg", ["segment", "--model", "m.safetensors", "a.png"] + more, in: folder)
    }
    func inode() throws -> UInt64 {
      let path = folder.path.appending("a_segmentation.png")
      return try #require(try fileStatus(at: path)).identity.inode
    }
    #expect(try segment().output.contains(": lesion "))
    let first = try inode()
    let again = try segment()
    #expect(again.exitCode == 0 && again.output.contains(": kept, "))
    #expect(try inode() == first)
    #expect(try segment(["--force"]).output.contains(": lesion "))
    let second = try inode()
    #expect(second != first)
    // Other bytes, or a damaged mask, are no reason to keep it.
    try folder.write(try PNGEncoder.encode(DrawnPair(index: 2).image), to: "a.png")
    #expect(try segment().output.contains(": lesion "))
    folder.shell("truncate -s -5 a_segmentation.png")
    #expect(try segment().output.contains(": lesion "))
    // And neither is another model.
    #expect(try segment(["--model", "built-in", "--quiet"]).output.isEmpty)
    #expect(try segment().output.contains(": lesion "))
  }

  @Test func somebodyElsesFileIsNotReplaced() throws {
    let folder = try TrainedOnce.folder()
    let pair = DrawnPair(index: 1)
    try folder.write(try PNGEncoder.encode(pair.image), to: "a.png")
    let experts = try PNGEncoder.encode(pair.mask)
    try folder.write(experts, to: "a_segmentation.png")
    let run = try ProgramRun(
      "dermseg", ["segment", "--model", "m.safetensors", "--force", "a.png"], in: folder)
    #expect(run.exitCode == 0 && run.output.contains("a.png_segmentation.png: lesion "))
    #expect(try folder.read("a_segmentation.png") == experts)
  }

  @Test func photographsOfOneNameInSeveralFoldersAllGetTheirMask() throws {
    let folder = try TrainedOnce.folder()
    for (index, place) in ["x", "y"].enumerated() {
      try folder.write(try PNGEncoder.encode(DrawnPair(index: index).image), to: "\(place)/a.png")
    }
    for expected in [": lesion ", ": kept, "] {
      let run = try ProgramRun(
        "dermseg", ["segment", "--model", "m.safetensors", "x/a.png", "y/a.png"], in: folder)
      let lines = run.output.split(separator: "\n")
      #expect(run.exitCode == 0 && lines.count == 2)
      #expect(lines.allSatisfy { $0.contains(expected) })
      #expect(lines[1].contains("a.png_segmentation.png"))
    }
  }

  @Test func withoutAModelOptionTheSettingsDecide() throws {
    let folder = try TrainedOnce.folder()
    try folder.write(try PNGEncoder.encode(DrawnPair(index: 1).image), to: "a.png")
    let run = try ProgramRun(
      "dermseg", ["segment", "a.png"], in: folder, prefix: "env DERMSEG_MODEL=m.safetensors")
    #expect(run.exitCode == 0)
    let texts = PNGText.read(from: try folder.read("a_segmentation.png"))
    #expect(texts.contains { $0.keyword == "Model" && $0.value.hasPrefix("m-") })
    let missing = try ProgramRun(
      "dermseg", ["segment", "a.png"], in: folder, prefix: "env DERMSEG_MODEL=none")
    #expect(missing.exitCode == 78)
  }

  @Test func whatIsMissingDecidesTheExitCode() throws {
    let folder = try TrainedOnce.folder()
    try folder.write(try PNGEncoder.encode(DrawnPair(index: 1).image), to: "a.png")
    func exitCode(_ arguments: [String]) throws -> Int {
      try ProgramRun("dermseg", ["segment"] + arguments, in: folder).exitCode
    }
    #expect(try exitCode(["--model", "none.safetensors", "a.png"]) == 78)
    #expect(try exitCode(["--model", "a.png", "a.png"]) == 78)
    #expect(
      try exitCode(["--model", "m.safetensors", "--output", "m.safetensors/none", "a.png"]) == 73)
    #expect(try exitCode(["--model", "m.safetensors"]) == 2)
    #expect(try exitCode(["--model", "m.safetensors", "--threads", "0", "a.png"]) == 2)
  }
}

@Suite struct EvaluateCommandTests {
  private struct Report: Decodable {
    struct Scores: Decodable {
      var jaccard: Double
      var dice: Double
      var thresholdedJaccard: Double
      var pixelAccuracy: Double
      var sensitivity: Double
      var specificity: Double
    }
    struct Method: Decodable {
      var mean: Scores
      var pooled: Scores
    }
    struct Photograph: Decodable {
      var name: String
      var model: Scores
    }
    var modelId: String
    var imageCount: Int
    var model: Method
    var noLearningRule: Method
    var images: [Photograph]
    var skipped: [String]
  }

  /// The scores recomputed from the masks that `dermseg segment` writes for the same photographs.
  @Test func scoresAreThoseOfTheMasksThatAreWritten() throws {
    let folder = try TrainedOnce.folder()
    try DrawnPair.write(50..<56, to: folder)
    try folder.write("text", to: "images/bad.png")
    try folder.write("text", to: "masks/bad_mask.png")
    let run = try ProgramRun(
      "dermseg",
      [
        "evaluate", "--model", "m.safetensors", "--images", "images", "--masks", "masks", "--json",
        "r.json",
      ], in: folder)
    #expect(run.exitCode == 0)
    #expect(run.errors.contains("Skipped: bad: "))
    #expect(run.output.hasPrefix("6 photographs, model m-"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let report = try decoder.decode(Report.self, from: Data(try folder.read("r.json")))
    #expect(report.imageCount == 6 && report.images.count == 6 && report.skipped.count == 1)

    let names = (50..<56).map { DrawnPair.name($0) }
    let masks = try ProgramRun(
      "dermseg", ["segment", "--model", "m.safetensors"] + names.map { "images/\($0).png" },
      in: folder)
    #expect(masks.exitCode == 0)
    var (jaccards, dices, both, either) = ([Double](), [Double](), 0, 0)
    for (name, index) in zip(names, 50..<56) {
      let mask = try ImageDecoder.decode(try folder.read("\(name)_segmentation.png")).pixels
      let truth = DrawnPair(index: index).mask.pixels
      let intersection = zip(mask, truth).filter { $0 == 255 && $1 == 255 }.count
      let union = zip(mask, truth).filter { $0 == 255 || $1 == 255 }.count
      jaccards.append(Double(intersection) / Double(union))
      dices.append(2 * Double(intersection) / Double(union + intersection))
      both += intersection
      either += union
    }
    #expect(report.images.map(\.name) == names)
    #expect(zip(report.images, jaccards).allSatisfy { abs($0.model.jaccard - $1) < 1e-12 })
    #expect(abs(report.model.mean.jaccard - jaccards.reduce(0, +) / 6) < 1e-12)
    #expect(abs(report.model.mean.dice - dices.reduce(0, +) / 6) < 1e-12)
    #expect(abs(report.model.pooled.jaccard - Double(both) / Double(either)) < 1e-12)
    #expect(report.model.mean.jaccard > 0.7)
    #expect(report.noLearningRule.mean.jaccard > 0.9)
  }

  @Test func csvAndContactSheetAreWritten() throws {
    let folder = try TrainedOnce.folder()
    try DrawnPair.write(0..<5, to: folder)
    func evaluate(_ more: [String]) throws -> ProgramRun {
      try ProgramRun(
        "dermseg",
        ["evaluate", "--model", "m.safetensors", "--images", "images", "--masks", "masks"] + more,
        in: folder)
    }
    let run = try evaluate([
      "--csv", "r.csv", "--contact-sheet", "sheet.png", "--sheet-rows", "3",
    ])
    #expect(run.exitCode == 0)
    #expect(run.output.contains("\nboundary F-measure "))
    #expect(run.output.contains("\nfailures (Jaccard < 0.65): model "))
    #expect(run.output.contains("\nJaccard, model minus rule: "))
    #expect(folder.shell("test $(wc -l < r.csv) = 6") == 0)
    let sheet = try ImageDecoder.decode(try folder.read("sheet.png"))
    // Three rows of photographs of 48 x 36, not enlarged.
    #expect(sheet.width == 948 && sheet.height == 62 + 3 * (36 + 19 + 12))
    #expect(try evaluate(["--csv", "none/r.csv"]).exitCode == 73)
    #expect(try evaluate(["--json", "r.json"]).exitCode == 0)
    let same = try evaluate(["--compare-with", "r.json"])
    // A terminal of 80 columns shows the tables as they are.
    #expect(same.output.split(separator: "\n").allSatisfy { $0.count < 80 })
    #expect(same.exitCode == 0)
    #expect(same.output.contains("\nDifference to the earlier one, 5 photographs\n"))
    #expect(
      same.output.contains(
        "\nJaccard                 +0.0000 +0.0000 +0.0000       0       0\n"))
    #expect(try evaluate(["--compare-with", "r.csv"]).exitCode == 69)
    #expect(try evaluate(["--compare-with", "none.json"]).exitCode == 69)
    #expect(try evaluate(["--sheet-rows", "0"]).exitCode == 2)
  }

  @Test func aListAndALimitChoosePhotographs() throws {
    let folder = try TrainedOnce.folder()
    try DrawnPair.write(0..<5, to: folder)
    try folder.write("lesion_01\nlesion_03\nlesion_04\n", to: "list")
    let run = try ProgramRun(
      "dermseg",
      [
        "evaluate", "--model", "m.safetensors", "--images", "images", "--masks", "masks", "--list",
        "list", "--limit", "2",
      ], in: folder)
    #expect(run.output.hasPrefix("2 photographs"))
  }

  @Test func withoutPairsThereIsAReason() throws {
    let folder = try TrainedOnce.folder()
    let missing = try ProgramRun(
      "dermseg",
      ["evaluate", "--model", "m.safetensors", "--images", "images", "--masks", "masks"],
      in: folder)
    #expect(missing.exitCode == 69 && missing.errors.contains("images"))
    _ = folder.directory("images")
    _ = folder.directory("masks")
    let empty = try ProgramRun(
      "dermseg",
      ["evaluate", "--model", "m.safetensors", "--images", "images", "--masks", "masks"],
      in: folder)
    #expect(empty.exitCode == 69 && empty.errors.contains("no usable pair"))
    let odd = try ProgramRun(
      "dermseg",
      [
        "evaluate", "--model", "m.safetensors", "--images", "images", "--masks", "a", "--masks",
        "b",
      ], in: folder)
    #expect(odd.exitCode == 2)
  }
}
