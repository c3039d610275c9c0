import Daemon
import Files
import Glibc
import TemporaryFolders
import TestScaffold
import Testing

/// `recursive: true`: sub-folders are watched and mirrored.
@Suite(.timeLimit(.minutes(5))) struct SubfolderTests {
  let daemon: TinyDaemon
  private let recursive = ["recursive": "true", "rescan-interval": "1h"]

  init() throws { daemon = try TinyDaemon() }

  private func drop(_ index: Int, as text: String, width: Int = 48) throws {
    try daemon.drop(index, as: "arriving.part", width: width)
    #expect(daemon.rename("test/arriving.part", "test/" + text) == 0)
  }

  @Test func subfoldersAreMirrored() async throws {
    daemon.folder.run(#"mkdir -p "$D/test/ward/bed 3""#)
    try drop(1, as: "a.png", width: 40)
    try drop(2, as: "ward/a.png", width: 41)
    try drop(3, as: "ward/bed 3/a.png", width: 42)
    daemon.folder.run(#"echo no > "$D/test/ward/bad.jpg""#)
    try await daemon.run(recursive) {
      for (place, width) in [("", 40), ("ward/", 41), ("ward/bed 3/", 42)] {
        try await daemon.until(place) { daemon.exists("Results/\(place)a_segmentation.png") }
        let bytes = try readRegularFile(
          at: daemon.folder.appending("Results/\(place)a_segmentation.png"), limitBytes: 1 << 20
        ).bytes
        #expect(Int(bytes[19]) == width, "the width in the PNG's header")
      }
      try await daemon.until("note") { daemon.exists("Results/failed/ward/bad.jpg.txt") }
    }
    #expect(daemon.log.count("Segmented: ward/bed 3/a.png: ") == 1)
    #expect(
      daemon.log.fields("Segmented: ward/bed 3/a.png")?["mask"] == "ward/bed 3/a_segmentation.png")
    // A second start finds all of it done.
    try await daemon.run(recursive) {
      try drop(4, as: "ward/b.png")
      try await daemon.until("b") { daemon.exists("Results/ward/b_segmentation.png") }
    }
    #expect(daemon.log.count("Segmented: ") == 4)
    #expect(daemon.log.count("Not segmented: ward/bad.jpg") == 1)
  }

  @Test func withoutItSubfoldersAreLeftAlone() async throws {
    daemon.folder.run(#"mkdir -p "$D/test/ward""#)
    try drop(1, as: "ward/a.png")
    try await daemon.run {
      try drop(2, as: "b.png")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
    #expect(!daemon.exists("Results/ward"))
  }

  @Test(arguments: [
    #"mkdir -p "$D/test/new/deep"; cp "$D/p" "$D/test/new/deep/a.png""#,
    #"mkdir -p "$D/made/deep"; cp "$D/p" "$D/made/deep/a.png"; mv "$D/made" "$D/test/new""#,
  ])
  func aFolderThatComesLaterIsWatched(_ command: String) async throws {
    try drop(1, as: "p.png")
    #expect(daemon.rename("test/p.png", "p") == 0)
    try await daemon.run(recursive) {
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
      daemon.folder.run(command)
      let mask = "Results/new/deep/a_segmentation.png"
      try await daemon.until("a") { daemon.exists(mask) }
      daemon.folder.run(#"cp "$D/p" "$D/test/new/deep/b.png""#)
      try await daemon.until("b") { daemon.exists("Results/new/deep/b_segmentation.png") }
      // Renamed, its photographs have masks under the new name too.
      daemon.folder.run(#"mv "$D/test/new" "$D/test/renamed""#)
      try await daemon.until("renamed") {
        daemon.exists("Results/renamed/deep/b_segmentation.png")
      }
      daemon.folder.run(#"cp "$D/p" "$D/test/renamed/deep/c.png""#)
      try await daemon.until("c") { daemon.exists("Results/renamed/deep/c_segmentation.png") }
      #expect(daemon.exists(mask), "nothing is deleted")
    }
  }

  @Test func whatProgramsKeepForThemselvesAndLinksAreNotEntered() async throws {
    daemon.folder.run(
      #"""
      cd "$D/test"; mkdir @eaDir .hidden elsewhere ../outside; ln -s ../../outside elsewhere/link
      """#)
    for place in ["test/@eaDir", "test/.hidden", "outside"] {
      try drop(1, as: "x.png")
      #expect(daemon.rename("test/x.png", place + "/x.png") == 0)
    }
    try await daemon.run(recursive) {
      try drop(2, as: "elsewhere/b.png")
      try await daemon.until("b") { daemon.exists("Results/elsewhere/b_segmentation.png") }
    }
    #expect(daemon.log.count("Segmented") == 1)
  }

  @Test func aRemovedMaskOfASubfolderIsMadeAgain() async throws {
    daemon.folder.run(#"mkdir "$D/test/ward""#)
    try drop(1, as: "ward/a.png")
    try await daemon.run(["recursive": "true", "rescan-interval": "200ms"]) {
      try await daemon.until("mask") { daemon.exists("Results/ward/a_segmentation.png") }
      daemon.folder.run(#"rm -r "$D/Results/ward""#)
      try await daemon.until("again") { daemon.exists("Results/ward/a_segmentation.png") }
    }
  }

  @Test func whatIsInTheWayOfOneSubfolderDoesNotKeepTheOthersWaiting() async throws {
    daemon.folder.run(
      #"mkdir "$D/test/ward" "$D/test/other" "$D/Results"; echo mine > "$D/Results/ward""#)
    try drop(1, as: "ward/a.png")
    try drop(2, as: "other/a.png")
    try await daemon.run(recursive) {
      try await daemon.until("other") { daemon.exists("Results/other/a_segmentation.png") }
      try await daemon.until("told") { daemon.log.count("Not segmented yet: ward/a.png: ") >= 1 }
      #expect(daemon.folder.run(#"test "$(cat "$D/Results/ward")" = mine"#) == 0)
      daemon.folder.run(#"rm "$D/Results/ward""#)
      try await daemon.until("ward") { daemon.exists("Results/ward/a_segmentation.png") }
    }
  }

  @Test func leftoversInSubfoldersAreSwept() async throws {
    daemon.folder.run(
      #"""
      cd "$D"; mkdir -p Results/a/b Results/failed/a
      for p in a/b failed/a; do : > Results/$p/.dermseg-0123456789abcdef.part; done
      """#)
    try await daemon.run(recursive) {
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
    }
    #expect(daemon.folder.run(#"test -z "$(find "$D/Results" -name '*.part')""#) == 0)
  }

  @Test func turningItOnAndOffTakesEffectAtAReload() async throws {
    daemon.folder.run(#"mkdir "$D/test/ward""#)
    try drop(1, as: "ward/a.png")
    var settings = try await daemon.settings(["rescan-interval": "1h"])
    let service = try FolderService(settings: settings, logger: daemon.log.logger)
    let running = Task { await service.run() }
    defer { service.stop() }
    try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
    settings.recursive = true
    await service.reload(settings)
    try await daemon.until("a") { daemon.exists("Results/ward/a_segmentation.png") }
    daemon.folder.run(#"mkdir "$D/test/later""#)
    try drop(2, as: "later/b.png")
    try await daemon.until("b") { daemon.exists("Results/later/b_segmentation.png") }
    settings.recursive = false
    await service.reload(settings)
    try drop(3, as: "ward/c.png")
    try drop(4, as: "d.png")
    try await daemon.until("d") { daemon.exists("Results/d_segmentation.png") }
    #expect(!daemon.exists("Results/ward/c_segmentation.png"))
    service.stop()
    await running.value
  }
}
