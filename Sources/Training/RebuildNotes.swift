import Datasets
import Evaluation
import FoundationEssentials
import Images
import Masks
import ModelStore
import Segmentation
import UNets

/// What is kept beside each model that a rebuild made: enough to judge it, and to make it again.
struct RebuildNotes {
  /// What the model was made from and what was decided about it.
  private struct Record: Encodable {
    var settings: [String: String]
    var dataSHA256: String
    var keptEpoch: Int
    var decision: PromotionDecision

    enum CodingKeys: String, CodingKey {
      case settings, decision
      case dataSHA256 = "data_sha256"
      case keptEpoch = "kept_epoch"
    }
  }

  static let recordName = "rebuild.json"

  let options: TrainingOptions
  let data: TrainingData
  let trained: TrainedModel
  let decision: PromotionDecision
  var report: EvaluationReport

  /// All notes. One that cannot be made (a photograph that went away meanwhile) is left out: the model is
  /// worth more than its notes.
  ///
  /// - Parameters:
  ///   - threads: for segmenting the worst photographs again.
  ///   - masks: how their masks are made.
  func notes(threads: Int?, masks: MaskSettings) -> [ModelNote] {
    let record = Record(
      settings: options.described, dataSHA256: data.contentDigest, keptEpoch: trained.keptEpoch,
      decision: decision)
    let files: [(String, [UInt8]?)] = [
      (SplitRecord.fileName, trained.split.json), (Self.recordName, Self.json(record)),
      ("metrics.json", try? report.json()), ("metrics.csv", report.csv()),
    ]
    let curves = (try? TrainingCurves(trained.history).files()) ?? []
    return files.compactMap { name, bytes in bytes.flatMap { ModelNote(name, $0) } }
      + curves.compactMap { ModelNote("curves/\($0.name)", $0.bytes) }
      + worstPhotographs(threads: threads, masks)
  }

  private static func json(_ value: some Encodable) -> [UInt8]? {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(value)).map { Array($0) + [0x0A] }
  }

  /// How many held-out photographs are kept as pictures.
  static let worstCount = 5

  /// The held-out photographs with the lowest Jaccard index, worst first, with both outlines.
  private func worstPhotographs(threads: Int?, _ masks: MaskSettings) -> [ModelNote] {
    guard let segmenter = try? Segmenter(model: trained.model, threadCount: threads) else {
      return []
    }
    let pairs = Dictionary(
      data.validation.pairs.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    let worst = report.images.sorted { $0.model.jaccard < $1.model.jaccard }
      .prefix(Self.worstCount)
    var notes: [ModelNote] = []
    for (index, image) in worst.enumerated() {
      guard let pair = pairs[image.name], let (photograph, truth) = try? FullSizePair.read(pair),
        let mask = try? segmenter.segment(photograph, masks).mask
      else { continue }
      let picture = OutlinePicture.drawn(
        photograph, truth: truth, mask: mask,
        caption: "\(image.name)  Jaccard \(decimal(image.model.jaccard, places: 3))")
      let name = "worst/\(index + 1)_\(Self.fileName(image.name)).png"
      if let bytes = try? PNGEncoder.encode(picture), let note = ModelNote(name, bytes) {
        notes.append(note)
      }
    }
    return notes
  }

  /// A photograph's name without what does not suit a file's.
  private static func fileName(_ name: String) -> String {
    String(
      name.unicodeScalars.prefix(100).map {
        $0.isASCII && $0.value > 0x20 && $0 != "/" ? Character($0) : "-"
      })
  }
}

extension TrainingOptions {
  /// The values by name, for people and programs that want to make the same model again.
  var described: [String: String] {
    [
      "preset": preset, "width": "\(width)", "depth": "\(depth)",
      "upsampling": upsampling.rawValue, "batch_norm": "\(hasBatchNorm)",
      "dice_weight": "\(diceWeight)", "size": "\(inputSize)", "channels": "\(channels)",
      "epochs": "\(epochs)", "batch_size": "\(batchSize)", "least_steps": "\(leastSteps)",
      "schedule": "\(schedule)",
      "augmentation": augmentation.map { "\($0)" } ?? "none",
      "pixel_scaling": pixelScaling.rawValue, "averaging": "\(averagingDecay ?? 0)",
      "patience": "\(patience ?? 0)", "keeps_best_epoch": "\(keepsBestEpoch)",
      "split_ratio": "\(splitRatio)", "seed": "\(seed)",
    ]
  }
}
