import Daemon
import Files
import Images
import Logging
import Settings
import Synchronization
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing
import UNets

/// A folder service in this process, with a real but tiny model, in folders of its own.
final class TinyDaemon: Sendable {
  let folder: TemporaryFolder
  let log = LogKeeper()

  init() throws {
    folder = try TemporaryFolder()
    try writeModel(seed: 1)
    folder.run(#"mkdir "$D/test"; : > "$D/empty.yaml""#)
  }

  /// A model file; another seed is another model.
  func modelBytes(seed: UInt64) throws -> [UInt8] {
    let architecture = UNetArchitecture(inputChannels: 1, width: 4, depth: 2)
    return try UNetModel.initialized(
      architecture: architecture, inputSize: 32, normalization: .unit(channels: 1), seed: seed
    ).safetensors()
  }

  /// Puts a model where the service looks for it.
  func writeModel(seed: UInt64) throws {
    try folder.handle.publish(try modelBytes(seed: seed), as: name("tiny.safetensors"))
  }

  /// Drops a photograph into the test folder by rename.
  func drop(_ index: Int, as text: String, width: Int = 48, height: Int = 36) throws {
    let image = DrawnPair(index: index, width: width, height: height).image
    let bytes =
      text.hasSuffix("png") ? try PNGEncoder.encode(image) : try JPEGEncoder.encode(image)
    try drop(bytes, as: text)
  }

  /// Drops bytes into the test folder by rename.
  func drop(_ bytes: [UInt8], as text: String) throws {
    try folder.handle.publish(bytes, as: name("arriving"))
    #expect(rename("arriving", "test/" + text) == 0)
  }

  func rename(_ from: String, _ to: String) -> Int32 {
    folder.run("mv \"$D/\(from)\" \"$D/\(to)\"")
  }

  func settings(_ more: [String: String] = [:]) async throws -> Settings {
    var options = [
      "test-folder": folder.appending("test").string,
      "results-folder": folder.appending("Results").string,
      "state-directory": folder.appending("state").string,
      "model": folder.appending("tiny.safetensors").string,
      "threads": "1", "settle": "50ms", "settle-max": "400ms", "rescan-interval": "500ms",
      "poll-interval": "200ms",
      // Where a test is not about what lies beside the masks, there is nothing.
      "overlays": "false", "reports": "false", "results-table": "false",
    ]
    options.merge(more) { $1 }
    return try await Settings.load(
      configFile: folder.appending("empty.yaml"), options: options, environment: [:])
  }

  /// Runs the service while `body` works with it; it is stopped afterwards, and must stop.
  func run(_ more: [String: String] = [:], _ body: () async throws -> Void) async throws {
    let service = try FolderService(settings: try await settings(more), logger: log.logger)
    let running = Task { await service.run() }
    do {
      try await body()
    } catch {
      service.stop()
      await running.value
      throw error
    }
    service.stop()
    await running.value
  }

  /// Waits until something holds; fails the test after 30 s.
  func until(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation, _ holds: () throws -> Bool
  ) async throws {
    // Looks, not seconds: on a machine that is busy with something else seconds pass in which nothing is
    // looked at.
    let looks = 1500
    for _ in 0..<looks {
      if try holds() { return }
      try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record(
      "not in \(looks) looks: \(what). Log:\n\(log.messages.joined(separator: "\n"))",
      sourceLocation: sourceLocation)
    throw CancellationError()
  }

  func exists(_ path: String) -> Bool { folder.run("test -e \"$D/\(path)\"") == 0 }

  /// What is in the Results folder, without `failed` and what is still being written.
  func masks() throws -> [String] { try published(in: "Results").filter { $0 != "failed" } }

  /// The names of the notes about what failed.
  func notes() throws -> [String] {
    exists("Results/failed") ? try published(in: "Results/failed") : []
  }

  private func published(in path: String) throws -> [String] {
    try DirectoryHandle(opening: folder.appending(path)).names()
      .filter { !PartFile.isOne($0) }.map(\.description).sorted()
  }

  func readMask(_ text: String) throws -> (image: Image, record: MaskRecord, inode: UInt64) {
    let file = try DirectoryHandle(opening: folder.appending("Results"))
      .readRegularFile(name(text), limitBytes: 1 << 20)
    let record = try #require(MaskRecord(PNGText.read(from: file.bytes)))
    return (try ImageDecoder.decode(file.bytes), record, file.identity.inode)
  }

  func note(_ text: String) throws -> String {
    let bytes = try readRegularFile(
      at: folder.appending("Results").appending("failed").appending(text), limitBytes: 1 << 16
    ).bytes
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Keeps what was logged.
final class LogKeeper: Sendable {
  /// What a handler is given of an entry.
  struct Entry {
    var level: Logger.Level
    var message: String
    var metadata: Logger.Metadata
  }

  private let kept = Mutex<[Entry]>([])

  var entries: [Entry] { kept.withLock { $0 } }
  var messages: [String] { kept.withLock { $0.map(\.message) } }

  func count(_ beginning: String) -> Int { messages.count { $0.hasPrefix(beginning) } }

  /// The fields of the first entry that begins so.
  func fields(_ beginning: String) -> [String: String]? {
    kept.withLock {
      $0.first { $0.message.hasPrefix(beginning) }?.metadata.mapValues(\.description)
    }
  }

  var logger: Logger { Logger(label: "test") { _ in Handler(keeper: self) } }

  private struct Handler: LogHandler {
    let keeper: LogKeeper
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug
    subscript(metadataKey key: String) -> Logger.MetadataValue? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
      let entry = Entry(
        level: event.level, message: event.message.description, metadata: event.metadata ?? [:])
      keeper.kept.withLock { $0.append(entry) }
    }
  }
}
