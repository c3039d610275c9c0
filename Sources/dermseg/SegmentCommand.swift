import ArgumentParser
import Daemon
import Files
import Images
import ModelStore
import Segmentation
import SystemPackage

/// `dermseg segment`
struct SegmentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment", abstract: "Writes the mask of each photograph.",
    discussion: """
      The mask of NAME.jpg is NAME_segmentation.png: 8-bit grey, 0 and 255 only, of the photograph's stored \
      width and height. A photograph that fails is named and the others are done all the same; the exit code \
      is then 1.
      """)

  @Option(help: "The model file. Default: the store's current one, or the one in the program.")
  var model: String?

  @Option(help: "The folder to write to; made if it is missing.")
  var output = "."

  @Option(help: "Threads to compute on. Default: every processor the process may use.")
  var threads: Int?

  @Argument(help: ArgumentHelp("Photographs, JPEG or PNG.", valueName: "image"))
  var images: [String]

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not in 1...1024.")
    }
  }

  func run() async throws {
    let loaded = try await loadModel(model)
    let segmenter = try makeSegmenter(loaded, threads: threads)
    // Not the model itself, whose weights the segmenter has copied.
    let model = (id: loaded.id, sha256: loaded.sha256)
    let folder: DirectoryHandle
    do {
      folder = try DirectoryHandle.openOrMake(FilePath(output))
    } catch {
      throw CommandFailure(message: "Not segmented: \(error)", exitCode: .cannotCreate)
    }
    var names = MaskNames()
    var failures = 0
    for image in images {
      do {
        let name = try names.name(for: FilePath(image))
        let text = try segment(FilePath(image), with: segmenter, model: model, to: folder, as: name)
        Console.print(text)
      } catch {
        failures += 1
        Console.error("Not segmented: \(image): \(reason(error))")
      }
    }
    if failures > 0 { throw ExitCode(1) }
  }

  private func segment(
    _ path: FilePath, with segmenter: Segmenter, model: (id: String, sha256: String),
    to folder: DirectoryHandle,
    as name: FileName
  ) throws -> String {
    let (bytes, identity) = try readRegularFile(
      at: path, limitBytes: ImageLimits.standard.fileBytes)
    let result = try segmenter.segment(try ImageDecoder.decode(bytes))
    // The record that the daemon writes, so that it knows the mask as done when it finds it.
    let record = MaskRecord(
      sourceName: try sourceName(path), sourceSHA256: sha256Hex(bytes),
      sourceSizeBytes: identity.sizeBytes, sourceModified: identity.modified, modelID: model.id,
      modelSHA256: model.sha256)
    let png = try PNGEncoder.encode(result.mask, text: record.texts)
    try folder.publish(png, as: name, permissions: 0o644)
    let percent = (result.lesionFraction * 1000).rounded() / 10
    return "\(path): \(folder.path.appending(name)): lesion \(percent) % of the photograph"
  }

  private func reason(_ error: any Error) -> String {
    (error as? FileError)?.reason ?? "\(error)"
  }
}

/// The name of a photograph without its folder.
private func sourceName(_ path: FilePath) throws -> FileName {
  guard let name = FileName(lastComponentOf: path) else {
    throw CommandFailure(message: "it is not a file's name.", exitCode: .badArguments)
  }
  return name
}

/// The masks' names, so that two photographs never share one.
private struct MaskNames {
  private var taken: Set<FileName> = []

  /// The first of the photograph's names that no photograph before it has.
  mutating func name(for image: FilePath) throws -> FileName {
    for name in MaskName.candidates(for: try sourceName(image))
    where taken.insert(name).inserted {
      return name
    }
    throw CommandFailure(
      message: "photographs of this name were given before. Write to another --output.",
      exitCode: .badArguments)
  }
}

extension CommandFailure: CustomStringConvertible {
  var description: String { message }
}
