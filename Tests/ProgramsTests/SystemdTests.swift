import Glibc
import TemporaryFolders
import TestScaffold
import Testing

/// What the daemon says to systemd and journald, read at the other end of their sockets.
@Suite(.timeLimit(.minutes(5))) struct SystemdTests {
  let daemon: DaemonProcess

  init() throws { daemon = try DaemonProcess() }

  @Test func itSaysReadyStatusWatchdogAndStopping() async throws {
    let socket = try DatagramSocket(at: "\(daemon.folder.appending("notify"))")
    try daemon.makePhotograph("p.jpg", index: 0)
    // WATCHDOG_PID is checked by libsystemd: it must be the program's own.
    try daemon.start(
      environment: ["NOTIFY_SOCKET=\(daemon.folder.appending("notify"))", "WATCHDOG_USEC=4000000"],
      wrapper: #"export WATCHDOG_PID=$$; exec "$@""#)
    var seen: [String] = []
    func receive(until text: String) -> Bool {
      while let datagram = socket.receive() {
        seen.append(String(decoding: datagram, as: UTF8.self))
        if seen.last?.contains(text) == true { return true }
      }
      return false
    }
    #expect(receive(until: "READY=1"))
    #expect(seen.last?.contains("STATUS=Watching (inotify). 0 waiting, 0 done, 0 failed.") == true)
    #expect(receive(until: "WATCHDOG=1"), "from a rescan")
    daemon.folder.run(#"mv "$D/p.jpg" "$D/test/""#)
    let status = "STATUS=Watching (inotify). 0 waiting, 1 done, 0 failed. Last: p.jpg at "
    #expect(receive(until: status))
    daemon.send(SIGHUP)
    #expect(receive(until: "RELOADING=1\nMONOTONIC_USEC="))
    #expect(receive(until: "READY=1"))
    daemon.folder.run(#"echo 'testFoldr: /x' > "$D/empty.yaml""#)
    daemon.send(SIGHUP)
    try await daemon.until("complaint") { daemon.log.contains("Not reloaded: ") }
    daemon.folder.run(#"mv "$D/test" "$D/away""#)
    #expect(receive(until: "STATUS=Degraded: the test folder is gone: "))
    daemon.send(SIGTERM)
    #expect(receive(until: "STOPPING=1"))
    #expect(try await daemon.waitForEnd() == 0)
  }

  @Test(.enabled(if: canMakeMountNamespace))
  func eachOutcomeIsOneEntryWithItsFields() async throws {
    daemon.folder.run(#"mkdir "$D/journal""#)
    let socket = try DatagramSocket(at: "\(daemon.folder.appending("journal").appending("socket"))")
    try daemon.makePhotograph("p", index: 0)
    try daemon.start(
      ["--log-format", "journal"],
      wrapper: mountNamespace
        + #" sh -c 'mount -t tmpfs none /run && mkdir -p /run/systemd/journal && "#
        + #"mount --bind "$D/journal" /run/systemd/journal && exec "$@"' - "$@""#)
    var entries: [[String: [UInt8]]] = []
    func receive(until beginning: String) -> [String: String]? {
      while let datagram = socket.receive() {
        let fields = journalFields(datagram)
        entries.append(fields)
        if fields["MESSAGE"]?.starts(with: Array(beginning.utf8)) == true {
          return fields.mapValues { String(decoding: $0, as: UTF8.self) }
        }
      }
      return nil
    }
    let ready = try #require(receive(until: "Ready: "))
    #expect(ready["SYSLOG_IDENTIFIER"] == "dermsegd")
    #expect(ready["PRIORITY"] == "5")
    #expect(ready["MESSAGE_ID"]?.count == 32)
    #expect(ready["CODE_FILE"]?.hasPrefix("Daemon/") == true)

    daemon.folder.run(#"cp "$D/p" "$D/test/a.jpg""#)
    let done = try #require(receive(until: "Segmented: a.jpg"))
    #expect(done["DERMSEG_FILE"] == "a.jpg")
    #expect(done["DERMSEG_MASK"] == "a_segmentation.png")
    #expect(done["DERMSEG_WIDTH"] == "160")
    #expect(done["DERMSEG_HEIGHT"] == "120")
    // The tiny network is unsure of everything.
    #expect(done["PRIORITY"] == "5")
    #expect(done["DERMSEG_PLEASE_LOOK"]?.contains("unsure-border") == true)
    #expect(done["DERMSEG_MODEL"]?.hasPrefix("tiny-") == true)
    for name in ["AREA_PERCENT", "DURATION_MS", "DECODE_MS", "INFER_MS", "QUEUE"] {
      #expect(done["DERMSEG_" + name].flatMap(Double.init) != nil, "\(name)")
    }
    #expect(daemon.exists("Results/a_segmentation.png"), "done is true")

    // A name that would forge a field if it were not kept apart.
    daemon.folder.run(#"cd "$D/test"; echo no > "$(printf 'x\nPRIORITY=0\n\377.jpg')""#)
    _ = try #require(receive(until: "Not segmented: x\\nPRIORITY=0\\n\\xff.jpg: "))
    let failed = try #require(entries.last)
    #expect(failed["DERMSEG_FILE"] == Array("x\nPRIORITY=0\n".utf8) + [0xff] + Array(".jpg".utf8))
    #expect(failed["PRIORITY"] == Array("4".utf8))
    #expect(failed["DERMSEG_REASON"]?.starts(with: Array("not a JPEG or PNG".utf8)) == true)
    try await daemon.stop()
    #expect(daemon.log.isEmpty, "what the journal has is not said twice")
  }

  @Test(.enabled(if: canMakeMountNamespace))
  func withoutAJournalLinesGoToStandardError() async throws {
    try daemon.start(
      ["--log-format", "journal"],
      wrapper: mountNamespace + #" sh -c 'mount -t tmpfs none /run && exec "$@"' - "$@""#)
    try await daemon.waitUntilReady()
    try await daemon.stop()
    #expect(daemon.log.contains(" notice: Ready: "))
  }

  @Test func jsonLinesAreOneObjectEach() async throws {
    try daemon.makePhotograph("p", index: 0)
    try daemon.start(["--log-format", "json"])
    try await daemon.until("ready") { daemon.log.contains("Ready: ") }
    daemon.folder.run(#"cp "$D/p" "$D/test/a.jpg""#)
    try await daemon.until("entry") { daemon.log.contains("Segmented: a.jpg") }
    try await daemon.stop()
    #expect(
      daemon.folder.run(
        #"""
        python3 -c '
        import json,os
        lines=[json.loads(l) for l in open(os.environ["D"]+"/log")]
        done=[l for l in lines if l["message"].startswith("Segmented: a.jpg")]
        assert len(done)==1 and done[0]["width"]=="160" and done[0]["level"]=="notice", done
        '
        """#) == 0)
  }
}
