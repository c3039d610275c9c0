import ArgumentParser
import Daemon
import Files
import Images
import Masks
import ModelStore
import Reports
import Segmentation
import SettingOptions
import SystemPackage

/// `dermseg segment`
struct SegmentCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "segment", abstract: "Writes the mask of each photograph.",
    discussion: """
      The mask of NAME.jpg is NAME_segmentation.png: 8-bit grey, 0 and 255 only, of the photograph's stored \
      width and height. A photograph that fails is named and the others are done all the same.

      A mask that is there already, whole, of the same bytes and by the same model is kept; with --force it \
      is made anew. One of an older photograph or of another model is replaced. What dermseg did not write \
      is never replaced: the mask then gets the name NAME.jpg_segmentation.png.

      EXAMPLES
        dermseg segment IMG_0042.jpg
        dermseg segment --output masks photographs/*.jpg
        dermseg segment --overlays --reports --table --scale 50px/mm --output masks photographs/*.jpg
        dermseg segment --model unet-3f8a --force --output masks photographs/*.jpg

      EXIT CODES
        0 all done, 1 some photograph failed, 2 bad arguments, 73 the folder cannot be made, 78 bad \
      configuration or no model.
      """)

  @Option(
    help: "A model of the store, or a model file. Default: the current one, or the built-in one.",
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Option(
    help: ArgumentHelp("The folder to write to; made if it is missing.", valueName: "dir"),
    completion: .directory)
  var output = "."

  @Option(help: "Threads to compute on. Default: every processor the process may use.")
  var threads: Int?

  @Flag(help: "Make each mask anew, also where a valid one is there.")
  var force = false

  @OptionGroup(title: "Masks") var masks: MaskOptions
  @OptionGroup(title: "Beside each mask") var companions: CompanionFlags
  @OptionGroup var quiet: QuietOption

  @Argument(
    help: ArgumentHelp("Photographs, JPEG or PNG.", valueName: "image"), completion: .file())
  var images: [String]

  func validate() throws {
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not in 1...1024.")
    }
  }

  func run() async throws {
    let settings = try await masks.settings()
    let loaded = try await loadModel(model)
    let segmenter = try makeSegmenter(loaded, threads: threads)
    // Not the model itself, whose weights the segmenter has copied.
    let model = UsedModel(
      id: loaded.id, sha256: loaded.sha256, threshold: Double(loaded.model.threshold))
    let folder: DirectoryHandle
    do {
      folder = try DirectoryHandle.openOrMake(FilePath(output))
    } catch {
      throw CommandFailure(message: "Not segmented: \(error)", exitCode: .cannotCreate)
    }
    let table = ResultsTable(in: folder, permissions: 0o644)
    var taken: Set<FileName> = []
    var failures = 0
    let bar = quiet.bar
    defer { bar.clear() }
    for (index, image) in images.enumerated() {
      bar.show("Segmenting", done: index, of: images.count)
      do {
        quiet.say(
          try segment(
            FilePath(image), with: segmenter, settings, model: model, to: folder, table,
            taken: &taken))
      } catch {
        failures += 1
        Console.error("Not segmented: \(image): \(reason(error))")
      }
    }
    if failures > 0 { throw ExitCode(1) }
  }

  private func segment(
    _ path: FilePath, with segmenter: Segmenter, _ settings: MaskSettings, model: UsedModel,
    to folder: DirectoryHandle, _ table: ResultsTable, taken: inout Set<FileName>
  ) throws -> String {
    let name = try sourceName(path)
    let (bytes, identity) = try readRegularFile(
      at: path, limitBytes: ImageLimits.standard.fileBytes)
    let sha256 = sha256Hex(bytes)
    let place = try ResultsFolder(reading: folder)
      .place(ofMaskFor: SourcePath(name)) { taken.contains($0) }
    guard let place else {
      throw CommandFailure(
        message: "every name for its mask in \(output) is taken, by other photographs of this name "
          + "or by files that dermseg did not write. Write to another --output.",
        exitCode: .cannotCreate)
    }
    let mask = MaskName.candidate(Int(place.index), for: name)
    taken.insert(mask)
    let line = "\(path): \(folder.path.appending(mask)): "
    if !force, let record = place.record, record.sourceSHA256 == sha256,
      record.modelSHA256 == model.sha256, record.settings == settings,
      try isComplete(mask, in: folder)
    {
      return line + "kept, it is of this photograph and model" + Self.look(record.pleaseLook)
    }
    let photograph = try ImageDecoder.decode(bytes)
    let result = try segmenter.segment(photograph, settings)
    // The record that the daemon writes, so that it knows the mask as done when it finds it.
    let record = MaskRecord(
      sourceName: name, sourceSHA256: sha256, sourceSizeBytes: identity.sizeBytes,
      sourceModified: identity.modified, modelID: model.id, modelSHA256: model.sha256,
      settings: settings, pleaseLook: result.pleaseLook)
    let png = try PNGEncoder.encode(result.mask, text: record.texts)
    try Companions(
      choice,
      record.subject(
        in: .top, mask: mask,
        threshold: (settings.threshold.map(Double.init) ?? model.threshold).rounded(places: 6),
        millimetersPerPixel: choice.millimetersPerPixel),
      photograph: photograph, mask: result.mask, probabilities: result.probabilities
    ).write(beside: mask, of: folder, table: table, permissions: 0o644)
    try folder.publish(png, as: mask, permissions: 0o644)
    let percent = (result.lesionFraction * 1000).rounded() / 10
    return line + "lesion \(percent) % of the photograph" + Self.look(result.pleaseLook)
  }

  private static func look(_ reasons: [PleaseLook]?) -> String {
    guard let reasons, !reasons.isEmpty else { return "" }
    return "; please look: \(reasons.text)"
  }

  private var choice: CompanionChoice { companions.choice }

  /// Whether all that is wanted lies beside a mask.
  private func isComplete(_ mask: FileName, in folder: DirectoryHandle) throws -> Bool {
    try choice.kinds.allSatisfy { kind in
      guard try folder.status(of: kind.folder)?.kind == .directory else { return false }
      return try folder.openDirectory(kind.folder).status(of: kind.name(beside: mask)) != nil
    }
  }

  /// The name of a photograph without its folder.
  private func sourceName(_ path: FilePath) throws -> FileName {
    guard let name = FileName(lastComponentOf: path) else {
      throw CommandFailure(message: "it is not a file's name.", exitCode: .badArguments)
    }
    return name
  }

  private func reason(_ error: any Error) -> String {
    (error as? FileError)?.reason ?? "\(error)"
  }
}

/// What masks and reports say of the model.
private struct UsedModel {
  var id: String
  var sha256: String
  var threshold: Double
}

extension CommandFailure: CustomStringConvertible {
  var description: String { message }
}
