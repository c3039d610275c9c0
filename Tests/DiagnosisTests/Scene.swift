import Daemon
import Diagnosis
import Files
import Glibc
import Images
import Masks
import Settings
import SystemPackage
import TemporaryFolders
import UNets

/// Folders as a daemon leaves them, with a tiny model.
final class Scene {
  let folder: TemporaryFolder
  private let model: [UInt8]

  init() throws {
    folder = try TemporaryFolder()
    model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 2, depth: 1), inputSize: 8, seed: 1
    ).safetensors()
    try folder.handle.publish(model, as: name("tiny.safetensors"))
    folder.run(
      #"mkdir "$D/test" "$D/Results" "$D/state"; chmod 2775 "$D/test"; : > "$D/empty.yaml""#)
  }

  var options: [String: String] {
    [
      "test-folder": folder.appending("test").string,
      "results-folder": folder.appending("Results").string,
      "state-directory": folder.appending("state").string,
      "model-store": folder.appending("models").string,
      "model": folder.appending("tiny.safetensors").string,
    ]
  }

  func settings(_ more: [String: String] = [:]) async throws -> Settings {
    try await Settings.load(
      configFile: folder.appending("empty.yaml"), options: options.merging(more) { $1 },
      environment: [:])
  }

  func doctor(
    _ more: [String: String] = [:], environment: [String: String] = [:],
    systemd: Systemd = noSystemd
  ) -> Doctor {
    Doctor(
      configFile: folder.appending("empty.yaml"), options: options.merging(more) { $1 },
      environment: environment, systemd: systemd)
  }

  /// The model's checksum, as masks and notes name it.
  var modelSHA256: String { sha256Hex(model) }

  /// Puts bytes into the test folder; what they are does not matter here.
  func drop(_ path: String, _ text: String = "bytes") throws -> FileIdentity {
    folder.run("mkdir -p \"$(dirname \"$D/test/\(path)\")\"")
    let place = folder.appending("test").appending(path)
    try publishFile(Array(text.utf8), at: place)
    guard let status = try fileStatus(at: place) else { throw Errno.noSuchFileOrDirectory }
    return status.identity
  }

  /// Publishes the mask of a source, of 10 x 10 pixels of which a quarter is lesion.
  func mask(
    _ path: String, of identity: FileIdentity, model: String? = nil,
    settings: MaskSettings? = .standard
  ) throws {
    let (parent, last) = try Self.split(path)
    let record = MaskRecord(
      sourceName: last, sourceSHA256: String(repeating: "0", count: 64),
      sourceSizeBytes: identity.sizeBytes, sourceModified: identity.modified, modelID: "tiny-1",
      modelSHA256: model ?? modelSHA256, settings: settings)
    let pixels = (0..<100).map { $0 < 25 ? UInt8(255) : 0 }
    let png = try PNGEncoder.encode(
      Image(width: 10, height: 10, channels: 1, pixels: pixels), text: record.texts)
    try DirectoryHandle.openOrMake(folder.appending("Results").appending(parent))
      .publish(png, as: MaskName.candidate(0, for: last))
  }

  /// Writes the note about a source.
  func note(_ path: String, of identity: FileIdentity, reason: String) throws {
    let (parent, last) = try Self.split(path)
    let note = FailedNote(
      sourceName: last, sourceSizeBytes: identity.sizeBytes, sourceModified: identity.modified,
      modelSHA256: modelSHA256)
    try DirectoryHandle.openOrMake(
      folder.appending("Results").appending("failed").appending(parent)
    ).publish(Array(note.text(reason: reason).utf8), as: MaskName.note(for: last))
  }

  private static func split(_ path: String) throws -> (parent: String, last: FileName) {
    let parts = path.split(separator: "/")
    guard let last = parts.last.flatMap({ FileName(String($0)) }) else {
      throw Errno.invalidArgument
    }
    return (parts.dropLast().joined(separator: "/"), last)
  }
}

/// A machine without systemd.
let noSystemd = Systemd(isRunning: false) { _ in nil }

/// A machine whose units have these properties.
func systemd(_ units: [String: String]) -> Systemd {
  Systemd(isRunning: true) { command in
    units.first { command.hasSuffix(" " + $0.key) }?.value ?? "LoadState=not-found\n"
  }
}
