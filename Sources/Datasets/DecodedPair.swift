import Images

/// A training pair decoded and made small enough to stay in memory.
public struct DecodedPair: Sendable {
  /// The photograph, square, with the channels the network takes, [K, K, C].
  public let image: Image
  /// The mask, 0...255 where shrinking averaged it, [K, K, 1].
  public let mask: Image
  /// Width divided by height of the photograph as stored.
  public let aspect: Float
  /// Whether more than 2 % of the photograph's edge is lesion.
  public let lesionMeetsEdge: Bool

  /// Bytes that this pair takes in memory.
  public var byteCount: Int { image.pixels.count + mask.pixels.count }
}

extension DecodedPair {
  /// Makes a pair's copies `side` x `side`.
  ///
  /// - Parameters:
  ///   - image: the photograph as stored.
  ///   - mask: 0 and 255 in one channel, of the same size.
  ///   - side: K, the side of the copies kept, in pixels.
  ///   - channels: 1 or 3.
  package init(image: Image, mask: Image, side: Int, channels: Int) {
    self.init(
      image: image.converted(toChannels: channels).resized(width: side, height: side),
      mask: mask.resized(width: side, height: side),
      aspect: Float(image.width) / Float(image.height),
      lesionMeetsEdge: Self.edgeShare(of: mask) > 0.02)
  }

  /// Reads a pair's copies from arrays; nil if the row is damaged.
  init?(row: Int, of arrays: DatasetArrays) {
    guard let pixels = arrays.pixels(at: row) else { return nil }
    let (side, entry) = (arrays.side, arrays.rows[row])
    self.init(
      image: Image(width: side, height: side, channels: arrays.channels, pixels: pixels.image),
      mask: Image(width: side, height: side, channels: 1, pixels: pixels.mask),
      aspect: Float(entry.width) / Float(entry.height), lesionMeetsEdge: entry.lesionMeetsEdge)
  }

  /// Decodes both files and makes them `side` x `side`.
  ///
  /// - Parameters:
  ///   - side: K, the side of the copies kept, in pixels.
  ///   - channels: 1 or 3.
  /// - Returns: the pair, and a remark when the mask had to be interpreted.
  static func decode(
    imageBytes: [UInt8], maskBytes: [UInt8], side: Int, channels: Int
  ) throws(PairFault) -> (pair: DecodedPair, remark: String?) {
    let (image, mask, remark) = try PairFiles.decode(
      imageBytes: imageBytes, maskBytes: maskBytes)
    return (DecodedPair(image: image, mask: mask, side: side, channels: channels), remark)
  }

  /// The share of a mask's outermost pixels that are lesion.
  private static func edgeShare(of mask: Image) -> Float {
    let (width, height) = (mask.width, mask.height)
    var lesion = 0
    for x in 0..<width {
      lesion += mask.pixels[x] >= 128 ? 1 : 0
      lesion += mask.pixels[(height - 1) * width + x] >= 128 ? 1 : 0
    }
    for y in 0..<height {
      lesion += mask.pixels[y * width] >= 128 ? 1 : 0
      lesion += mask.pixels[y * width + width - 1] >= 128 ? 1 : 0
    }
    return Float(lesion) / Float(2 * (width + height))
  }
}
