import CFuzzer
import Daemon
import Dispatch
import Files
import FolderWatching
import Glibc
import Images
import NeuralNetworks
import Settings
import SystemPackage
import UNets

/// What is fuzzed.
enum Target: String, CaseIterable {
  /// JPEG and PNG.
  case decoder
  /// Model files.
  case model
  /// The kernel's events.
  case events
  /// Configuration files.
  case configuration
  /// What masks, notes and manifests say.
  case records

  /// What libFuzzer calls with each input.
  var function: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32 {
    switch self {
    case .decoder: { unsafe decode(bytes($0, $1)) }
    case .model: { unsafe readModel(bytes($0, $1)) }
    case .events: { unsafe readEvents(bytes($0, $1)) }
    case .configuration: { unsafe readConfiguration(bytes($0, $1)) }
    case .records: { unsafe readRecords(bytes($0, $1)) }
    }
  }
}

private func bytes(_ start: UnsafePointer<UInt8>?, _ count: Int) -> [UInt8] {
  unsafe Array(UnsafeBufferPointer(start: start, count: count))
}

/// Decodes, and touches every pixel.
private func decode(_ bytes: [UInt8]) -> Int32 {
  do throws(ImageError) {
    let limits = ImageLimits(pixels: 1_000_000, cpuTime: .seconds(5))
    let image = try ImageDecoder.decode(bytes, limits: limits)
    precondition(image.pixels.count == image.width * image.height * image.channels)
    precondition((1...8).contains(image.orientation))
    var sum: UInt64 = 0
    for pixel in image.pixels { sum &+= UInt64(pixel) }
    return sum == .max ? 1 : 0
  } catch {
    precondition(!error.description.isEmpty)
    return 0
  }
}

private func readModel(_ bytes: [UInt8]) -> Int32 {
  if let file = try? SafeTensorsFile(parsing: bytes) {
    // What was read can be written, and read again as the same.
    let again = try? SafeTensorsFile(parsing: file.serialized())
    precondition(again?.tensors.count == file.tensors.count)
  }
  if let model = try? UNetModel(safetensors: bytes) {
    precondition((try? UNetModel(safetensors: model.safetensors()))?.inputSize == model.inputSize)
  }
  return 0
}

private func readEvents(_ bytes: [UInt8]) -> Int32 {
  var count = 0
  WatchEvent.forEach(in: bytes, count: bytes.count) { event in
    precondition((event?.name?.bytes.count ?? 0) <= bytes.count)
    count += 1
  }
  // An event has 16 bytes at least; a malformed rest is one more.
  precondition(count <= bytes.count / 16 + 1)
  return 0
}

/// The file, rewritten for each input: settings are read from files only.
private let configurationFile: (descriptor: Int32, path: FilePath) = {
  let descriptor = cfuzzer_memory_file()
  return (descriptor, FilePath("/proc/self/fd/\(descriptor)"))
}()

private func readConfiguration(_ bytes: [UInt8]) -> Int32 {
  let (descriptor, path) = configurationFile
  guard ftruncate(descriptor, 0) == 0,
    unsafe pwrite(descriptor, bytes, bytes.count, 0) == bytes.count
  else { return 0 }
  let done = DispatchSemaphore(value: 0)
  Task.detached {
    _ = try? await Settings.load(configFile: path, options: [:], environment: [:])
    done.signal()
  }
  done.wait()
  return 0
}

private func readRecords(_ bytes: [UInt8]) -> Int32 {
  if let record = MaskRecord(PNGText.read(from: bytes)) {
    precondition(MaskRecord(record.texts) == record)
  }
  _ = FailedNote(bytes)
  if let manifest = SourceManifest(text: String(decoding: bytes, as: UTF8.self)) {
    precondition(SourceManifest(text: manifest.text) == manifest)
  }
  return 0
}
