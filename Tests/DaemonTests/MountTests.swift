import Daemon
import Files
import Glibc
import TemporaryFolders
import Testing

/// Real mounts over, below and away from the folders. The rescan is an hour away: what is noticed here
/// is noticed by what the kernel tells.
@Suite(
  .serialized, .timeLimit(.minutes(5)), .enabled(if: canMount, "mounting needs root"))
final class MountTests {
  let daemon: TinyDaemon
  private let rare = ["rescan-interval": "1h", "poll-interval": "1h"]

  init() throws { daemon = try TinyDaemon() }

  deinit {
    daemon.folder.run(
      #"for m in $(awk -v d="$D/" 'index($5, d) == 1 {print $5}' /proc/self/mountinfo | tac); do umount -l "$m"; done"#
    )
  }

  private func expectMask(of text: String) async throws {
    try await daemon.until(text) { daemon.exists("Results/\(text)_segmentation.png") }
  }

  /// When its work is done, the daemon holds nothing that keeps the folder busy.
  private func unmount() async throws {
    try await daemon.until("unmounted") {
      daemon.folder.run(#"umount "$D/test" 2> /dev/null"#) == 0
    }
  }

  @Test func aMountOverTheFolderIsFollowedAndItsEndTold() async throws {
    try await daemon.run(rare) {
      try daemon.drop(1, as: "before.png")
      try await expectMask(of: "before")
      #expect(daemon.folder.run(#"mount -t tmpfs none "$D/test""#) == 0)
      try await daemon.until("told") {
        daemon.log.count("The test folder was replaced by another one") == 1
      }
      try daemon.drop(2, as: "mounted.png")
      try await expectMask(of: "mounted")
      try await unmount()
      try await daemon.until("told") {
        daemon.log.count("The test folder is gone: what was mounted there is not any more") == 1
      }
      #expect(daemon.exists("Results/mounted_segmentation.png"), "nothing is deleted")
      try daemon.drop(3, as: "beneath.png")
      try await expectMask(of: "beneath")
      #expect(daemon.folder.run(#"mount -t tmpfs none "$D/test""#) == 0)
      try await daemon.until("back") {
        daemon.log.count("The test folder is back") == 1
      }
      try daemon.drop(4, as: "again.png")
      try await expectMask(of: "again")
      daemon.folder.run(#"umount "$D/test""#)
    }
  }

  @Test func aBindMountOverTheFolderIsFollowed() async throws {
    daemon.folder.run(#"mkdir "$D/other""#)
    try await daemon.run(rare) {
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
      #expect(daemon.folder.run(#"mount --bind "$D/other" "$D/test""#) == 0)
      try daemon.drop(2, as: "bound.png")
      try await expectMask(of: "bound")
      try await unmount()
      try daemon.drop(3, as: "beneath.png")
      try await expectMask(of: "beneath")
    }
  }

  @Test func aLoopDeviceIsFollowedToo() async throws {
    let made = daemon.folder.run(
      #"""
      cd "$D"; truncate -s 8M disk; mkfs.ext4 -q disk 2> /dev/null && mount -o loop disk test \
      2> /dev/null
      """#)
    guard made == 0 else { return }
    try await daemon.run(rare) {
      try daemon.drop(1, as: "a.png")
      try await expectMask(of: "a")
      try await unmount()
      try await daemon.until("told") {
        daemon.log.count("The test folder is gone: what was mounted there is not any more") == 1
      }
    }
  }

  @Test func resultsMountedBelowTheTestFolderAreRefused() async throws {
    daemon.folder.run(#"mkdir -p "$D/test/sub" "$D/Results/deep""#)
    for source in ["Results", "Results/deep"] {
      #expect(daemon.folder.run("mount --bind \"$D/\(source)\" \"$D/test/sub\"") == 0)
      let settings = try await daemon.settings(["recursive": "true"])
      #expect(throws: DaemonError.self) {
        try FolderService(settings: settings, logger: daemon.log.logger)
      }
      // Not looked into, it does no harm.
      _ = try FolderService(
        settings: try await daemon.settings(), logger: daemon.log.logger)
      daemon.folder.run(#"umount "$D/test/sub""#)
    }
  }

  @Test func resultsMountedThereLaterAreLeftOut() async throws {
    daemon.folder.run(#"mkdir -p "$D/test/sub" "$D/test/part" "$D/test/loop" "$D/Results/p""#)
    try await daemon.run(["recursive": "true", "rescan-interval": "200ms"]) {
      try daemon.drop(1, as: "a.png")
      try await expectMask(of: "a")
      #expect(daemon.folder.run(#"mount --bind "$D/Results" "$D/test/sub""#) == 0)
      #expect(daemon.folder.run(#"mount --bind "$D/Results/p" "$D/test/part""#) == 0)
      #expect(daemon.folder.run(#"mount --rbind "$D/test" "$D/test/loop""#) == 0)
      try await daemon.until("told of all") {
        daemon.log.count("Left out for now: folder sub: it is the Results folder") == 1
          && daemon.log.count("Left out for now: folder part: it is the Results folder") == 1
          && daemon.log.count("Left out for now: folder loop: it is a folder that it is in") == 1
      }
      try daemon.drop(2, as: "b.png")
      try await expectMask(of: "b")
      daemon.folder.run(#"umount -l "$D/test/loop"; umount -l "$D/test/sub" "$D/test/part""#)
    }
    daemon.folder.run(#"rmdir "$D/Results/p""#)
    #expect(try daemon.masks() == ["a_segmentation.png", "b_segmentation.png"])
  }
}

/// Whether this process may mount something.
let canMount: Bool = {
  guard getuid() == 0, let folder = try? TemporaryFolder() else { return false }
  return folder.run(
    #"mkdir "$D/m" && mount -t tmpfs none "$D/m" 2> /dev/null && umount "$D/m""#) == 0
}()
