import Files
import Glibc
import SystemPackage
import TemporaryFolders
import Testing

/// An ext4 file system in a file, mounted by a loop device: it can be shut down under a program as a power
/// cut would, losing what was not yet written.
final class LoopDisk {
  let folder: TemporaryFolder
  let mountPoint: FilePath
  let options: String
  private var cuts = 0
  private var image: String { cuts == 0 ? "disk.ext4" : "disk-\(cuts).ext4" }

  init(in folder: TemporaryFolder, options: String = "data=ordered") throws {
    self.folder = folder
    self.options = options
    mountPoint = folder.appending("disk")
    let made = folder.run(
      #"""
      cd "$D" && truncate -s 8M disk.ext4 && mkfs.ext4 -q -F -m 0 disk.ext4 > mkfs.log 2>&1 && mkdir -p disk
      """#)
    guard made == 0, mount() else { throw Errno.notSupported }
  }

  deinit { unmount() }

  func mount() -> Bool {
    folder.run("mount -o loop,\(options) \"$D/\(image)\" \"$D/disk\" 2> \"$D/mount.log\"") == 0
  }

  /// Tries again for a while: a program that ended just now may still hold it.
  func unmount() {
    folder.run(
      #"for i in $(seq 50); do mountpoint -q "$D/disk" || break; umount "$D/disk" 2> /dev/null || sleep 0.1; done"#
    )
  }

  /// What the machine finds when the power is back.
  ///
  /// A copy of the disk: the mount namespace that another test made meanwhile keeps the file system that was
  /// shut down alive, and mounting the same file again would give that one.
  func mountAgain() -> Bool {
    unmount()
    let old = image
    cuts += 1
    return folder.run(
      "mv \"$D/\(old)\" \"$D/old\" && cp \"$D/old\" \"$D/\(image)\" && rm \"$D/old\"") == 0
      && mount()
  }
}

/// Whether this machine lets us mount an ext4 file system and shut it down.
let canCutPower: Bool = {
  guard getuid() == 0, let folder = try? TemporaryFolder(), (try? LoopDisk(in: folder)) != nil
  else {
    return false
  }
  return true
}()

/// Why the tests of power cuts are left out, where they are.
let needsLoopDisk: Comment = "needs root, mkfs.ext4 and a loop device"

@Suite(.serialized, .timeLimit(.minutes(5)), .enabled(if: canCutPower, needsLoopDisk))
struct PowerCutTests {
  @Test("D1: the power fails at every call of a photograph's path")
  func atEveryCall() async throws {
    try await powerFailsAtEveryCall("data=ordered")
  }

  @Test("D1: the power fails at every call that publishes three masks together")
  func atEveryCallOfSeveral() async throws {
    try await powerFailsAtEveryCall("noauto_da_alloc", photographs: 3)
  }

  @Test("D1 sees what it is for: without fsync, what is called done is lost")
  func withoutSynchronization() async throws {
    // The same with every fsync left out: the cut after the journal's entry must find the mask missing.
    let run = try FaultRun()
    let disk = try LoopDisk(in: run.daemon.folder)
    try run.start(on: disk, FaultPlan(folders: ["disk"], calls: ["fsync"], at: 1, deed: .skip))
    #expect(try await run.waitForEnd(orMasks: 1) == nil)
    run.cutPower(disk)
    try await run.daemon.killHard()
    #expect(disk.mountAgain())
    let said = run.violations(["--under-way"], results: "disk/Results")
    #expect(said.contains("what the journal calls done is not done"), "\(said)")
    run.daemon.folder.run(#"rm -f "$D/log""#)
    try await run.recoverAndCheck(on: disk, "after the loss")
  }
}

/// Cuts the power before each call in turn; what was called done must be there afterwards, and everything
/// visible be whole.
///
/// - Parameters:
///   - photographs: If there are several, only the calls that publish them.
///   - companions: Whether with overlays, reports and table.
func powerFailsAtEveryCall(
  _ options: String, photographs: Int = 1, companions: Bool = false
) async throws {
  let whole = try FaultRun(photographs: photographs, companions: companions)
  let disk = try LoopDisk(in: whole.daemon.folder, options: options)
  try whole.start(on: disk, FaultPlan(folders: ["disk"]))
  #expect(try await whole.waitForEnd(orMasks: photographs) == nil)
  try await whole.daemon.stop()
  let calls = whole.calls
  #expect(calls.count > 40)
  let numbers = photographs == 1 ? Array(1...calls.count) : try publishing(calls)
  try await forEach(numbers, atOnce: 4) { k in
    let context = "the power fails before call \(k), \(calls[k - 1]), \(options)"
    let run = try FaultRun(
      photographs: photographs, companions: companions, survivesPowerCuts: true)
    let disk = try LoopDisk(in: run.daemon.folder, options: options)
    try run.start(
      on: disk, FaultPlan(folders: ["disk"], at: k, deed: .shutDown(disk.mountPoint)))
    if try await run.waitForEnd(orMasks: photographs) == nil {
      run.daemon.send(SIGTERM)
      _ = try await run.daemon.waitForEnd()
    }
    #expect(!run.daemon.log.contains("FS_IOC_SHUTDOWN failed"), "\(context)")
    #expect(disk.mountAgain(), "\(context)")
    #expect(run.violations(["--under-way"], results: "disk/Results") == "", "\(context)")
    try await run.recoverAndCheck(on: disk, photographs: photographs, context)
  }
}

extension FaultRun {
  /// Starts with Results and state on the disk; sources and log are elsewhere and stay.
  func start(on disk: LoopDisk, _ plan: FaultPlan?) throws {
    try start(
      plan,
      [
        "--results-folder", "\(disk.mountPoint.appending("Results"))", "--state-directory",
        "\(disk.mountPoint.appending("state"))",
      ])
  }

  /// Shuts the file system down from outside.
  func cutPower(_ disk: LoopDisk) {
    let descriptor = unsafe disk.mountPoint.withPlatformString {
      unsafe open($0, O_RDONLY | O_CLOEXEC)
    }
    defer { close(descriptor) }
    var flags: UInt32 = 2
    // FS_IOC_SHUTDOWN, FS_SHUTDOWN_FLAGS_NOLOGFLUSH.
    #expect(unsafe ioctl(descriptor, 0x8004_587D, &flags) == 0)
  }

  /// Starts, lets everything be done, stops and checks.
  func recoverAndCheck(
    on disk: LoopDisk, photographs: Int = 1, _ context: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let before = daemon.log.count(of: "Ready: ")
    try start(on: disk, nil)
    try await daemon.until("everything is done: \(context)", sourceLocation: sourceLocation) {
      daemon.log.count(of: "Ready: ") > before
        && (0..<photographs).allSatisfy { daemon.exists("disk/Results/p\($0)_segmentation.png") }
    }
    try await daemon.stop(sourceLocation: sourceLocation)
    let said = violations(["--state-directory", "disk/state"], results: "disk/Results")
    #expect(said == "", "\(context)\n\(daemon.log)", sourceLocation: sourceLocation)
  }
}
