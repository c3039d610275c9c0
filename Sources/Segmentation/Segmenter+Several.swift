import Kernels
import UNets

extension Segmenter {
  /// Memory that all segmenters of ``several(model:threadCount:)`` together may take for their networks,
  /// unless one alone takes more.
  static let memoryLimitBytes = 256 << 20
  private static let mostSegmenters = 8
  /// Pixels of all inputs of one computation. With more of them the weights' share in the time is small.
  private static let batchPixels = 8 * 192 * 192

  /// Segmenters of one model to work on many photographs, which share the processors.
  ///
  /// As many as there are threads, so that each works alone and none waits for another, as far as
  /// their networks' memory allows: up to 256 MB, otherwise one that uses all threads.
  ///
  /// - Parameter threadCount: Threads of all of them together; nil means all usable processors.
  /// - Throws: `SegmentationError` when the model's network cannot be laid out.
  public static func several(model: UNetModel, threadCount: Int? = nil) throws(SegmentationError)
    -> [Segmenter]
  {
    let threads = max(1, threadCount ?? usableProcessorCount())
    let batch = min(8, max(1, batchPixels / (model.inputSize * model.inputSize)))
    func segmenter(_ threads: Int) throws(SegmentationError) -> Segmenter {
      try Segmenter(model: model, threadCount: threads, batchLimit: batch)
    }
    var segmenters = [try segmenter(1)]
    let count = min(threads, mostSegmenters, memoryLimitBytes / max(1, segmenters[0].memoryBytes))
    if count <= 1 {
      if threads == 1 { return segmenters }
      segmenters = []
      return [try segmenter(threads)]
    }
    for index in 0..<count {
      // The threads that are left over go to the first ones.
      let share = threads / count + (index < threads % count ? 1 : 0)
      if index == 0 && share == 1 { continue }
      let other = try segmenter(share)
      if index == 0 { segmenters[0] = other } else { segmenters.append(other) }
    }
    return segmenters
  }
}
