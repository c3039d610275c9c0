import ArgumentParser
import Datasets
import Evaluation
import Files
import FoundationEssentials
import SystemPackage
import Training

/// `dermseg evaluate`
struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Compares a model's masks with those of experts.",
    discussion: """
      Scores are taken at each photograph's own size, and given as the mean over photographs and pooled over \
      pixels, beside those of a rule that has learnt nothing (Otsu's threshold on the blue channel, the region \
      nearest the centre, holes filled). Where neither mask has a lesion, Jaccard and Dice are 1; sensitivity \
      is undefined where the truth has none and left out of the mean.
      """)

  @Option(help: "The model file. Default: the store's current one, or the one in the program.")
  var model: String?

  @Option(help: "Folder of photographs. May be given several times.")
  var images: [String]

  @Option(help: "Folder of their masks, one for each --images.")
  var masks: [String]

  @Option(help: "A file with names, one per line: only these are evaluated.")
  var list: String?

  @Option(help: "Take the first pairs by name only.")
  var limit: Int?

  @Option(help: "Threads to compute on. Default: every processor the process may use.")
  var threads: Int?

  @Option(help: "Also write all numbers, per photograph too, to this file.")
  var json: String?

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
  }

  func run() async throws {
    let model = try await loadModel(model)
    let segmenter = try makeSegmenter(model, threads: threads)
    let listing = try listPairs()
    for pair in listing.skipped { Console.error("Skipped: \(pair)") }
    let isTerminal = Console.isTerminal
    let count = listing.pairs.count
    let evaluator = Evaluator { done in
      if isTerminal { Console.write("\r\u{1B}[KEvaluated \(done)/\(count)") }
    }
    let report = evaluator.report(
      on: listing.pairs, skipped: listing.skipped, modelID: model.id
    ) { image in
      try segmenter.segment(image).mask
    }
    if isTerminal { Console.write("\r\u{1B}[K") }
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
    if let json { try write(report, to: FilePath(json)) }
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

  private func write(_ report: EvaluationReport, to path: FilePath) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    do {
      try publishFile(Array(try encoder.encode(report)) + [0x0A], at: path)
    } catch {
      throw CommandFailure(message: "Not written: \(error)", exitCode: .cannotCreate)
    }
  }
}

extension EvaluationReport {
  /// The scores as a table of fixed columns.
  fileprivate var table: [String] {
    func row(_ name: String, _ cells: [String]) -> String {
      let padded = cells.map { String(repeating: " ", count: max(1, 13 - $0.count)) + $0 }
      return name + String(repeating: " ", count: max(1, 24 - name.count)) + padded.joined()
    }
    func cells(_ scores: Scores) -> [String] {
      [
        scores.jaccard, scores.dice, scores.thresholdedJaccard, scores.pixelAccuracy,
        scores.sensitivity, scores.specificity,
      ].map { value in value.map { decimal($0) } ?? "-" }
    }
    return [
      "\(imageCount) photographs, model \(modelID)",
      row("", ["Jaccard", "Dice", "J >= 0.65", "accuracy", "sensitivity", "specificity"]),
      row("model, mean", cells(model.mean)),
      row("model, pooled", cells(model.pooled)),
      row("no-learning rule, mean", cells(noLearningRule.mean)),
      row("no-learning rule, pooled", cells(noLearningRule.pooled)),
    ]
  }
}
