import Files
import Masks
import Reports
import Segmentation

/// A photograph whose turn it is, with what was found out before its first byte is read.
struct Photograph: Sendable {
  var item: WorkList.Item
  /// The folder that it is in, open.
  var folder: DirectoryHandle
  /// The name that its mask will have.
  var mask: FileName
  /// Where that is among ``MaskName/candidates(for:)``.
  var maskIndex: UInt8
  /// What the mask that it has by the model in service was made from; nil if it has none.
  var maskedSHA256: String?
  /// Whether it must be worked on alone.
  var isSuspect: Bool
}

/// A mask that only has to be written.
struct FinishedMask: Sendable {
  /// The file: the mask with its record.
  var png: [UInt8]
  /// What lies beside it.
  var companions: Companions
  var width: Int
  var height: Int
  /// Of the photograph's bytes.
  var sha256: String
  /// Share of the photograph's pixels that are lesion, 0...1.
  var lesionFraction: Double
  var pleaseLook: [PleaseLook]
  /// When work on its bytes began.
  var begun: ContinuousClock.Instant
  /// Time to read and decode it.
  var decodeTime: Duration
  /// Time in the network.
  var inferenceTime: Duration
}

/// What became of a photograph's bytes.
struct Finding: Sendable {
  enum Outcome: Sendable {
    case mask(FinishedMask)
    /// Only its time changed since its mask was made.
    case masked
    case refused(Refusal)
  }

  var item: WorkList.Item
  var mask: FileName
  var maskIndex: UInt8
  /// Who made it: by now there may be another model in service.
  var modelID: String
  var modelSHA256: String
  var maskSettings: MaskSettings
  var outcome: Outcome
  var delivered: ContinuousClock.Instant
}

/// Why a photograph does not go on.
enum Refusal: Error {
  /// For good, until it is replaced.
  case failed(reason: String)
  /// It ended the program too often.
  case quarantined(deaths: Int)
  /// It was written to since it was quiet.
  case changed
  /// It ends too early; perhaps the rest still comes.
  case incomplete(reason: String)
  /// No photograph, and nobody said that it is one.
  case notAPhotograph
  /// It cannot be read now.
  case unreadable(FileError)
  /// Its mask cannot be looked at or written now.
  case results(FileError)
  /// Nothing can be read or written now.
  case trouble(FileError)
  /// The test folder cannot be opened.
  case folderGone(FileError)
}
