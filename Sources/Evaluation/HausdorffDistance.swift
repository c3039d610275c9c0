import Images

/// How far the outlines of two masks are apart.
public enum HausdorffDistance {
  /// The 95th-percentile Hausdorff distance in pixels.
  ///
  /// The outline of a mask is its pixels that touch, over a side, a pixel that is not lesion or the image's
  /// edge. For each outline pixel of one mask the distance to the nearest outline pixel of the other is taken;
  /// the result is the larger of both directions' 95th percentiles (linear between neighbours).
  ///
  /// Conventions for what that leaves open: 0 when neither mask has a lesion pixel; the image's diagonal,
  /// which nothing exceeds, when only one has.
  ///
  /// Source: Huttenlocher, Klanderman and Rucklidge, "Comparing images using the Hausdorff distance", IEEE
  /// Transactions on Pattern Analysis and Machine Intelligence 15 (1993). Cost: linear in the pixels of the
  /// smallest rectangle around both lesions.
  ///
  /// - Parameters:
  ///   - mask: grey, 128 and above is lesion.
  ///   - truth: of the same size.
  public static func percentile95(mask: Image, truth: Image) -> Double {
    precondition(
      mask.channels == 1 && truth.channels == 1 && mask.width == truth.width
        && mask.height == truth.height, "masks of one size are compared")
    guard let frame = Frame(around: mask, and: truth) else { return 0 }
    let (found, drawn) = (frame.outline(of: mask), frame.outline(of: truth))
    guard found.contains(true), drawn.contains(true) else { return diagonal(mask) }
    return max(
      frame.percentile95(from: found, to: drawn), frame.percentile95(from: drawn, to: found))
  }

  /// The length of an image's diagonal in pixels.
  public static func diagonal(_ image: Image) -> Double {
    Double(image.width * image.width + image.height * image.height).squareRoot()
  }
}

/// The smallest rectangle around two lesions. All outline pixels lie in it, so no distance is lost.
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
  func outline(of image: Image) -> [Bool] {
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

  func percentile95(from outline: [Bool], to sites: [Bool]) -> Double {
    let squared = DistanceTransform(width: width, height: height, sites: sites).squared
    let distances = outline.indices.filter { outline[$0] }.map { squared[$0].squareRoot() }
    return percentile(distances.sorted(), 0.95)
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
