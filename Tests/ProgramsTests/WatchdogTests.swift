import Glibc
import TemporaryFolders
import TestScaffold
import Testing

/// The manager's watchdog is fed by work that was really done, and by nothing else.
@Suite(.timeLimit(.minutes(5))) struct WatchdogTests {
  let daemon: DaemonProcess
  let socket: DatagramSocket

  init() throws {
    daemon = try DaemonProcess()
    socket = try DatagramSocket(at: "\(daemon.folder.appending("notify"))")
  }

  /// Starts the daemon as a manager does that wants to hear of it.
  private func start(watchdogSeconds: Int, _ plan: FaultPlan? = nil) throws {
    try daemon.start(
      environment: [
        "NOTIFY_SOCKET=\(daemon.folder.appending("notify"))",
        "WATCHDOG_USEC=\(watchdogSeconds)000000",
      ] + (plan?.environment(in: daemon.folder) ?? []),
      wrapper: #"export WATCHDOG_PID=$$; exec "$@""#)
  }

  /// Everything that the daemon says up to the first datagram with a text.
  private func receive(
    until text: String, sourceLocation: SourceLocation = #_sourceLocation
  ) -> [String] {
    var said: [String] = []
    while let datagram = socket.receive() {
      said.append(String(decoding: datagram, as: UTF8.self))
      if said.last?.contains(text) == true { return said }
    }
    Issue.record("not heard: \(text), but \(said)", sourceLocation: sourceLocation)
    return said
  }

  private func drop(_ file: String) throws {
    try daemon.makePhotograph(file, index: 0)
    daemon.folder.run("mv \"$D/\(file)\" \"$D/test/\"")
  }

  @Test func itIsFedWhileTheResultsFolderIsWaitedFor() throws {
    daemon.folder.run(#"mkdir "$D/Results""#)
    try start(watchdogSeconds: 2)
    _ = receive(until: "READY=1")
    daemon.folder.run(#"cd "$D"; mv Results away; : > Results"#)
    try drop("p.jpg")
    _ = receive(until: "STATUS=Degraded: ")
    // From looking at the test folder, which goes on: masks are only tried every 1, 2, 4 ... 300 s.
    for _ in 0..<4 { _ = receive(until: "WATCHDOG=1") }
    daemon.folder.run(#"cd "$D"; rm Results"#)
    _ = receive(until: "1 done")
  }

  @Test func itIsNotFedWhileAComputationHangs() async throws {
    // No event is heard, so that whatever is noticed was noticed by a whole look at the folder.
    try start(
      watchdogSeconds: 1,
      FaultPlan(folders: ["test"], calls: ["read"], at: 1, deed: .pause, droppedEvents: 1))
    _ = receive(until: "WATCHDOG=1")
    try drop("p0.jpg")
    try await daemon.waitUntilPaused()
    // A computation may take one interval; then it counts as hanging.
    try await Task.sleep(for: .seconds(2))
    try drop("p1.jpg")
    _ = receive(until: "STATUS=Watching (inotify). 2 waiting")
    // The folder is looked at twice a second as before, but that proves nothing.
    for number in 2..<5 {
      try drop("p\(number).jpg")
      let said = receive(until: "STATUS=Watching (inotify). \(number + 1) waiting")
      #expect(!said.contains("WATCHDOG=1"), "\(said)")
    }
    daemon.endPause()
    _ = receive(until: "WATCHDOG=1")
    _ = receive(until: "5 done")
    try await daemon.stop()
  }

  @Test func itIsNotFedWhileAMaskCannotBeWritten() async throws {
    try start(
      watchdogSeconds: 1,
      FaultPlan(folders: ["Results"], calls: ["renameat"], at: 1, deed: .pause))
    _ = receive(until: "WATCHDOG=1")
    try drop("p.jpg")
    try await daemon.waitUntilPaused()
    _ = socket.receiveWaiting()
    // Long enough for several; a timer would send them.
    try await Task.sleep(for: .seconds(3))
    #expect(socket.receiveWaiting() == [])
    daemon.endPause()
    _ = receive(until: "1 done")
    _ = receive(until: "WATCHDOG=1")
    try await daemon.stop()
  }
}
