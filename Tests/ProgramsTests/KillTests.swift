import Glibc
import Images
import TemporaryFolders
import Testing

/// Killed at any time, a mask is whole or absent, and nothing is forgotten.
@Suite(.timeLimit(.minutes(5))) struct KillTests {
  let daemon: DaemonProcess

  init() throws { daemon = try DaemonProcess() }

  /// No visible mask may ever be anything but whole and right.
  private func checkVisibleMasks() throws {
    for mask in try daemon.masks() {
      let source = mask.replacing("_segmentation.png", with: ".jpg")
      #expect(try daemon.isRight(mask, of: source), "\(mask)")
    }
  }

  @Test func twentyPhotographsInFlowSurviveTwentyKills() async throws {
    for index in 0..<20 { try daemon.makePhotograph("p\(index).jpg", index: index) }
    var random = SystemRandomNumberGenerator()
    for kill in 0..<20 {
      daemon.folder.run("mv \"$D/p\(kill).jpg\" \"$D/test/\"")
      try daemon.start()
      try await Task.sleep(for: .milliseconds(Int.random(in: 50...400, using: &random)))
      try await daemon.killHard()
      try checkVisibleMasks()
    }
    try daemon.start()
    try await daemon.waitUntilReady()
    try await daemon.until("all 20") { try daemon.masks().count == 20 }
    try checkVisibleMasks()
    try await daemon.stop()
    #expect(daemon.folder.run(#"test -z "$(find "$D/Results" -name '*.part')""#) == 0)
    #expect(!daemon.exists("Results/failed"), "a kill is nobody's fault")
  }

  @Test func aLineThatSaysSegmentedIsTrue() async throws {
    for index in 0..<12 { try daemon.makePhotograph("p\(index).jpg", index: index) }
    daemon.folder.run(#"mv "$D"/p*.jpg "$D/test/""#)
    for _ in 0..<6 {
      try daemon.start()
      try await Task.sleep(for: .milliseconds(250))
      try await daemon.killHard()
      let masks = try daemon.masks()
      for line in daemon.log.split(separator: "\n") where line.contains("Segmented: ") {
        #expect(masks.contains(try #require(maskName(in: line))), "\(line)")
      }
    }
    #expect(
      daemon.log.count(of: "Segmented: ")
        == Set(
          daemon.log.split(separator: "\n").filter { $0.contains("Segmented: ") }
            .map { maskName(in: $0) }
        ).count, "none twice")
  }

  /// The mask that a line about a photograph names.
  private func maskName(in line: Substring) -> String? {
    line.firstMatch(of: /[^ ]+_segmentation\.png/).map { String($0.output) }
  }

  @Test(arguments: [SIGSEGV, SIGABRT, SIGILL, SIGBUS])
  func aCrashIsToldFromAKill(_ signal: Int32) async throws {
    try daemon.makePhotograph("p.jpg", index: 0)
    try daemon.start()
    try await daemon.waitUntilReady()
    daemon.send(signal)
    #expect(try await daemon.waitForEnd() == 128 + signal)
    #expect(daemon.folder.run(#"test -s "$D/state/crashed""#) == 0)
    try daemon.start()
    try await daemon.waitUntilReady()
    try await daemon.killHard()
    #expect(daemon.folder.run(#"test -e "$D/state/crashed" -a ! -s "$D/state/crashed""#) == 0)
  }
}
