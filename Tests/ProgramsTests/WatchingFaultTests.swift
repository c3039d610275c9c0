import Files
import Glibc
import Images
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// The kernel's events are a hint: whatever becomes of them, nothing is missed and nothing mixed up.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WatchingFaultTests {
  @Test("W2: lost events are made up for", arguments: [3, 1])
  func lostEvents(everyNth: Int) async throws {
    let run = try FaultRun(photographs: 0)
    try run.start(FaultPlan(droppedEvents: everyNth))
    try await run.daemon.until("ready") { run.daemon.log.contains("Ready: ") }
    for index in 0..<10 { try run.drop("a\(index).jpg", index: index) }
    #expect(try await run.waitForEnd(orMasks: 10) == nil)
    try await run.stopAndCheck("every \(everyNth). event lost")
  }

  @Test(
    "W3: what arrives between the watch and the listing is seen",
    arguments: ["inotify_add_watch", "readdir", "fstatat"])
  func arrivalDuringTheFirstListing(_ call: String) async throws {
    let run = try FaultRun(photographs: 1)
    // No rescan comes to help.
    try run.start(
      FaultPlan(folders: ["test"], calls: [call], at: 1, deed: .pause), ["--rescan-interval", "1h"])
    try await run.daemon.waitUntilPaused()
    try run.drop("late.jpg", index: 7)
    run.daemon.endPause()
    #expect(try await run.waitForEnd(orMasks: 2) == nil)
    try await run.stopAndCheck("arrived at \(call)")
  }

  @Test("W3: everything that was there before the start is done once")
  func backlog() async throws {
    let number = numberFromEnvironment("DERMSEG_TEST_BACKLOG", otherwise: 1000)
    let run = try FaultRun(photographs: 0)
    try run.drop("f.png", index: 1, width: 8, height: 8)
    run.daemon.folder.run(
      #"cd "$D/test"; mv f.png ../f; for i in $(seq \#(number)); do cp ../f f$i.png; done"#)
    try run.start()
    try await run.daemon.until("all of them", seconds: 30 + number / 20) {
      run.daemon.log.count(of: "\"message\":\"Segmented: ") >= number
    }
    try await run.stopAndCheck("\(number) files at the start")
    #expect(run.daemon.log.count(of: "\"message\":\"Segmented: ") == number)
  }

  /// What happens to a photograph while it is read, or while its mask is written.
  static let disturbances = [
    "mv ../other.jpg p0.jpg", "cat ../other.jpg > p0.jpg", "printf more >> p0.jpg",
    "truncate -s -100 p0.jpg", ": > p0.jpg", "rm p0.jpg", "touch -d 2001-01-01 p0.jpg",
    "touch -d 2090-01-01 p0.jpg", "rm p0.jpg; mkdir p0.jpg", "mv p0.jpg p1.jpg",
    "chmod 640 p0.jpg", "cp p0.jpg p1.jpg; cat ../other.jpg > p0.jpg; touch -r p1.jpg p0.jpg",
  ]

  @Test(
    "W5: changed while in hand, the mask is of the bytes that it names",
    arguments: [
      ("test", "open", 4), ("test", "read", 1), ("test", "read", 2), ("Results", "fsync", 1),
    ])
  func changedWhileInHand(_ folder: String, _ call: String, _ at: Int) async throws {
    try await forEach(Self.disturbances) { disturbance in
      let run = try FaultRun()
      try run.daemon.makePhotograph("other.jpg", index: 5, width: 72, height: 40)
      try run.start(FaultPlan(folders: [folder], calls: [call], at: at, deed: .pause))
      try await run.daemon.waitUntilPaused()
      run.daemon.folder.run("cd \"$D/test\"; \(disturbance)")
      try run.noteSources()
      run.daemon.endPause()
      let context = "\(disturbance) at \(call) \(at) of \(folder)"
      // Everything is as promised in the end, with whatever is there now.
      var said = ""
      try await run.daemon.until("all promises: \(context)", every: .milliseconds(100)) {
        said = run.violations()
        return said == ""
      }
      try await run.stopAndCheck(context, notingSources: false)
      if folder == "Results" { return }
      // Nothing was made of bytes that were not quiet, or not all of one file.
      #expect(run.daemon.log.count(of: "Segmented: p0.jpg") <= 1, "\(context)")
      if let sizes = try run.sizes() { #expect(sizes.named == sizes.found, "\(context)") }
    }
  }

  @Test("W7: the folder removed, made again, renamed away and replaced")
  func folderComesAndGoes() async throws {
    let (run, expectMask) = try await watcherOfAFolder()
    let daemon = run.daemon
    for cycle in 0..<Self.cycles {
      daemon.folder.run(#"cd "$D"; rm -r test"#)
      try await daemon.until("gone") { daemon.log.count(of: "The test folder is gone") > cycle }
      daemon.folder.run("cd \"$D\"; mkdir test; cp m0 test/again.\(cycle).jpg")
      try await expectMask("again.\(cycle)")
      daemon.folder.run(
        "cd \"$D\"; mkdir new; mv test old; mv new test; cp m1 test/replaced.\(cycle).jpg")
      try await expectMask("replaced.\(cycle)")
      daemon.folder.run(#"cd "$D"; rm -r old"#)
    }
    try await expectNoOtherTrouble(run)
  }

  @Test(
    "W7: the folder mounted over, and unmounted",
    .enabled(if: canMakeMountNamespace && getuid() == 0, "needs root and mount namespaces"))
  func folderIsMountedAndUnmounted() async throws {
    let (run, expectMask) = try await watcherOfAFolder(
      wrapper: mountNamespace + #" sh -c 'mount -t tmpfs none "$D/test" && exec "$@"' - "$@""#)
    let daemon = run.daemon
    func inside(_ command: String) {
      daemon.folder.run("nsenter -t \(daemon.pid) -m sh -c 'cd \"$D\"; \(command)'")
    }
    daemon.folder.run(#"mkdir "$D/over""#)
    for cycle in 0..<Self.cycles {
      inside("cp m0 test/mounted.\(cycle).jpg")
      try await expectMask("mounted.\(cycle)")
      inside("umount test")
      try await daemon.until("gone") { daemon.log.count(of: "The test folder is gone") > cycle }
      inside("mount -t tmpfs none test; cp m1 test/back.\(cycle).jpg")
      try await expectMask("back.\(cycle)")
      inside("cp m2 over/over.\(cycle).jpg; mount --bind over test")
      try await expectMask("over.\(cycle)")
      inside("umount test; cp m0 test/under.\(cycle).jpg")
      try await expectMask("under.\(cycle)")
    }
    try await expectNoOtherTrouble(run)
  }

  private static let cycles = numberFromEnvironment("DERMSEG_TEST_CYCLES", otherwise: 1)

  /// A daemon that is ready, photographs m0, m1 and m2 beside its folders, and a wait for a mask.
  private func watcherOfAFolder(wrapper: String = #"exec "$@""#) async throws
    -> (FaultRun, (String) async throws -> Void)
  {
    let run = try FaultRun(photographs: 0)
    let daemon = run.daemon
    for index in 0..<3 {
      try daemon.makePhotograph("m\(index)", index: index, width: 64, height: 48)
    }
    try daemon.start(
      ["--log-format", "json", "--settle", "50ms", "--poll-interval", "500ms"], wrapper: wrapper)
    try await daemon.until("ready") { daemon.log.contains("Ready: ") }
    return (
      run,
      { mask in
        try await daemon.until(mask) { daemon.exists("Results/\(mask)_segmentation.png") }
      }
    )
  }

  private func expectNoOtherTrouble(_ run: FaultRun) async throws {
    let log = run.daemon.log
    let gone = log.count(of: "The test folder is gone")
    #expect(log.count(of: "\"level\":\"error\"") == gone, "\(log)")
    #expect(log.count(of: "The test folder is back") == gone, "\(log)")
    try await run.daemon.stop()
  }

  @Test(
    "W8: without inotify it looks regularly, and says once what to do",
    arguments: [
      ("inotify_init1", Errno.tooManyOpenFiles, "sysctl fs.inotify.max_user_instances="),
      ("inotify_add_watch", Errno.noSpace, "sysctl fs.inotify.max_user_watches="),
      ("inotify_init1", Errno.notPermitted, "inotify is refused"),
      ("inotify_add_watch", Errno.permissionDenied, "inotify is refused"),
    ])
  func withoutInotify(_ call: String, _ error: Errno, _ words: String) async throws {
    let run = try FaultRun(photographs: 1)
    try run.start(
      FaultPlan(calls: [call], at: 1, deed: .failOn(error)),
      ["--rescan-interval", "1h", "--poll-interval", "300ms"])
    #expect(try await run.waitForEnd(orMasks: 1) == nil)
    try run.drop("second.jpg", index: 2)
    #expect(try await run.waitForEnd(orMasks: 2) == nil)
    #expect(run.daemon.log.count(of: "The test folder is looked at every ") == 1)
    #expect(run.daemon.log.contains(words), "\(run.daemon.log)")
    #expect(run.daemon.log.contains("Ready: Looking regularly (polling)."))
    try await run.stopAndCheck("without inotify")
  }
}

extension WatchingFaultTests {
  @Test func aListingThatIsHeldUpDoesNotPutOffTheNextOne() async throws {
    let run = try FaultRun(photographs: 1)
    // No event is heard, so that whatever is noticed was noticed by a whole look at the folder.
    let plan = FaultPlan(
      folders: ["test"], calls: ["readdir"], at: 1, deed: .pause, droppedEvents: 1)
    try run.start(plan, ["--rescan-interval", "1s"])
    try await run.daemon.waitUntilPaused()
    try await Task.sleep(for: .seconds(5))
    run.daemon.endPause()
    #expect(try await run.waitForEnd(orMasks: 1) == nil)
    try run.drop("second.jpg", index: 2)
    #expect(try await run.waitForEnd(orMasks: 2) == nil)
    try await run.stopAndCheck("after a listing of five seconds")
  }
}

extension FaultRun {
  /// Puts a photograph into the test folder by a rename.
  func drop(_ file: String, index: Int, width: Int = 64, height: Int = 48) throws {
    try daemon.makePhotograph("arriving", index: index, width: width, height: height)
    #expect(daemon.folder.run("mv \"$D/arriving\" \"$D/test/\(file)\"") == 0)
  }

  /// The size of its photograph that a mask names, and the one that it has; nil if one of them is not there.
  func sizes() throws -> (named: String?, found: String)? {
    let folder = daemon.folder
    let mask = folder.appending("Results/p0_segmentation.png")
    let source = try fileStatus(at: folder.appending("test/p0.jpg"))
    guard let source, source.kind == .regular, try fileStatus(at: mask) != nil else { return nil }
    let png = try readRegularFile(at: mask, limitBytes: 1 << 20).bytes
    let named = PNGText.read(from: png).first { $0.keyword == "Source-Size" }?.value
    return (named, "\(source.identity.sizeBytes)")
  }

  /// Stops the daemon, which has nothing left to do, and checks all promises.
  func stopAndCheck(
    _ context: String, notingSources: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    if notingSources { try noteSources() }
    try await daemon.stop(sourceLocation: sourceLocation)
    expectPromises(context, sourceLocation: sourceLocation)
  }
}
