import Glibc
import TemporaryFolders
import TestScaffold
import Testing

@Suite(.timeLimit(.minutes(5))) struct TwoDaemonsTests {
  @Test("C1: of two daemons that start together, one serves and the other says who does")
  func startedTogether() async throws {
    let run = try FaultRun(photographs: 0)
    let first = run.daemon
    let second = DaemonProcess(sharing: first)
    let rounds = numberFromEnvironment("DERMSEG_TEST_PAIRS", otherwise: 20)
    for round in 1...rounds {
      try run.drop("p\(round).jpg", index: round)
      let options = ["--log-format", "json", "--settle", "50ms"]
      try first.start(options)
      try second.start(options)
      var ended: (code: Int32, winner: DaemonProcess)?
      try await first.until("the end of one of them") {
        if let code = first.codeIfEnded() { ended = (code, second) }
        if let code = second.codeIfEnded() { ended = (code, first) }
        return ended != nil
      }
      let (code, winner) = try #require(ended)
      #expect(code == 75, "\(first.log)")
      #expect(first.log.contains("process \(winner.pid) already works with the state directory"))
      try await first.until("the mask") { first.exists("Results/p\(round)_segmentation.png") }
      // The lock goes with its holder, however that ends.
      if round % 2 == 0 { try await winner.killHard() } else { try await winner.stop() }
    }
    try run.start()
    try await first.until("the next one serves") {
      first.log.count(of: "Ready: ") == rounds + 1
    }
    try await run.stopAndCheck("two daemons \(rounds) times")
    for round in 1...rounds {
      #expect(first.log.count(of: "Segmented: p\(round).jpg") <= 1, "done once, by one of them")
    }
  }
}
