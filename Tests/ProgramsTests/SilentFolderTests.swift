import Glibc
import SystemPackage
import TemporaryFolders
import Testing

/// Folders of which the kernel tells nothing: a real FUSE file system, and real limits of inotify.
@Suite(.serialized, .timeLimit(.minutes(3))) struct SilentFolderTests {
  let daemon: DaemonProcess

  init() throws { daemon = try DaemonProcess() }

  private static let server = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .appending("System").appending("silent-folder.py")

  /// Serves `$D/backing` as `$D/test`.
  private func serve() -> Bool {
    daemon.folder.run(
      #"""
      mkdir -p "$D/backing"; python3 '\#(Self.server)' "$D/backing" "$D/test" 2> "$D/server.log" &
      echo $! > "$D/server"; for i in $(seq 100); do
      grep -q " $D/test fuse " /proc/mounts && exit 0; sleep 0.05; done; cat "$D/server.log"; exit 1
      """#) == 0
  }

  private func unmount() { daemon.folder.run(#"umount -l "$D/test" 2> /dev/null"#) }

  @Test(.enabled(if: canServeFUSE, "needs root, /dev/fuse and python3"))
  func aFUSEFolderIsLookedAtRegularly() async throws {
    for index in 0..<3 { try daemon.makePhotograph("p\(index)", index: index) }
    #expect(serve())
    defer { unmount() }
    // The rescan is far away: it is polling that finds the next one.
    let more = ["--rescan-interval", "1h", "--poll-interval", "300ms"]
    try daemon.start(more)
    try await daemon.waitUntilReady()
    #expect(daemon.log.contains("Ready: Looking regularly (polling)."))
    #expect(daemon.log.count(of: "looked at every 0.30 s: it is on a network or user") == 1)
    #expect(daemon.log.contains("(FUSE)"))
    daemon.folder.run(#"cp "$D/p0" "$D/backing/first.jpg""#)
    try await daemon.until("first") { daemon.exists("Results/first_segmentation.png") }
    // Replaced, removed and brought back behind the kernel's back.
    daemon.folder.run(#"cp "$D/p1" "$D/backing/.new"; mv "$D/backing/.new" "$D/backing/first.jpg""#)
    try await daemon.until("replaced") { daemon.log.count(of: "Segmented: first.jpg") == 2 }
    #expect(try daemon.isRight("first_segmentation.png", of: "first.jpg"))
    // The server dies: every call fails with ENOTCONN.
    daemon.folder.run(#"kill -9 $(cat "$D/server")"#)
    try await daemon.until("gone") { daemon.log.contains("The test folder is gone: ") }
    #expect(daemon.exists("Results/first_segmentation.png"))
    unmount()
    #expect(serve())
    daemon.folder.run(#"cp "$D/p2" "$D/backing/second.jpg""#)
    try await daemon.until("back") { daemon.exists("Results/second_segmentation.png") }
    #expect(daemon.log.contains("The test folder is back"))
    try await daemon.stop()
  }

  @Test(
    .enabled(if: canMakeUserNamespace, "needs user namespaces"),
    arguments: [
      ("max_inotify_instances", "sysctl fs.inotify.max_user_instances="),
      ("max_inotify_watches", "sysctl fs.inotify.max_user_watches="),
    ])
  func usedUpLimitsOfInotifyAreToldWithTheirRemedy(_ limit: String, _ words: String) async throws {
    try daemon.makePhotograph("p", index: 1)
    try daemon.start(
      ["--rescan-interval", "1h", "--poll-interval", "300ms"],
      wrapper: #"exec unshare -Ur sh -c 'echo 0 > /proc/sys/user/\#(limit); exec "$@"' - "$@""#)
    try await daemon.waitUntilReady()
    let beginning = "The test folder is looked at every "
    #expect(daemon.log.count(of: beginning) == 1, "\(daemon.log)")
    #expect(daemon.log.contains(words))
    daemon.folder.run(#"cp "$D/p" "$D/test/a.jpg""#)
    try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
    #expect(daemon.log.count(of: beginning) == 1, "said once")
    try await daemon.stop()
  }
}

private let canServeFUSE =
  runs("test -w /dev/fuse && python3 -c 'import ctypes'") && getuid() == 0 && canMakeMountNamespace

private let canMakeUserNamespace =
  runs("unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_inotify_watches'")

private func runs(_ command: String) -> Bool { unsafe system("(\(command)) 2> /dev/null") == 0 }
