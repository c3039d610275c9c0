import Daemon
import Files
import Images
import Reports
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing
import UNets

/// `dermseg report`, `gallery`, `export`, and what `segment` writes beside masks.
@Suite struct CompanionCommandTests {
  /// Two photographs with their masks, as the daemon leaves them without companions.
  private func results() throws -> ScratchDirectory {
    let folder = try ScratchDirectory()
    for (index, path) in ["a.png", "ward/b.jpg"].enumerated() {
      let pair = DrawnPair(index: index, width: 96, height: 72)
      let bytes =
        path.hasSuffix("png")
        ? try PNGEncoder.encode(pair.image) : try JPEGEncoder.encode(pair.image)
      let source = try #require(SourcePath(bytes: Array(path.utf8)))
      _ = folder.directory("photographs/\(source.folder)")
      _ = folder.directory("Results/\(source.folder)")
      try folder.write(bytes, to: "photographs/\(path)")
      let record = MaskRecord(
        sourceName: source.name, sourceSHA256: sha256Hex(bytes), sourceSizeBytes: bytes.count,
        sourceModified: FileTime(seconds: 1, nanoseconds: 0), modelID: "m",
        modelSHA256: String(repeating: "a", count: 64), settings: .standard)
      let mask = MaskName.candidate(0, for: source.name)
      try folder.write(
        try PNGEncoder.encode(pair.mask, text: record.texts),
        to: "Results/\(SourcePath(mask, in: source.folder))")
    }
    return folder
  }

  private func run(_ arguments: [String], in folder: ScratchDirectory) throws -> ProgramRun {
    try ProgramRun("dermseg", arguments, in: folder)
  }

  @Test func reportMakesWhatIsMissing() throws {
    let folder = try results()
    let report = ["report", "Results", "--photographs", "photographs", "--scale", "10px/mm"]
    let first = try run(report, in: folder)
    #expect(first.exitCode == 0 && first.output == "2 masks, 2 completed, all in results.csv\n")
    let table = try folder.read("Results/results.csv")
    let rows = try #require(CommaSeparated.rows(of: String(decoding: table, as: UTF8.self)))
    #expect(rows.map { $0[0] } == ["file", "a.png", "ward/b.jpg"])
    let made = try #require(ImageReport(folder.read("Results/reports/ward/b.json")))
    #expect(made.millimeters?.perPixel == 0.1 && made.colors != nil)
    _ = try ImageDecoder.decode(folder.read("Results/overlays/ward/b_overlay.jpg"))
    // Once more there is nothing to do; without one file, that one.
    #expect(try run(report, in: folder).output.contains("0 completed"))
    folder.shell("rm Results/overlays/a_overlay.jpg Results/results.csv")
    #expect(try run(report, in: folder).output.contains("1 completed"))
    #expect(try folder.read("Results/results.csv") == table)
    // Of a photograph that is gone, what its mask tells.
    folder.shell("rm -r photographs/a.png Results/reports Results/overlays")
    let gone = try run(report, in: folder)
    #expect(gone.exitCode == 1 && gone.errors.hasPrefix("Not complete: a.png: "))
    #expect(try ImageReport(folder.read("Results/reports/a.json"))?.colors == nil)
    #expect(try ImageReport(folder.read("Results/reports/ward/b.json")) == made)
  }

  @Test func reportLeavesADaemonsFolderAlone() throws {
    let folder = try results()
    let lock = try DirectoryLock(DirectoryHandle(opening: folder.path.appending("Results")))
    let refused = try run(["report", "Results", "--photographs", "photographs"], in: folder)
    withExtendedLifetime(lock) {}
    #expect(refused.exitCode == 75 && refused.errors.hasPrefix("Not reported: "))
    #expect(folder.shell("test -e Results/results.csv") != 0)
    #expect(try run(["report", "none"], in: folder).exitCode == 69)
  }

  @Test func theGalleryShowsAllPhotographs() throws {
    let folder = try results()
    let gallery = ["gallery", "Results", "--photographs", "photographs"]
    let made = try run(gallery, in: folder)
    #expect(made.exitCode == 0 && made.output == "Results/gallery.html: 2 photographs\n")
    let page = String(decoding: try folder.read("Results/gallery.html"), as: UTF8.self)
    #expect(page.ranges(of: "<svg").count == 2 && page.contains("ward/b.jpg"))
    folder.shell("rm -r photographs/ward")
    #expect(try run(gallery, in: folder).exitCode == 1)
  }

  @Test func masksAreExported() throws {
    let folder = try results()
    for (format, output) in [("coco", "c.json"), ("cvat", "c.xml"), ("labelme", "l")] {
      let made = try run(
        ["export", format, "Results", "--photographs", "photographs", "--output", output],
        in: folder)
      #expect(made.exitCode == 0 && made.output == "\(output): 2 photographs\n")
    }
    #expect(String(decoding: try folder.read("c.json"), as: UTF8.self).contains("\"ward/b.jpg\""))
    #expect(String(decoding: try folder.read("c.xml"), as: UTF8.self).contains("name=\"a.png\""))
    let labelme = String(decoding: try folder.read("l/ward/b.json"), as: UTF8.self)
    #expect(labelme.contains("\(folder.path)/photographs/ward/b.jpg\""))
    let beside = try run(
      ["export", "labelme", "Results", "--photographs", "photographs", "--output", "photographs"],
      in: folder)
    #expect(beside.exitCode == 0)
    #expect(
      String(decoding: try folder.read("photographs/ward/b.json"), as: UTF8.self)
        .contains("\"imagePath\":\"b.jpg\""))
    #expect(try run(["export", "coco", "Results"], in: folder).exitCode == 2)
    #expect(try run(["export", "yolo", "Results", "--output", "x"], in: folder).exitCode == 2)
  }

  @Test func segmentWritesThemOnRequest() throws {
    let folder = try results()
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 4, depth: 2), inputSize: 32,
      normalization: .unit(channels: 1), seed: 1)
    try folder.write(model.safetensors(), to: "m.safetensors")
    func segment(_ more: [String]) throws -> ProgramRun {
      try run(
        ["segment", "--model", "m.safetensors", "--output", "out"] + more + ["photographs/a.png"],
        in: folder)
    }
    #expect(try segment([]).exitCode == 0)
    #expect(folder.shell("test \"$(ls out)\" = a_segmentation.png") == 0)
    // The mask is right already, but lacks what is wanted now.
    let all = ["--overlays", "--reports", "--table", "--probabilities", "--scale", "0.02mm"]
    #expect(try segment(all).exitCode == 0)
    for file in [
      "overlays/a_overlay.jpg", "reports/a.json", "probabilities/a_probability.png", "results.csv",
    ] {
      #expect(folder.shell("test -s out/\(file)") == 0, "\(file)")
    }
    #expect(try segment(all).output.contains("kept"))
    #expect(try segment(["--scale", "7"]).exitCode == 2)
    // A network that has learnt nothing is unsure of all it says: that stands in the line, in the mask, and so
    // in what is made of the mask later.
    #expect(try segment(["--force"]).output.contains("; please look: "))
    #expect(try segment([]).output.contains("; please look: "))
    let before = try #require(ImageReport(folder.read("out/reports/a.json")))
    #expect(before.pleaseLook?.isEmpty == false)
    #expect(
      try run(["report", "out", "--photographs", "photographs", "--force"], in: folder).exitCode
        == 0)
    #expect(try ImageReport(folder.read("out/reports/a.json"))?.pleaseLook == before.pleaseLook)
  }
}
