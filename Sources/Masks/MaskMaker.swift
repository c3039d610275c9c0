import Images

/// Makes a photograph's mask of the probabilities that the network found.
///
/// Lets the photograph's edges guide the border or not, enlarges row by row to its size, compares with the
/// threshold, and cleans what comes out: specks are removed, one region or all are kept, holes are filled.
///
/// Memory: the mask, a few rows, and what the regions need; for these, a row has at most as many runs as half
/// the width of the plane that is enlarged, whatever the photograph shows.
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
    var plane = probabilities
    if settings.edges == .guided {
      plane = GuidedFilter().refined(
        probabilities, by: image,
        small: small ?? image.resized(width: probabilities.width, height: probabilities.height),
        threshold: threshold)
    }
    var rows = ResizedRows(of: plane, width: image.width, height: image.height)
    for y in 0..<image.height {
      rows.move(to: y)
      drawing.append(row: rows.row.span, threshold: threshold)
    }
    return drawing.finished(settings, orientation: image.orientation)
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
