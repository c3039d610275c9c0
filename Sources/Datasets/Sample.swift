import Images
import NeuralNetworks
import UNets

/// What a network wants to be fed with.
public struct SampleFormat: Sendable, Equatable {
  /// Side S of the network's square input, in pixels.
  public var inputSize: Int
  /// Channels C of the network's input: 1 grey, 3 RGB.
  public var channels: Int
  /// How 0...255 becomes the network's numbers.
  public var normalization: Normalization

  /// Describes a network's input.
  public init(inputSize: Int, channels: Int, normalization: Normalization) {
    self.inputSize = inputSize
    self.channels = channels
    self.normalization = normalization
  }
}

/// One photograph and its truth in the network's form.
public struct Sample: Sendable, Equatable {
  /// Normalised pixels [S, S, C].
  public var inputs: [Float]
  /// Classes [S, S]: 0 background, 1 lesion.
  public var labels: [UInt8]
}

/// Some samples, ready to be fed to a network together.
public struct Batch: Sendable {
  /// Normalised pixels [N, S, S, C].
  public var inputs: Tensor
  /// Classes [N, S, S]: 0 background, 1 lesion.
  public var labels: [UInt8]
  /// The samples' positions in their dataset, [N].
  public var indices: [Int]
  /// Photographs that should be here and could not be had any more.
  public var lost: [LostPair]
}

extension Sample {
  /// The pair as it is: resized, not augmented.
  ///
  /// A decoded copy of the network's own size is used as it is, any other is resized again.
  package init(of pair: DecodedPair, format: SampleFormat) {
    let (side, channels) = (format.inputSize, format.channels)
    let image = pair.image.converted(toChannels: channels).resized(width: side, height: side)
    let mask = pair.mask.resized(width: side, height: side)
    let tables = format.normalizationTables
    inputs = [Float](repeating: 0, count: side * side * channels)
    for pixel in 0..<(side * side) {
      for channel in 0..<channels {
        let value = image.pixels[pixel * channels + channel]
        inputs[pixel * channels + channel] = tables[channel * 256 + Int(value)]
      }
    }
    format.normalization.finish(&inputs)
    labels = mask.pixels.map { $0 >= 128 ? 1 : 0 }
  }

  /// A variant of the pair, in one pass over the output.
  ///
  /// The decoded copy is first halved as long as the variant skips pixels of it, so that a lesion made
  /// small is averaged and not picked apart. Colours are sampled bilinearly, changed, cut to 0...255 and
  /// normalised; the mask is sampled likewise and is lesion from one half on. Then come hair and blur,
  /// and what is done with a photograph as a whole.
  ///
  /// Cost: about 25 ns per pixel of the output.
  package init(
    of pair: DecodedPair, transform: SampleTransform, format: SampleFormat
  ) {
    let (side, channels) = (format.inputSize, format.channels)
    var image = pair.image.converted(toChannels: channels)
    var mask = pair.mask
    var map = transform.geometry.betweenPixels(
      side: side, sourceWidth: image.width, sourceHeight: image.height)
    while map.largestStep >= 1.75 && min(image.width, image.height) >= 4 {
      image = image.resized(width: image.width / 2, height: image.height / 2)
      mask = mask.resized(width: mask.width / 2, height: mask.height / 2)
      map = transform.geometry.betweenPixels(
        side: side, sourceWidth: image.width, sourceHeight: image.height)
    }
    let warp = AffineWarp(
      map: map, surround: transform.surround, width: image.width, height: image.height)
    labels = warp.labels(from: mask.pixels.span, side: side)
    if channels == 1 {
      inputs = warp.grey(
        from: image.pixels.span, side: side, color: transform.color.grey,
        normalization: format.normalization)
    } else {
      inputs = warp.rgb(
        from: image.pixels.span, side: side, color: transform.color,
        normalization: format.normalization)
    }
    draw(transform.hair, format: format)
    blur(deviation: transform.blur * Float(side), format: format)
    format.normalization.finish(&inputs)
  }
}

extension SampleFormat {
  /// The normalised value of every byte, [C, 256].
  var normalizationTables: [Float] {
    (0..<channels).flatMap { channel in
      (0..<256).map { byte in
        (Float(byte) / 255 - normalization.mean[channel])
          / normalization.standardDeviation[channel]
      }
    }
  }
}
