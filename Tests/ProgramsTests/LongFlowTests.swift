import Files
import Glibc
import Images
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// Very many photographs, with overlays, reports and table.
@Suite(.serialized, .enabled(if: isLongTest, "part of make test-long")) struct LongFlowTests {
  @Test("W1: a hundred thousand files at once, while the daemon cannot look")
  func burst() async throws {
    let number = numberFromEnvironment("DERMSEG_TEST_BURST", otherwise: 100_000)
    let run = try FaultRun(photographs: 0, companions: true)
    let daemon = run.daemon
    try run.start(nil, ["--rescan-interval", "60s"])
    try await daemon.until("ready") { daemon.log.contains("Ready: ") }
    let before = daemon.memory("VmRSS:")
    daemon.send(SIGSTOP)
    let png = try PNGEncoder.encode(Image(width: 8, height: 8, channels: 1, filledWith: 99))
    for index in 0..<number {
      let path = daemon.folder.appending("test/f\(index).png")
      let file = try FileDescriptor.open(
        path, .writeOnly, options: [.create, .exclusiveCreate], permissions: .ownerReadWrite)
      try file.closeAfter { _ = try file.writeAll(png) }
    }
    daemon.send(SIGCONT)
    try await daemon.until(
      "all \(number)", seconds: 60 + number / 20, every: .milliseconds(2000)
    ) { try daemon.masks().count == number }
    let growth = daemon.memory("VmHWM:") - before
    print("W1: \(number) files, memory grew by \(growth) kB")
    #expect(growth < 64 << 10, "\(growth) kB")
    let lost = daemon.log.count(of: "The kernel dropped events")
    #expect(number <= 16_384 || lost == 1, "\(lost) entries about lost events")
    #expect(daemon.log.count(of: "\"message\":\"Segmented: ") == number, "each once")
    try await expectIdle(daemon)
    try await run.stopAndCheck("a burst of \(number)")
  }

  /// Five minutes, in which every file is looked at once, take less than 0.2 % of one processor.
  private func expectIdle(_ daemon: DaemonProcess) async throws {
    let seconds = numberFromEnvironment("DERMSEG_TEST_IDLE", otherwise: 300)
    try await Task.sleep(for: .seconds(5))
    let before = daemon.processorTicks
    try await Task.sleep(for: .seconds(seconds))
    let percent = Double(daemon.processorTicks - before) / Double(seconds)
    print("W1: idle: \(percent) % of one processor in \(seconds) s")
    #expect(percent < 0.2, "\(percent) %")
  }

  @Test("C6: nothing grows over ten thousand photographs")
  func nothingGrows() async throws {
    let number = numberFromEnvironment("DERMSEG_TEST_PHOTOGRAPHS", otherwise: 10_000)
    let run = try FaultRun(photographs: 0, companions: true)
    let daemon = run.daemon
    for index in 0..<10 {
      try daemon.makePhotograph("m\(index)", index: index, width: 160, height: 120)
    }
    try run.start()
    try await daemon.until("ready") { daemon.log.contains("Ready: ") }
    var samples: [(descriptors: Int, threads: Int, memory: Int)] = []
    for batch in 0..<(number / 1000) {
      daemon.folder.run(
        "cd \"$D/test\"; for i in $(seq 1000); do cp ../m$((i % 10)) b\(batch).$i.jpg; done")
      try await daemon.until("batch \(batch)", seconds: 300, every: .milliseconds(500)) {
        try daemon.masks().count == (batch + 1) * 1000
      }
      // Nothing in hand any more.
      try await Task.sleep(for: .milliseconds(500))
      daemon.folder.run("ls /proc/\(daemon.pid)/fd | wc -l > \"$D/descriptors\"")
      let text = try readRegularFile(at: daemon.folder.appending("descriptors"), limitBytes: 99)
      let count = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n").first
      samples.append(
        (count.flatMap { Int($0) } ?? 0, daemon.memory("Threads:"), daemon.memory("VmRSS:")))
    }
    print("C6: descriptors, threads, kB after each thousand: \(samples)")
    let first = try #require(samples.first)
    let last = try #require(samples.last)
    #expect(last.descriptors <= first.descriptors + 1)
    #expect(last.threads <= first.threads + 2)
    // At most 1 MB per 1,000 photographs, names included; the first thousand warms everything up.
    let slope = (last.memory - first.memory) / max(1, samples.count - 1)
    #expect(slope < 1024, "\(slope) kB per 1,000")
    try await run.stopAndCheck("\(number) photographs")
  }
}

extension DaemonProcess {
  /// Time that it has had a processor, in hundredths of a second (proc(5)).
  var processorTicks: Int {
    folder.run("cut -d ' ' -f 14,15 /proc/\(pid)/stat > \"$D/ticks\"")
    let bytes = try? readRegularFile(at: folder.appending("ticks"), limitBytes: 1000).bytes
    return String(decoding: bytes ?? [], as: UTF8.self).split { $0.isWhitespace }
      .reduce(0) { $0 + (Int($1) ?? 0) }
  }
}
