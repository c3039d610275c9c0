import Images
import Masks
import Segmentation
import Synchronization

/// A segmenter that several lanes use, one after the other.
package final class SharedSegmenter: @unchecked Sendable {
  /// Touched within `turn` only.
  private let segmenter: Segmenter
  private let turn = Mutex<Void>(())
  /// See ``Segmenter/batchLimit``.
  package let batchLimit: Int

  package init(_ segmenter: Segmenter) {
    self.segmenter = segmenter
    batchLimit = segmenter.batchLimit
  }

  /// See ``Segmenter/segment(_:_:)-([Image],_)``; waits while another lane computes.
  package func segment(
    _ images: [Image], _ settings: MaskSettings
  ) -> [Result<SegmentedImage, SegmentationError>] {
    turn.withLock { _ in segmenter.segment(images, settings) }
  }
}
