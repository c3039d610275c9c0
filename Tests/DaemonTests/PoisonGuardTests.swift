import Daemon
import Files
import TemporaryFolders
import Testing

@Suite struct PoisonGuardTests {
  let folder: TemporaryFolder
  let photograph = SourcePath(name("bad.jpg"))
  let identity = FileIdentity(
    sizeBytes: 10, modified: FileTime(seconds: 5, nanoseconds: 6), inode: 1, device: 2)

  init() throws { folder = try TemporaryFolder() }

  /// A run of the program that ends with the photograph in hand.
  private func dieWithItInHand(crashing: Bool) throws {
    let poison = try PoisonGuard(folder.handle)
    try poison.begin(photograph, identity)
    if crashing { folder.run(#"printf x >> "$D/crashed""#) }
  }

  private func verdict() throws -> PoisonGuard.Verdict {
    try PoisonGuard(folder.handle).verdict(photograph, identity)
  }

  @Test func aPhotographThatWasDoneIsInnocent() throws {
    let poison = try PoisonGuard(folder.handle)
    try poison.begin(photograph, identity)
    try poison.end([photograph])
    #expect(try verdict() == .innocent)
  }

  @Test func twoCrashesPutItIntoQuarantine() throws {
    try dieWithItInHand(crashing: true)
    #expect(try verdict() == .suspect)
    try dieWithItInHand(crashing: true)
    #expect(try verdict() == .quarantined(deaths: 2))
    #expect(try verdict() == .quarantined(deaths: 2), "and there it stays")
  }

  @Test func endsOfUnknownCauseTakeFour() throws {
    for deaths in 1...3 {
      try dieWithItInHand(crashing: false)
      #expect(try verdict() == .suspect, "after \(deaths)")
    }
    try dieWithItInHand(crashing: false)
    #expect(try verdict() == .quarantined(deaths: 4))
  }

  @Test func aPardonIsTakenWhileTheDaemonRuns() throws {
    try dieWithItInHand(crashing: true)
    try dieWithItInHand(crashing: true)
    let poison = try PoisonGuard(folder.handle)
    #expect(poison.verdict(photograph, identity) == .quarantined(deaths: 2))
    let left = PoisonGuard.quarantined(in: folder.handle)
    #expect(left.map(\.path) == [photograph])
    // Of another state of the file it says nothing.
    var other = try #require(left.first)
    other.sizeBytes += 1
    try PoisonGuard.pardon(other, in: folder.handle)
    #expect(poison.verdict(photograph, identity) == .quarantined(deaths: 2))
    for suspect in left { try PoisonGuard.pardon(suspect, in: folder.handle) }
    #expect(poison.verdict(photograph, identity) == .suspect)
    #expect(poison.verdict(photograph, identity) == .suspect, "and there it stays")
    #expect(folder.run(#"ls "$D" | grep -q pardon"#) == 1, "it is used up")
    #expect(PoisonGuard.quarantined(in: folder.handle).isEmpty)
    // After the next start too, and two more crashes put it back.
    #expect(try verdict() == .suspect)
    try dieWithItInHand(crashing: true)
    try dieWithItInHand(crashing: true)
    #expect(try verdict() == .quarantined(deaths: 2))
  }

  @Test func aReplacedFileIsInnocent() throws {
    try dieWithItInHand(crashing: true)
    try dieWithItInHand(crashing: true)
    let poison = try PoisonGuard(folder.handle)
    var other = identity
    other.modified.nanoseconds += 1
    #expect(poison.verdict(photograph, other) == .innocent)
    other = identity
    other.sizeBytes += 1
    #expect(poison.verdict(photograph, other) == .innocent)
    #expect(poison.verdict(SourcePath(name("good.jpg")), identity) == .innocent)
  }

  @Test func aSuspectThatIsDoneIsAcquitted() throws {
    try dieWithItInHand(crashing: true)
    let poison = try PoisonGuard(folder.handle)
    try poison.begin(photograph, identity)
    try poison.end([photograph])
    #expect(poison.verdict(photograph, identity) == .innocent)
    #expect(try verdict() == .innocent)
    #expect(try folder.handle.status(of: name("suspects")) == nil)
  }

  @Test func beingToldToStopIsNoDeath() throws {
    let poison = try PoisonGuard(folder.handle)
    try poison.begin(photograph, identity)
    poison.stop()
    try poison.begin(SourcePath(name("late.jpg")), identity)
    #expect(try verdict() == .innocent)
    #expect(
      try PoisonGuard(folder.handle).verdict(SourcePath(name("late.jpg")), identity) == .innocent)
  }

  @Test func allInHandAreSuspected() throws {
    let poison = try PoisonGuard(folder.handle)
    try poison.begin(photograph, identity)
    try poison.begin(SourcePath(name("next.jpg")), identity)
    let next = try PoisonGuard(folder.handle)
    #expect(next.verdict(photograph, identity) == .suspect)
    #expect(next.verdict(SourcePath(name("next.jpg")), identity) == .suspect)
  }

  @Test func damagedFilesOfItsOwnAreAsGoodAsNone() throws {
    folder.run(#"cd "$D"; head -c 5000 /dev/urandom > in-hand; printf 'a 1 2\nb' > suspects"#)
    #expect(try verdict() == .innocent)
    folder.run(#"cd "$D"; rm -f suspects in-hand crashed; mkdir suspects"#)
    #expect(try verdict() == .innocent)
  }

  @Test func aNoteThatIsCutIsLeftOut() throws {
    try dieWithItInHand(crashing: true)
    folder.run(#"cd "$D"; truncate -s -2 in-hand"#)
    #expect(try verdict() == .innocent)
  }
}
