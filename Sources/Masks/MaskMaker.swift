import Images

/// Makes a photograph's mask of the probabilities that the network found.
///
/// Enlarges them row by row to the photograph's size, with its edges as guide or without, compares with the
/// threshold, and cleans what comes out: specks are removed, one region or all are kept, holes are filled.
///
/// Memory: the mask, a few rows, and what the regions need; for these, a row has at most as many runs as the
/// probabilities could have by themselves, half their width. A photograph whose texture would make more of
/// them in a row (noise) does not guide that row.
public struct MaskMaker: Sendable {
  /// How.
  public let settings: MaskSettings
  /// From which probability on a pixel is lesion.
  public let threshold: Float

  /// - Parameters:
  ///   - settings: how masks are made.
  ///   - modelThreshold: the threshold if the settings name none.
  public init(settings: MaskSettings, modelThreshold: Float) {
    self.settings = settings
    threshold = settings.threshold ?? modelThreshold
  }

  /// Makes the mask.
  ///
  /// - Parameters:
  ///   - probabilities: of "lesion", of any size.
  ///   - image: the photograph, as stored.
  ///   - small: the photograph at the size of the probabilities, if it is there already.
  package func mask(
    from probabilities: FloatPlane, for image: Image, small: Image? = nil
  ) -> MadeMask {
    var drawing = MaskDrawing(width: image.width, height: image.height)
    var plain = ResizedRows(of: probabilities, width: image.width, height: image.height)
    var guided: GuidedRows?
    if settings.edges == .guided {
      guided = GuidedRows(
        of: probabilities, for: image,
        small: small ?? image.resized(width: probabilities.width, height: probabilities.height))
    }
    for y in 0..<image.height {
      guided?.move(to: y)
      if let row = guided?.row, runCount(in: row) <= (probabilities.width + 1) / 2 {
        drawing.append(row: row.span, threshold: threshold)
      } else {
        plain.move(to: y)
        drawing.append(row: plain.row.span, threshold: threshold)
      }
    }
    return drawing.finished(settings, orientation: image.orientation)
  }

  private func runCount(in row: [Float]) -> Int {
    let (row, threshold) = (row.span, threshold)
    var changes = row[0] >= threshold ? 1 : 0
    for x in 1..<max(row.count, 1) {
      changes += (row[x] >= threshold) == (row[x - 1] >= threshold) ? 0 : 1
    }
    return (changes + 1) / 2
  }
}

/// A mask and what was learnt on the way to it.
package struct MadeMask: Sendable {
  package var mask: Image
  package var lesionPixels: Int
  /// The regions above the threshold, before anything was removed or filled.
  package var regions: [Region]
  /// Which of them are in the mask, by their numbers.
  package var kept: Set<Int>
}
