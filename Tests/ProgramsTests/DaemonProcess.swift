import Files
import Glibc
import Images
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing
import UNets

/// The real `dermsegd` in a process of its own, with a real but tiny model, in folders of its own.
final class DaemonProcess {
  let folder: TemporaryFolder
  private(set) var pid: pid_t = 0
  /// Whether overlays, reports and table are written; each takes a dozen calls for every photograph.
  var hasCompanions = false

  private static let withoutCompanions = [
    "--overlays", "false", "--reports", "false", "--results-table", "false",
  ]

  /// The folder that holds the built programs, and this test program.
  static var programs: FilePath {
    get throws {
      var buffer = [CChar](repeating: 0, count: 4096)
      let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count - 1)
      let bytes = buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
      return FilePath(String(decoding: bytes, as: UTF8.self)).removingLastComponent()
    }
  }

  init(width: Int = 4, inputSize: Int = 64) throws {
    folder = try TemporaryFolder()
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: width, depth: 2),
      inputSize: inputSize, normalization: .unit(channels: 1), seed: 1)
    try folder.handle.publish(model.safetensors(), as: name("tiny.safetensors"))
    folder.run(#"mkdir "$D/test"; : > "$D/empty.yaml""#)
  }

  /// Another daemon for the folders of the first.
  init(sharing other: DaemonProcess) { folder = other.folder }

  deinit {
    guard pid > 0 else { return }
    kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
  }

  /// The options that put everything into the test's folder.
  func arguments(_ more: [String] = []) -> [String] {
    [
      "--config", "\(folder.appending("empty.yaml"))", "--test-folder",
      "\(folder.appending("test"))", "--results-folder", "\(folder.appending("Results"))",
      "--state-directory", "\(folder.appending("state"))", "--model",
      "\(folder.appending("tiny.safetensors"))", "--threads", "1", "--settle", "100ms",
      "--settle-max", "1s", "--rescan-interval", "2s",
      // An entry for each mask, however many there are.
      "--log-level", "debug",
    ] + (hasCompanions ? [] : Self.withoutCompanions) + more
  }

  /// Starts it; what it writes goes to `log` in the test's folder.
  ///
  /// - Parameter wrapper: A shell script that ends in starting the program and arguments `"$@"`.
  func start(
    _ more: [String] = [], environment: [String] = [], wrapper: String = #"exec "$@""#
  ) throws {
    let program = try Self.programs.appending("dermsegd").string
    let log = folder.appending("log").string
    let command =
      ["/bin/sh", "-c", #"exec >> "$0" 2>&1; "# + wrapper, log, program] + arguments(more)
    // Without the toolchain's own account of a crash, which takes half a minute.
    let variables =
      environment + [
        "SWIFT_BACKTRACE=enable=no", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "D=\(folder.path)",
        // Of the thread sanitizer: what it reports and is none of ours.
        "TSAN_OPTIONS=" + (unsafe getenv("TSAN_OPTIONS").map { unsafe String(cString: $0) } ?? ""),
      ]
    var spawned: pid_t = 0
    let result = unsafe withCStrings(command) { argv in
      unsafe withCStrings(variables) { envp in
        unsafe posix_spawn(&spawned, "/bin/sh", nil, nil, argv, envp)
      }
    }
    guard result == 0 else { throw Errno(rawValue: result) }
    pid = spawned
  }

  func send(_ signal: Int32) { kill(pid, signal) }

  /// Waits for the end of the process, at most 20 s.
  ///
  /// - Returns: The exit status, or 128 + the signal that ended it.
  func waitForEnd(sourceLocation: SourceLocation = #_sourceLocation) async throws -> Int32 {
    var code: Int32?
    try await until("the end of the process", sourceLocation: sourceLocation) {
      code = codeIfEnded()
      return code != nil
    }
    return code ?? -1
  }

  /// The exit status, or 128 + the signal, if the process has ended.
  func codeIfEnded() -> Int32? {
    var status: Int32 = 0
    guard pid > 0, unsafe waitpid(pid, &status, WNOHANG) == pid else { return nil }
    pid = 0
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }

  /// Kills it without warning.
  func killHard() async throws {
    send(SIGKILL)
    _ = try await waitForEnd()
  }

  /// Asks it to stop and expects it to do so.
  func stop(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    send(SIGTERM)
    let code = try await waitForEnd(sourceLocation: sourceLocation)
    #expect(code == 0, "exit code \(code). Log:\n\(log)", sourceLocation: sourceLocation)
  }

  /// Waits until something holds; fails the test after a time that is far more than enough.
  ///
  /// It counts looks and not the time, so that a machine that was busy with something else is no fault.
  func until(
    _ what: String, seconds: Int = 30, every interval: Duration = .milliseconds(20),
    sourceLocation: SourceLocation = #_sourceLocation, _ holds: () throws -> Bool
  ) async throws {
    for _ in 0...Int(Duration.seconds(seconds) / interval) {
      if try holds() { return }
      try await Task.sleep(for: interval)
    }
    Issue.record(
      "not within \(seconds) s: \(what). Log:\n\(log)", sourceLocation: sourceLocation)
    throw CancellationError()
  }

  /// What it wrote so far, of all starts.
  var log: String {
    let bytes = try? readRegularFile(at: folder.appending("log"), limitBytes: 64 << 20).bytes
    return String(decoding: bytes ?? [], as: UTF8.self)
  }

  func waitUntilReady(sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let before = log.count(of: "Ready: ")
    try await until("Ready", sourceLocation: sourceLocation) { log.count(of: "Ready: ") > before }
  }

  func exists(_ path: String) -> Bool { folder.run("test -e \"$D/\(path)\"") == 0 }

  /// The visible masks.
  func masks() throws -> [String] {
    guard exists("Results") else { return [] }
    return try DirectoryHandle(opening: folder.appending("Results")).names()
      .map(\.description).filter { $0.hasSuffix("_segmentation.png") }.sorted()
  }

  /// Writes a photograph outside the test folder, for the test to bring in in its own way.
  func makePhotograph(_ file: String, index: Int, width: Int = 160, height: Int = 120) throws {
    let image = DrawnPair(index: index, width: width, height: height).image
    try folder.handle.publish(try JPEGEncoder.encode(image), as: name(file))
  }

  /// Whether a mask is a whole PNG file of the given size, 0 and 255 only, whose record names the
  /// bytes that its source has.
  func isRight(
    _ mask: String, of source: String, width: Int = 160, height: Int = 120
  ) throws -> Bool {
    let png = try readRegularFile(
      at: folder.appending("Results").appending(mask), limitBytes: 1 << 24
    ).bytes
    let image = try ImageDecoder.decode(png)
    let bytes = try readRegularFile(
      at: folder.appending("test").appending(source), limitBytes: 1 << 24
    ).bytes
    let named = PNGText.read(from: png).first { $0.keyword == "Source-SHA256" }?.value
    return image.width == width && image.height == height && image.channels == 1
      && image.pixels.allSatisfy { $0 == 0 || $0 == 255 } && named == sha256Hex(bytes)
  }
}

extension String {
  /// How often a text occurs.
  func count(of text: String) -> Int { ranges(of: text).count }
}

/// Calls `body` with strings as a null-terminated array of C strings.
private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
  defer { unsafe pointers.forEach { unsafe free($0) } }
  return unsafe body(pointers)
}
