import Files
import Images
import Segmentation

/// A photograph that was read and decoded, on its way to a mask.
struct Photograph: Sendable {
  var item: WorkList.Item
  /// The name that its mask will have.
  var mask: FileName
  /// Where that is among ``MaskName/candidates(for:)``.
  var maskIndex: UInt8
  var sha256: String
  var image: Image
  /// When work on it began.
  var begun: ContinuousClock.Instant
  /// Time to read and decode it.
  var decodeTime: Duration
  /// Whether it must be worked on alone.
  var isSuspect: Bool
}

/// A photograph with what the network found.
struct Finding: Sendable {
  var photograph: Photograph
  /// Who computed it: by now there may be another model in service.
  var worker: SegmentationWorker
  var result: Result<SegmentedImage, SegmentationError>
}
