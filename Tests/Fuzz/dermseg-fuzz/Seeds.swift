import Daemon
import Files
import Images
import NeuralNetworks
import Settings
import SystemPackage
import UNets

extension Target {
  /// Writes the first inputs, from which the fuzzer goes on.
  func writeSeeds(to directory: String) throws {
    let folder = try DirectoryHandle.openOrMake(FilePath(directory).appending(rawValue))
    for (index, bytes) in try seeds().enumerated() {
      guard let name = FileName("seed-\(index)") else { continue }
      try folder.publish(bytes, as: name)
    }
  }

  private func seeds() throws -> [[UInt8]] {
    switch self {
    case .decoder: try images()
    case .model: try models()
    case .events: [events(count: 1), events(count: 5), []]
    case .configuration: configurations()
    case .records: try records()
    }
  }

  private func images() throws -> [[UInt8]] {
    let pixels = (0..<(24 * 16 * 3)).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 3) }
    var image = Image(width: 24, height: 16, channels: 3, pixels: pixels)
    image.orientation = 6
    let grey = image.converted(toChannels: 1)
    return [
      try JPEGEncoder.encode(image), try JPEGEncoder.encode(image, progressive: true),
      try JPEGEncoder.encode(grey), try PNGEncoder.encode(image), try PNGEncoder.encode(grey),
      try PNGEncoder.encode(grey, text: [PNGText(keyword: "Source-Size", value: "5")]),
    ]
  }

  private func models() throws -> [[UInt8]] {
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 1, depth: 1), inputSize: 8, seed: 1)
    // Without the checksum: what the fuzzer changes has to get further than that.
    return try [model.safetensors(), model.safetensors(halfPrecision: true)].map { bytes in
      var file = try SafeTensorsFile(parsing: bytes)
      file.metadata["checksum"] = nil
      return file.serialized()
    }
  }

  /// Events as inotify(7) writes them: watch, mask, cookie, length, name.
  private func events(count: Int) -> [UInt8] {
    (0..<count).flatMap { index -> [UInt8] in
      [1, 0, 0, 0, 0x88, 0, 0, UInt8(index % 2 * 0x40), 0, 0, 0, 0, 16, 0, 0, 0]
        + Array("photograph.jpg\0\0".utf8)
    }
  }

  private func configurations() -> [[UInt8]] {
    let all = SettingKey.all.map { "\($0.name): \($0.defaultText)\n" }.joined()
    return [
      Array(all.utf8), Array("settle: 1s\nthreads: 2\n".utf8),
      Array("# comment\n---\n\"model\": 'x'\n".utf8),
    ]
  }

  private func records() throws -> [[UInt8]] {
    guard let name = FileName("a b.jpg") else { return [] }
    let time = FileTime(seconds: 1, nanoseconds: 2)
    let record = MaskRecord(
      sourceName: name, sourceSHA256: sha256Hex([1]), sourceSizeBytes: 9, sourceModified: time,
      modelID: "m", modelSHA256: sha256Hex([2]), settings: .standard)
    let note = FailedNote(
      sourceName: name, sourceSizeBytes: 9, sourceModified: time, modelSHA256: "m")
    let mask = Image(width: 8, height: 8, channels: 1, filledWith: 255)
    return [
      try PNGEncoder.encode(mask, text: record.texts), Array(note.text(reason: "because").utf8),
      Array(
        "file \(sha256Hex([1])) 9 1.000000002 644 a%20b.jpg\nfolder - 0 0.000000000 755 c\n".utf8),
    ]
  }
}
