import Datasets
import FoundationEssentials

/// Which photographs a model learnt from and which were held out: kept beside the model as `split.json`.
public struct SplitRecord: Sendable, Equatable, Codable {
  /// The name of the file beside a model.
  public static let fileName = "split.json"

  /// What the split was drawn with.
  public var seed: UInt64
  /// Photographs to learn from for each one held out.
  public var ratio: Int
  /// SHA-256 over the names and contents of both parts.
  public var dataSHA256: String
  /// Names of the photographs it learnt from.
  public var training: [String]
  /// Names of the photographs that were held out.
  public var validation: [String]

  /// Puts a record together.
  public init(
    seed: UInt64, ratio: Int, dataSHA256: String, training: [String], validation: [String]
  ) {
    self.seed = seed
    self.ratio = ratio
    self.dataSHA256 = dataSHA256
    self.training = training
    self.validation = validation
  }

  /// The file's bytes: JSON with sorted keys, one name per line.
  public var json: [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Strings and numbers: nothing that JSON lacks.
    let data = (try? encoder.encode(self)) ?? Data()
    return Array(data) + [0x0A]
  }

  /// Reads what ``json`` made; nil for anything else.
  public init?(json: [UInt8]) {
    guard let record = try? JSONDecoder().decode(SplitRecord.self, from: Data(json)) else {
      return nil
    }
    self = record
  }
}

extension TrainingData {
  /// The split as it is kept beside the model.
  public func split(_ options: TrainingOptions) -> SplitRecord {
    SplitRecord(
      seed: options.seed, ratio: options.splitRatio, dataSHA256: contentDigest,
      training: training.pairs.map(\.name).sorted(),
      validation: validation.pairs.map(\.name).sorted())
  }
}
