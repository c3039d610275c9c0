import ArgumentParser
import Datasets
import Evaluation
import Files
import Images
import Masks
import Segmentation
import SettingOptions
import SystemPackage
import Training

/// `dermseg evaluate`
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Compares a model's masks with those of experts.",
    discussion: """
      Scores are taken at each photograph's own size, and given as the mean over photographs with its 95 % \
      bootstrap interval and pooled over pixels, beside those of a rule that has learnt nothing (Otsu's \
      threshold on the blue channel, the region nearest the centre, holes filled). Where neither mask has a \
      lesion, Jaccard, Dice and the boundary's F-measure are 1 and distances are 0; where only one has, the \
      distances are the photograph's diagonal. Sensitivity is undefined where the truth has no lesion and left \
      out of the mean. A segmentation counts as failed when its Jaccard index is below 0.65; a line says how \
      many of those carry the flag "please look" in reports, and how many of the others.

      The boundary error is the mean distance from the boundary pixels of each mask to the other's boundary, \
      Hausdorff95 the 95th percentile of those distances, and the boundary F-measure the harmonic mean of the \
      shares of both boundaries that lie within 0.75 % of the photograph's diagonal of the other one.

      EXAMPLES
        dermseg evaluate --images training/images --masks training/masks
        dermseg evaluate --model unet-3f8a --images I --masks M --json r.json --csv r.csv
        dermseg evaluate --images I --masks M --contact-sheet sheet.png --sheet-rows 8
        dermseg evaluate --images I --masks M --edges plain --json plain.json
        dermseg evaluate --images I --masks M --edges guided --compare-with plain.json
      """)

  @Option(
    help:
      "A model file, or a model of the store. Default: the current one, or the one in the program.",
    completion: .file(extensions: ["safetensors"]))
  var model: String?

  @Option(help: "Folder of photographs. May be given several times.", completion: .directory)
  var images: [String]

  @Option(help: "Folder of their masks, one for each --images.", completion: .directory)
  var masks: [String]

  @Option(help: "A file with names, one per line: only these are evaluated.", completion: .file())
  var list: String?

  @Option(help: "Take the first pairs by name only.")
  var limit: Int?

  @Option(help: "Threads to compute on. Default: every processor the process may use.")
  var threads: Int?

  @OptionGroup(title: "Masks") var mask: MaskOptions

  @Option(help: "Also write all numbers, per photograph too, to this file.", completion: .file())
  var json: String?

  @Option(help: "Also write one line per photograph to this file.", completion: .file())
  var csv: String?

  @Option(
    help: ArgumentHelp(
      "Also print the differences to an earlier evaluation's --json, paired by photograph.",
      valueName: "json"),
    completion: .file(extensions: ["json"]))
  var compareWith: String?

  @Option(
    help:
      "Also write a PNG with photographs, experts' masks and results side by side, worst first.",
    completion: .file(extensions: ["png"]))
  var contactSheet: String?

  @Option(help: "Photographs on the contact sheet, evenly spread from the worst to the best.")
  var sheetRows = 12

  @Option(help: "Start of the random numbers of the bootstrap.")
  var seed: UInt64 = 1

  @OptionGroup var quiet: QuietOption

  func validate() throws {
    guard !images.isEmpty, images.count == masks.count else {
      throw ValidationError(
        "\(images.count) image folders and \(masks.count) mask folders. "
          + "Give --images and --masks in pairs.")
    }
    if let limit, limit < 1 { throw ValidationError("--limit \(limit): at least 1 is needed.") }
    if let threads, !(1...1024).contains(threads) {
      throw ValidationError("--threads \(threads) is not in 1...1024.")
    }
    if !(1...100).contains(sheetRows) {
      throw ValidationError("--sheet-rows \(sheetRows) is not in 1...100.")
    }
  }

  func run() async throws {
    let settings = try await mask.settings()
    let earlier = try compareWith.map(readReport)
    let model = try await loadModel(model)
    let segmenter = try makeSegmenter(model, threads: threads)
    let listing = try listPairs()
    for pair in listing.skipped { Console.error("Skipped: \(pair)") }
    let (bar, count) = (quiet.bar, listing.pairs.count)
    defer { bar.clear() }
    var evaluator = Evaluator { bar.show("Evaluating", done: $0, of: count) }
    evaluator.bootstrap.seed = seed
    let report = evaluator.report(
      on: listing.pairs, skipped: listing.skipped, modelID: model.id
    ) { image in
      let found = try segmenter.segment(image, settings)
      return EvaluatedMask(found.mask, pleaseLook: found.pleaseLook)
    }
    guard let report else {
      throw CommandFailure(
        message: "Not evaluated: \(images.joined(separator: ", ")): no usable pair of image and "
          + "mask. Put X.jpg into the image folder and X_segmentation.png into the mask folder.",
        exitCode: .unavailable)
    }
    for line in report.skipped.dropFirst(listing.skipped.count) {
      Console.error("Skipped: \(line)")
    }
    for line in report.table { Console.print(line) }
    if let earlier { try compare(report, with: earlier) }
    if let json { try write(try report.json(), to: json) }
    if let csv { try write(report.csv(), to: csv) }
    if let contactSheet {
      let sheet = try sheet(of: report, listing.pairs, segmenter, settings)
      try write(try PNGEncoder.encode(sheet), to: contactSheet)
    }
  }

  private func listPairs() throws -> PairListing {
    do {
      var listing = try PairListing(
        folders: zip(images, masks).map { (images: FilePath($0), masks: FilePath($1)) })
      if let list {
        let names = try readNameList(at: FilePath(list))
        listing.pairs = listing.pairs.filter { names.contains($0.name) }
      }
      if let limit { listing.pairs = Array(listing.pairs.prefix(limit)) }
      return listing
    } catch {
      throw CommandFailure(message: "Not evaluated: \(error)", exitCode: .unavailable)
    }
  }

  private func readReport(_ path: String) throws -> EvaluationReport {
    do {
      return try EvaluationReport(
        json: try readRegularFile(at: FilePath(path), limitBytes: 256 << 20).bytes)
    } catch let error as FileError {
      throw CommandFailure(message: "Not begun: \(error)", exitCode: .unavailable)
    } catch {
      throw CommandFailure(
        message: "Not begun: \(path): it is not what --json writes. Evaluate again with --json.",
        exitCode: .unavailable)
    }
  }

  private func compare(_ report: EvaluationReport, with earlier: EvaluationReport) throws {
    var bootstrap = Bootstrap()
    bootstrap.seed = seed
    guard let comparison = PairedComparison(of: report, with: earlier, bootstrap) else {
      throw CommandFailure(
        message: "Not compared: \(compareWith ?? ""): no photograph has the name of one evaluated "
          + "here. Evaluate the same photographs.", exitCode: .unavailable)
    }
    for line in comparison.table { Console.print(line) }
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    do {
      try publishFile(bytes, at: FilePath(path))
    } catch {
      throw CommandFailure(message: "Not written: \(error)", exitCode: .cannotCreate)
    }
  }

  /// Segments the chosen photographs again: keeping the masks of all would take their memory.
  private func sheet(
    of report: EvaluationReport, _ pairs: [TrainingPair], _ segmenter: Segmenter,
    _ settings: MaskSettings
  ) throws -> Image {
    let byName = Dictionary(pairs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var sheet = ContactSheet(title: "\(report.modelID), \(report.imageCount) photographs")
    let chosen = ContactSheet.chosen(report.images, count: sheetRows)
    for (index, image) in chosen.enumerated() {
      quiet.bar.show("Drawing the contact sheet", done: index, of: chosen.count)
      guard let pair = byName[image.name] else { continue }
      let (photograph, truth) = try FullSizePair.read(pair)
      sheet.add(
        image: photograph, truth: truth, mask: try segmenter.segment(photograph, settings).mask,
        caption: "\(image.name)  Jaccard \(decimal(image.model.jaccard, places: 3))  Dice "
          + "\(decimal(image.model.dice, places: 3))  Hausdorff95 "
          + "\(decimal(image.model.hausdorff95 ?? 0, places: 1)) px")
    }
    return sheet.drawn()
  }
}
