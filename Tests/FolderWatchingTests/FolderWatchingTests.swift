import Files
import FolderWatching
import SystemPackage
import TemporaryFolders
import Testing

/// Fails the test where a tick that must come does not: the time limit is the failure.
@Suite(.timeLimit(.minutes(1))) struct FolderWatcherTests {
  let folder: TemporaryFolder
  let watcher = FolderWatcher()

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: [
    #"printf x > "$D/a.jpg""#, #"printf x > /tmp/w.$$; mv /tmp/w.$$ "$D/b.jpg""#,
    #"cp /etc/hostname "$D/c.jpg""#, #"rm "$D/old""#,
    #"ln "$D/old" "$D/linked"; touch "$D/linked""#,
    #"printf y >> "$D/old""#, #"chmod 600 "$D/old""#,
  ])
  func everyWayToChangeTheFolderTicks(_ command: String) async throws {
    folder.run(#"printf 1 > "$D/old""#)
    #expect(watcher.attach(to: folder.handle) == .inotify)
    folder.run(command)
    var ticks = watcher.ticks.makeAsyncIterator()
    #expect(await ticks.next() != nil)
    #expect(watcher.takeObservations().endings.isEmpty)
  }

  @Test func aBurstIsFewTicks() async throws {
    #expect(watcher.attach(to: folder.handle) == .inotify)
    folder.run(#"cd "$D"; for i in $(seq 500); do : > f$i; done"#)
    var ticks = watcher.ticks.makeAsyncIterator()
    #expect(await ticks.next() != nil)
    watcher.tick()
    watcher.tick()
    #expect(await ticks.next() != nil)
    // All ticks so far were merged into those two; a marker shows that none is left over.
    watcher.detachAll()
    Task { [watcher] in
      try? await Task.sleep(for: .milliseconds(50))
      watcher.tick()
    }
    #expect(await ticks.next() != nil)
  }

  @Test func ofManyNamesOnlySomeAreKept() async throws {
    #expect(watcher.attach(to: folder.handle) == .inotify)
    folder.run(#"cd "$D"; for i in $(seq 1200); do : > f$i; done"#)
    var ticks = watcher.ticks.makeAsyncIterator()
    var seen = WatchObservations()
    var isAll = false
    while !isAll, await ticks.next() != nil {
      let new = watcher.takeObservations()
      if new.isIncomplete || seen.isIncomplete { isAll = true }
      #expect((new.names[.top]?.count ?? 0) <= 1000)
      seen = new
    }
    #expect(isAll, "whoever looks knows that a listing is needed")
  }

  @Test(arguments: [#"rm -r "$D/in""#, #"mv "$D/in" "$D/away""#])
  func theFoldersOwnEndIsTold(_ command: String) async throws {
    // The handle is closed again at once: while one is open the kernel does not tell of a deletion.
    #expect(watcher.attach(to: try folder.handle.makeDirectory(name("in"))) == .inotify)
    folder.run(command)
    var ticks = watcher.ticks.makeAsyncIterator()
    var isGone = false
    while !isGone, await ticks.next() != nil {
      isGone = watcher.takeObservations().endings[.top] != nil
    }
    #expect(isGone)
  }

  @Test func afterDetachingNothingIsHeard() async throws {
    #expect(watcher.attach(to: folder.handle) == .inotify)
    watcher.detachAll()
    folder.run(#"printf x > "$D/a.jpg""#)
    #expect(watcher.takeObservations() == WatchObservations())
  }

  @Test func aFolderThatIsGoneIsPolled() throws {
    let inner = try folder.handle.makeDirectory(name("in"))
    folder.run(#"rm -r "$D/in""#)
    #expect(watcher.attach(to: inner) == .polling(.refused(.noSuchFileOrDirectory)))
  }
}

@Suite struct EventBufferTests {
  /// The kernel's structure: watch, mask, cookie, length of the name, name.
  private func event(mask: UInt32, name: [UInt8] = []) -> [UInt8] {
    [1, mask, 0, UInt32(name.count)].flatMap { value in
      unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
    } + name
  }

  private func observations(_ bytes: [UInt8], count: Int? = nil) -> WatchObservations {
    var observations = WatchObservations()
    WatchEvent.forEach(in: bytes, count: count ?? bytes.count) { event in
      if let event { observations.add(event, in: .top) } else { observations.addOverflow() }
    }
    return observations
  }

  @Test func countsEventsOverflowsAndTheEndOfTheFolder() {
    let closeWrite = event(mask: 0x8, name: Array("a.jpg".utf8) + [0, 0, 0])
    let overflow = event(mask: 0x4000)
    let ignored = event(mask: 0x8000)
    let seen = observations(closeWrite + overflow + closeWrite + ignored)
    #expect(seen.eventCount == 4)
    #expect(seen.overflowCount == 1)
    #expect(seen.endings[.top] == 1)
    #expect(observations(closeWrite).endings.isEmpty)
  }

  @Test func aCutBufferCountsAsLostEvents() {
    let whole = event(mask: 0x8, name: Array("a.jpg".utf8) + [0, 0, 0])
    for length in 1..<whole.count {
      let seen = observations(Array(whole.prefix(length)))
      #expect(seen.overflowCount == 1, "cut at \(length)")
    }
    #expect(observations([]).eventCount == 0)
  }

  @Test func aLengthBeyondTheBufferIsNotFollowed() {
    var bytes = event(mask: 0x8)
    bytes[12...15] = [0xff, 0xff, 0xff, 0xff]
    #expect(observations(bytes + [0, 0, 0, 0]).overflowCount == 1)
  }
}
