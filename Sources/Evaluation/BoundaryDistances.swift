import Images

/// How far the boundaries of two masks are apart.
///
/// The boundary of a mask is its pixels that touch, over a side, a pixel that is not lesion or the image's
/// edge. For each boundary pixel of one mask the distance to the nearest boundary pixel of the other is taken,
/// in both directions.
///
/// Conventions for what that leaves open: when neither mask has a lesion pixel the boundaries agree, all
/// distances being 0; when only one has, every distance is the image's diagonal, which nothing exceeds.
///
/// Memory: some planes of the smallest rectangle around both lesions. Cost: linear in its pixels.
public struct BoundaryDistances: Sendable {
  /// From each boundary pixel of the mask to the truth's boundary, in pixels; rising.
  private let fromMask: [Double]
  /// The other way.
  private let fromTruth: [Double]
  /// The length of the image's diagonal in pixels.
  public let diagonal: Double

  /// Measures.
  ///
  /// - Parameters:
  ///   - mask: grey, 128 and above is lesion.
  ///   - truth: of the same size.
  public init(mask: Image, truth: Image) {
    precondition(
      mask.channels == 1 && truth.channels == 1 && mask.width == truth.width
        && mask.height == truth.height, "masks of one size are compared")
    let squared = mask.width * mask.width + mask.height * mask.height
    let diagonal = Double(squared).squareRoot()
    self.diagonal = diagonal
    guard let frame = Frame(around: mask, and: truth) else {
      (fromMask, fromTruth) = ([0], [0])
      return
    }
    let (found, drawn) = (frame.boundary(of: mask), frame.boundary(of: truth))
    guard found.contains(true), drawn.contains(true) else {
      (fromMask, fromTruth) = ([diagonal], [diagonal])
      return
    }
    fromMask = frame.distances(from: found, to: drawn)
    fromTruth = frame.distances(from: drawn, to: found)
  }

  /// The larger of both directions' 95th percentiles (linear between neighbours), in pixels.
  ///
  /// Source: Huttenlocher, Klanderman and Rucklidge, "Comparing images using the Hausdorff distance", IEEE
  /// Transactions on Pattern Analysis and Machine Intelligence 15 (1993).
  public var hausdorff95: Double {
    max(percentile(fromMask, 0.95), percentile(fromTruth, 0.95))
  }

  /// The mean of the distances of both directions together, in pixels: the boundary error.
  ///
  /// Source: "average symmetric surface distance" in Heimann et al., "Comparison and evaluation of methods
  /// for liver segmentation from CT datasets", IEEE Transactions on Medical Imaging 28 (2009).
  public var mean: Double {
    (fromMask.reduce(0, +) + fromTruth.reduce(0, +)) / Double(fromMask.count + fromTruth.count)
  }

  /// How far a boundary may be off to count as found, as a share of the image's diagonal.
  public static let tolerance = 0.0075

  /// The harmonic mean of two shares: of the mask's boundary pixels that have one of the truth's near enough,
  /// and of the truth's that have one of the mask's.
  ///
  /// Source: Csurka, Larlus and Perronnin, "What is a good evaluation measure for semantic segmentation?",
  /// British Machine Vision Conference (2013), with its tolerance of 0.75 % of the diagonal; after Martin,
  /// Fowlkes and Malik (2004), but each pixel may be matched several times.
  ///
  /// - Parameter tolerance: as a share of the image's diagonal.
  public func fMeasure(tolerance: Double = Self.tolerance) -> Double {
    func share(_ distances: [Double]) -> Double {
      Double(distances.count { $0 <= tolerance * diagonal }) / Double(distances.count)
    }
    let (precision, recall) = (share(fromMask), share(fromTruth))
    return precision + recall == 0 ? 0 : 2 * precision * recall / (precision + recall)
  }
}

/// The smallest rectangle around two lesions. All boundary pixels lie in it, so no distance is lost.
private struct Frame {
  var left: Int
  var top: Int
  var width: Int
  var height: Int

  /// Nil if neither image has a lesion pixel.
  init?(around first: Image, and second: Image) {
    var (left, right, top, bottom) = (Int.max, -1, Int.max, -1)
    for image in [first, second] {
      let pixels = image.pixels
      for y in 0..<image.height {
        for x in 0..<image.width where pixels[y * image.width + x] >= 128 {
          left = min(left, x)
          right = max(right, x)
          top = min(top, y)
          bottom = max(bottom, y)
        }
      }
    }
    guard right >= 0 else { return nil }
    self.init(left: left, top: top, width: right - left + 1, height: bottom - top + 1)
  }

  private init(left: Int, top: Int, width: Int, height: Int) {
    self.left = left
    self.top = top
    self.width = width
    self.height = height
  }

  /// [height, width]
  func boundary(of image: Image) -> [Bool] {
    let pixels = image.pixels
    func isLesion(_ x: Int, _ y: Int) -> Bool {
      x >= 0 && y >= 0 && x < image.width && y < image.height && pixels[y * image.width + x] >= 128
    }
    var result = [Bool](repeating: false, count: width * height)
    for y in top..<(top + height) {
      for x in left..<(left + width) where isLesion(x, y) {
        let isInner =
          isLesion(x - 1, y) && isLesion(x + 1, y) && isLesion(x, y - 1) && isLesion(x, y + 1)
        result[(y - top) * width + x - left] = !isInner
      }
    }
    return result
  }

  /// From each boundary pixel to the nearest site, in pixels; rising.
  func distances(from boundary: [Bool], to sites: [Bool]) -> [Double] {
    let squared = DistanceTransform(width: width, height: height, sites: sites).squared
    return boundary.indices.filter { boundary[$0] }.map { squared[$0].squareRoot() }.sorted()
  }
}

/// A quantile of sorted values, linear between neighbours (numpy's default, Hyndman and Fan's type 7).
///
/// - Parameters:
///   - sorted: at least one value.
///   - share: 0...1.
package func percentile(_ sorted: [Double], _ share: Double) -> Double {
  let position = share * Double(sorted.count - 1)
  let below = Int(position)
  let above = min(below + 1, sorted.count - 1)
  return sorted[below] + (sorted[above] - sorted[below]) * (position - Double(below))
}
