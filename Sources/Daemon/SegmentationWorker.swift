import Images
import ModelStore
import Segmentation

/// The one owner of the model and its buffers; one photograph at a time, on a thread of its own.
actor SegmentationWorker {
  private nonisolated let executor = SerialQueueExecutor(label: "dermseg.segmentation")
  private let segmenter: Segmenter

  /// What masks say about the model.
  nonisolated let modelID: String
  nonisolated let modelSHA256: String

  nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  init(_ model: LoadedModel, threads: Int?) throws(SegmentationError) {
    segmenter = try Segmenter(model: model.model, threadCount: threads)
    (modelID, modelSHA256) = (model.id, model.sha256)
  }

  /// Finds the lesion; blocks this actor's thread for as long as that takes.
  ///
  /// - Parameter deliver: Gets the finding, on this actor's thread.
  func segment(_ photograph: Photograph, _ deliver: @Sendable (Finding) -> Void) {
    let result = Result { () throws(SegmentationError) in
      try segmenter.segment(photograph.image)
    }
    deliver(Finding(photograph: photograph, worker: self, result: result))
  }
}
