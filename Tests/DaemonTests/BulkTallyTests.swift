import Daemon
import Files
import TemporaryFolders
import Testing

/// When many photographs come at once.
@Suite struct BulkTallyTests {
  private let start = ContinuousClock.now
  private let path = SourcePath(name("a.jpg"), in: .top)
  private var tally = BulkTally()

  private func path(_ number: Int) -> SourcePath { SourcePath(name("\(number).jpg"), in: .top) }

  /// How many of so many masks, evenly spread, get an entry of their own, and what the summaries say.
  private mutating func run(
    _ count: Int, perSecond: Int, from begin: Duration = .zero
  ) -> (singly: Int, summaries: [BulkTally.Summary]) {
    var singly = 0
    var summaries: [BulkTally.Summary] = []
    for number in 0..<count {
      let now = start + begin + .milliseconds(number * 1000 / perSecond)
      if tally.isToldSingly(path(number), at: now) { singly += 1 }
      if let summary = tally.takeSummary(at: now) { summaries.append(summary) }
    }
    return (singly, summaries)
  }

  @Test mutating func fewHaveAnEntryEach() {
    let told = run(1000, perSecond: 9)
    #expect(told.singly == 1000)
    #expect(told.summaries.isEmpty)
    #expect(tally.due == nil)
  }

  @Test mutating func manyAreCountedAndNoneIsLost() throws {
    // An hour at 100 per second.
    let told = run(360_000, perSecond: 100)
    #expect(told.singly == BulkTally.limit, "then they are counted")
    #expect((700...720).contains(told.summaries.count), "one every five seconds")
    let due = try #require(tally.due)
    let last = tally.takeSummary(at: due)
    let rest = try #require(last)
    #expect(rest.last == path(359_999))
    #expect(told.singly + told.summaries.reduce(rest.count) { $0 + $1.count } == 360_000)
  }

  @Test mutating func thoseToLookAtAreCountedToo() {
    for number in 0..<(BulkTally.limit + 30) {
      _ = tally.isToldSingly(path(number), isFlagged: number % 3 == 0, at: start)
    }
    let summary = tally.takeSummary(at: start, evenIfEarly: true)
    #expect(summary?.count == 30 && summary?.flagged == 10)
  }

  @Test mutating func journaldsLimitIsFarAway() {
    // Bursts as bad as they can be: just above the limit, a quiet window, and again.
    var entries = 0
    for burst in 0..<3 {
      let told = run(BulkTally.limit + 1, perSecond: 1000, from: .seconds(burst * 10))
      entries += told.singly + told.summaries.count
    }
    #expect(entries <= 357, "in 30 s, of 10,000")
  }

  @Test mutating func afterAQuietWindowEachHasItsEntryAgain() {
    let many = run(200, perSecond: 100)
    let few = run(10, perSecond: 1, from: .seconds(60))
    #expect([many.singly, few.singly] == [BulkTally.limit, 10])
  }

  @Test mutating func aSummaryIsTakenOnceAndInTime() {
    let told = run(51, perSecond: 100)
    #expect(told.singly == 50)
    let early = tally.takeSummary(at: start + .seconds(2))
    #expect(early == nil)
    let taken = tally.takeSummary(at: start + .seconds(2), evenIfEarly: true)
    #expect(taken?.count == 1)
    let again = tally.takeSummary(at: start + .seconds(20), evenIfEarly: true)
    #expect(again == nil)
  }
}

@Suite struct PaceTests {
  private let start = ContinuousClock.now

  @Test func theForecastIsTheTimeBetweenTwo() throws {
    var pace = Pace()
    #expect(pace.seconds(for: 10) == nil)
    // Each is 0.5 s in work, two at a time.
    for number in 1...100 {
      pace.finished(in: .milliseconds(500), at: start + .milliseconds(250 * number))
    }
    let seconds = try #require(pace.seconds(for: 100))
    #expect(abs(seconds - 25) < 0.1)
  }

  @Test func aPauseIsNoWork() throws {
    var pace = Pace()
    for number in 1...30 { pace.finished(in: .seconds(1), at: start + .seconds(3600 * number)) }
    let seconds = try #require(pace.seconds(for: 10))
    #expect(abs(seconds - 10) < 0.1)
  }

  @Test(arguments: [
    (0.2, "1 s"), (59.1, "60 s"), (100.0, "2 min"), (3600, "60 min"), (6000, "1.5 h"),
    (36_000, "10.0 h"),
  ])
  func isSaidRoughly(_ seconds: Double, _ text: String) { #expect(roughTime(seconds) == text) }
}

/// The same with the real service, at whatever rate this machine has.
@Suite(.timeLimit(.minutes(5))) struct BulkTests {
  @Test func everyMaskIsToldOrCounted() async throws {
    let daemon = try TinyDaemon()
    daemon.folder.run(#"mkdir "$D/more""#)
    try daemon.drop(1, as: "0.png", width: 32, height: 32)
    daemon.folder.run(
      #"cd "$D/test"; for n in $(seq 199); do cp 0.png ../more/$n.png; done; mv ../more/* .;"#
        + #" echo no > bad.png"#)
    try await daemon.run {
      try await daemon.until("200 masks") { try daemon.masks().count == 200 }
    }
    let entries = daemon.log.entries
    let singly = entries.count { $0.level >= .info && $0.message.hasPrefix("Segmented: ") }
    let counted = entries.filter { $0.message.hasPrefix("Segmented ") && $0.level == .info }
      .compactMap { $0.metadata["count"].flatMap { Int($0.description) } }
    #expect(singly + counted.reduce(0, +) == 200)
    #expect(entries.count { $0.message.hasPrefix("Segmented: ") } == 200, "at the level debug")
    #expect(daemon.log.count("Not segmented: bad") == 1)
  }
}
