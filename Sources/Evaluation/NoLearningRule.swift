import Images
import Masks

/// A segmentation that has learnt nothing: the floor under every model.
///
/// The photograph is made 256 x 256; its blue channel, in which pigment is darkest against skin, is cut at
/// Otsu's threshold (IEEE Transactions on Systems, Man and Cybernetics 9, 1979); of the dark regions the
/// one with most weight near the centre is kept; its holes are filled.
public enum NoLearningRule {
  private static let side = 256

  /// The rule's mask for a photograph, 0 and 255, at the photograph's size.
  public static func mask(for image: Image) -> Image {
    let small = image.converted(toChannels: 3).resized(width: side, height: side)
    let blue = (0..<(side * side)).map { small.pixels[$0 * 3 + 2] }
    let threshold = otsuThreshold(of: blue)
    let dark = BinaryPlane(width: side, height: side, isSet: blue.map { $0 <= threshold })
    var lesion = centralRegion(of: dark)
    lesion.fillHoles()
    let plane = FloatPlane(
      width: side, height: side, values: lesion.isSet.map { $0 ? 1 : 0 })
    let full = plane.resized(width: image.width, height: image.height)
    return Image(
      width: image.width, height: image.height, channels: 1,
      pixels: full.values.map { $0 >= 0.5 ? 255 : 0 })
  }

  /// The value that parts the histogram into two classes, at or below it and above it, with the largest
  /// variance between them; 0 for a plane of a single value.
  package static func otsuThreshold(of values: [UInt8]) -> UInt8 {
    var histogram = [Int](repeating: 0, count: 256)
    for value in values { histogram[Int(value)] += 1 }
    let total = Double(values.count)
    let sum = histogram.indices.reduce(0.0) { $0 + Double($1 * histogram[$1]) }
    var (best, threshold) = (0.0, UInt8(0))
    var (countBelow, sumBelow) = (0.0, 0.0)
    for value in 0..<255 {
      countBelow += Double(histogram[value])
      sumBelow += Double(value * histogram[value])
      let countAbove = total - countBelow
      guard countBelow > 0, countAbove > 0 else { continue }
      let difference = sumBelow / countBelow - (sum - sumBelow) / countAbove
      let between = countBelow * countAbove * difference * difference
      if between > best { (best, threshold) = (between, UInt8(value)) }
    }
    return threshold
  }

  /// The region with the largest sum of weights, which fall from 1 at the centre to 0 at the middle of an
  /// edge and beyond.
  package static func centralRegion(of plane: BinaryPlane) -> BinaryPlane {
    let (centreX, centreY) = (Double(plane.width - 1) / 2, Double(plane.height - 1) / 2)
    var found = plane.regions { x, y in
      let dx = (Double(x) - centreX) / (Double(plane.width) / 2)
      let dy = (Double(y) - centreY) / (Double(plane.height) / 2)
      return max(0, 1 - (dx * dx + dy * dy).squareRoot())
    }
    let (labels, regions) = found.found()
    let best = regions.indices.max { regions[$0].weight < regions[$1].weight }
    var kept = plane
    kept.isSet = [Bool](repeating: false, count: plane.isSet.count)
    for (run, label) in zip(found.runs, labels) where label == best { kept.set(run, to: true) }
    return kept
  }
}
