import Daemon
import Files
import Images
import Reports
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// What lies beside the masks.
@Suite(.timeLimit(.minutes(5))) struct CompanionFilesTests {
  let daemon: TinyDaemon
  private let all = [
    "overlays": "true", "reports": "true", "results-table": "true", "probabilities": "true",
    "scale": "10px/mm",
  ]

  init() throws { daemon = try TinyDaemon() }

  private func report(_ path: String) throws -> ImageReport {
    let bytes = try readRegularFile(
      at: daemon.folder.appending("Results/reports/\(path)"), limitBytes: 1 << 20
    ).bytes
    return try #require(ImageReport(bytes))
  }

  private func table() throws -> [[String]] {
    let bytes = try readRegularFile(
      at: daemon.folder.appending("Results/results.csv"), limitBytes: 1 << 20
    ).bytes
    return try #require(CommaSeparated.rows(of: String(decoding: bytes, as: UTF8.self)))
  }

  private func expectNoViolations(recursive: Bool = false) throws {
    var check = FolderCheck(
      testFolder: daemon.folder.appending("test"), resultsFolder: daemon.folder.appending("Results")
    )
    check.isRecursive = recursive
    check.companions = CompanionChoice(kinds: Set(CompanionKind.allCases), table: true)
    let report = try check.run()
    #expect(report.violations.isEmpty, "\(report.violations)")
    #expect(report.foreignCount == 0)
  }

  @Test func eachMaskHasItsOwn() async throws {
    daemon.folder.run(#"mkdir -p "$D/test/ward""#)
    try daemon.drop(1, as: "a.jpg")
    try daemon.drop(2, as: "a.png")
    try daemon.drop(3, as: "b.png")
    #expect(daemon.rename("test/b.png", "test/ward/b.png") == 0)
    try await daemon.run(all.merging(["recursive": "true"]) { $1 }) {
      try await daemon.until("three masks") { daemon.log.count("Segmented: ") == 3 }
    }
    try expectNoViolations(recursive: true)
    let files = Set(try table().dropFirst().map { $0[0] })
    #expect(files == ["a.jpg", "a.png", "ward/b.png"])
    let other = try report("ward/b.json")
    #expect(other.file == "ward/b.png" && other.mask == "ward/b_segmentation.png")
    #expect(other.source.width == 48 && other.source.height == 36)
    let mask = try ImageDecoder.decode(
      readRegularFile(
        at: daemon.folder.appending("Results/ward/b_segmentation.png"), limitBytes: 1 << 20
      ).bytes)
    #expect(other.lesion == ShapeMeasurements(mask))
    #expect(other.lesion == nil || other.millimeters?.perPixel == 0.1)
    #expect(daemon.exists("Results/overlays/ward/b_overlay.jpg"))
    #expect(daemon.exists("Results/probabilities/ward/b_probability.png"))
  }

  @Test func aReplacedPhotographHasNewOnes() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run(all) {
      try await daemon.until("a mask") { daemon.log.count("Segmented: ") == 1 }
      let first = try report("a.json").source.sha256
      try daemon.drop(2, as: "a.jpg", width: 60)
      try await daemon.until("a new mask") { daemon.log.count("Segmented: ") == 2 }
      #expect(try report("a.json").source.sha256 != first)
    }
    #expect(try table().dropFirst().map { $0[2] } == ["60"])
    try expectNoViolations()
  }

  @Test func whatIsNotWantedIsNotWritten() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("a mask") { daemon.log.count("Segmented: ") == 1 }
    }
    #expect(try daemon.masks() == ["a_segmentation.png"])
  }

  @Test func whatLacksAMaskOrACompanionIsSeen() async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run(all) {
      try await daemon.until("a mask") { daemon.log.count("Segmented: ") == 1 }
    }
    var check = FolderCheck(
      testFolder: daemon.folder.appending("test"), resultsFolder: daemon.folder.appending("Results")
    )
    check.companions = CompanionChoice(kinds: [.overlay, .report], table: true)
    #expect(try check.run().violations.isEmpty)
    func broken(by command: String) throws -> [FolderReport.Promise] {
      daemon.folder.run("cd $D/Results; cp -a . ../saved; " + command)
      defer { daemon.folder.run("cd $D; rm -r Results; mv saved Results") }
      return try check.run().violations.map(\.promise)
    }
    #expect(try broken(by: "rm overlays/a_overlay.jpg") == [.companionMissing])
    #expect(try broken(by: "truncate -s 100 overlays/a_overlay.jpg") == [.companionMissing])
    #expect(try broken(by: "echo '{}' > reports/a.json") == [.companionMissing])
    #expect(try broken(by: "sed -i '$ d' results.csv") == [.companionMissing])
    #expect(try broken(by: "cp reports/a.json reports/b.json") == [.companionWithoutMask])
    #expect(
      try broken(by: "rm a_segmentation.png")
        == [.forgotten, .companionWithoutMask, .companionWithoutMask, .companionWithoutMask])
  }
}
