import Datasets
import Images
import SystemPackage

/// A photograph drawn by formula, a dark ellipse on grained skin, and its exact mask: nothing to be learnt
/// but "dark is lesion", so that a tiny network learns it in seconds.
public struct DrawnPair: Sendable {
  /// RGB.
  public let image: Image
  /// Grey, 0 and 255.
  public let mask: Image

  /// Draws the pair of an index; the same index gives the same pair.
  ///
  /// - Parameter hiddenInBlue: whether the lesion is as bright as the skin in the blue channel, where the
  ///   rule that has learnt nothing looks for it.
  public init(index: Int, width: Int = 48, height: Int = 36, hiddenInBlue: Bool = false) {
    var generator = SeededGenerator(seed: 4711, index)
    let centreX = generator.uniform(in: 0.35...0.65) * Float(width)
    let centreY = generator.uniform(in: 0.35...0.65) * Float(height)
    let radiusX = generator.uniform(in: 0.15...0.3) * Float(width)
    let radiusY = generator.uniform(in: 0.15...0.3) * Float(height)
    var pixels: [UInt8] = []
    var truth: [UInt8] = []
    for y in 0..<height {
      for x in 0..<width {
        let dx = (Float(x) + 0.5 - centreX) / radiusX
        let dy = (Float(y) + 0.5 - centreY) / radiusY
        let isLesion = dx * dx + dy * dy <= 1
        let grain = generator.uniform(in: -12...12)
        let skin: [Float] = isLesion ? [110, 70, hiddenInBlue ? 170 : 60] : [220, 180, 170]
        pixels += skin.map { UInt8($0 + grain) }
        truth.append(isLesion ? 255 : 0)
      }
    }
    image = Image(width: width, height: height, channels: 3, pixels: pixels)
    mask = Image(width: width, height: height, channels: 1, pixels: truth)
  }

  /// Writes pairs as `images/lesion_NN.png` and `masks/lesion_NN_segmentation.png`, in a directory of the
  /// folder.
  public static func write(
    _ indices: Range<Int>, to folder: ScratchDirectory, under base: String = ".",
    hiddenInBlue: Bool = false
  ) throws {
    _ = folder.directory("\(base)/images")
    _ = folder.directory("\(base)/masks")
    for index in indices {
      let pair = DrawnPair(index: index, hiddenInBlue: hiddenInBlue)
      try folder.write(try PNGEncoder.encode(pair.image), to: "\(base)/images/\(name(index)).png")
      try folder.write(
        try PNGEncoder.encode(pair.mask), to: "\(base)/masks/\(name(index))_segmentation.png")
    }
  }

  /// The name of a pair, for example `lesion_07`.
  public static func name(_ index: Int) -> String {
    "lesion_" + (index < 10 ? "0" : "") + "\(index)"
  }
}
