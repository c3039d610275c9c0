import Glibc
import SystemPackage
import TemporaryFolders
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
    let number = count("DERMSEG_TEST_BACKLOG", otherwise: 1000)
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
    arguments: [("test", "read", 1), ("test", "read", 2), ("Results", "fsync", 1)])
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
    }
  }

  @Test(
    "W7: the folder removed, replaced, mounted over and unmounted",
    .enabled(if: canMakeMountNamespace && getuid() == 0))
  func folderComesAndGoes() async throws {
    let run = try FaultRun(photographs: 0)
    let daemon = run.daemon
    for index in 0..<5 {
      try daemon.makePhotograph("m\(index)", index: index, width: 64, height: 48)
    }
    daemon.folder.run(#"mkdir "$D/over"; cp "$D/m4" "$D/over/over.jpg""#)
    try daemon.start(
      ["--log-format", "json", "--settle", "50ms", "--poll-interval", "500ms"],
      wrapper: mountNamespace + #" sh -c 'mount -t tmpfs none "$D/test" && exec "$@"' - "$@""#)
    try await daemon.until("ready") { daemon.log.contains("Ready: ") }
    func inside(_ command: String) {
      daemon.folder.run("nsenter -t \(daemon.pid) -m sh -c 'cd \"$D\"; \(command)'")
    }
    func expectMask(_ mask: String) async throws {
      try await daemon.until(mask) { daemon.exists("Results/\(mask)_segmentation.png") }
    }
    for cycle in 0..<count("DERMSEG_TEST_CYCLES", otherwise: 1) {
      inside("cp m0 test/mounted.\(cycle).jpg")
      try await expectMask("mounted.\(cycle)")
      inside("umount test; cp m1 test/below.\(cycle).jpg")
      try await expectMask("below.\(cycle)")
      inside("rm -r test")
      try await daemon.until("gone") { daemon.log.count(of: "The test folder is gone") > cycle }
      inside("mkdir test; cp m2 test/again.\(cycle).jpg")
      try await expectMask("again.\(cycle)")
      inside("mkdir new; mv test old; mv new test; cp m3 test/replaced.\(cycle).jpg")
      try await expectMask("replaced.\(cycle)")
      inside("cp m4 over/over.\(cycle).jpg; mount --bind over test")
      try await expectMask("over.\(cycle)")
      inside("rm -r old; umount test; mount -t tmpfs none test")
    }
    let gone = daemon.log.count(of: "The test folder is gone")
    #expect(daemon.log.count(of: "\"level\":\"error\"") == gone, "no other trouble:\n\(daemon.log)")
    #expect(daemon.log.count(of: "The test folder is back") == gone)
    try await daemon.stop()
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
    #expect(run.daemon.log.count(of: words) == 1, "\(run.daemon.log)")
    #expect(run.daemon.log.contains("Ready: Looking regularly (polling)."))
    try await run.stopAndCheck("without inotify")
  }
}

extension FaultRun {
  /// Puts a photograph into the test folder by a rename.
  func drop(_ file: String, index: Int, width: Int = 64, height: Int = 48) throws {
    try daemon.makePhotograph("arriving", index: index, width: width, height: height)
    #expect(daemon.folder.run("mv \"$D/arriving\" \"$D/test/\(file)\"") == 0)
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
