import Glibc

/// The ranges that random variants of a training photograph are drawn from.
///
/// A network sees each photograph once per epoch, every time turned, scaled, shifted and coloured anew, so
/// that it learns what a lesion is and not what these photographs are. Scale reaches far down because
/// cropped training images show lesions much larger than whole photographs do.
public struct Augmentation: Sendable, Equatable {
  /// Mirrors left to right in half of the cases.
  public var flips = true
  /// Turns by 0, 90, 180 or 270 degrees, as a photograph with the camera held upright would be.
  public var quarterTurns = true
  /// Turns freely on top of that, both ways, in degrees.
  public var rotationDegrees: Float = 45
  /// Size of the lesion against the original; drawn evenly on a logarithmic scale.
  public var scale: ClosedRange<Float> = 0.3...1.5
  /// Stretches one axis against the other by up to this factor.
  public var stretch: Float = 1.15
  /// Moves by up to this share of half the frame, along both axes.
  public var shift: Float = 0.25
  /// Adds up to this share of full brightness.
  public var brightness: Float = 0.12
  /// Multiplies the distance from middle grey by a factor from this range.
  public var contrast: ClosedRange<Float> = 0.75...1.3
  /// Multiplies the distance from the pixel's own grey; 0 is a black-and-white photograph.
  public var saturation: ClosedRange<Float> = 0.6...1.3
  /// Multiplies each colour channel on its own: another lamp, another skin.
  public var channelGain: ClosedRange<Float> = 0.9...1.1
  /// Blurs a third of the variants, by a standard deviation of up to this share of the side.
  public var blur: Float = 0.005
  /// Share of the variants that are seen through drawn hair.
  public var hair: Float = 0.3

  /// The ranges of the preset `default`.
  public init() {}

  /// Ranges in which every draw is the unchanged photograph.
  public static var identity: Augmentation {
    var none = Augmentation()
    none.flips = false
    none.quarterTurns = false
    none.rotationDegrees = 0
    none.scale = 1...1
    none.stretch = 1
    none.shift = 0
    none.brightness = 0
    none.contrast = 1...1
    none.saturation = 1...1
    none.channelGain = 1...1
    none.blur = 0
    none.hair = 0
    return none
  }
}

/// One variant of a photograph: where each pixel comes from and what happens to its colour.
package struct SampleTransform: Sendable, Equatable {
  /// What is seen beyond the photograph's edges.
  package enum Surround: Sendable, Equatable {
    /// The photograph, mirrored at its edges.
    case mirrored
    /// The nearest pixel of the photograph.
    case edge
  }

  package var geometry: AffineMap
  package var surround: Surround
  package var color: ColorMap
  /// Standard deviation of the blur, as a share of the side; 0 for none.
  package var blur: Float
  /// Hair in front of the skin.
  package var hair: [DrawnHair]

  package init(
    geometry: AffineMap, surround: Surround, color: ColorMap, blur: Float = 0,
    hair: [DrawnHair] = []
  ) {
    self.geometry = geometry
    self.surround = surround
    self.color = color
    self.blur = blur
    self.hair = hair
  }

  /// The unchanged photograph.
  package static let identity = SampleTransform(
    geometry: .identity, surround: .edge, color: .identity)
}

extension Augmentation {
  /// Draws a variant.
  ///
  /// - Parameters:
  ///   - aspect: width divided by height of the photograph as taken; turning keeps its angles right
  ///     although the network's input is square.
  ///   - lesionMeetsEdge: whether the lesion is cut by the photograph's edge. Its outline must then go on
  ///     mirrored: an edge pixel repeated outwards would turn it into stripes.
  ///   - generator: seeded with seed, epoch and index.
  package func draw(
    aspect: Float, lesionMeetsEdge: Bool, using generator: inout SeededGenerator
  ) -> SampleTransform {
    // Every number is drawn whatever the ranges are, so that changing one range leaves the others' draws.
    let flip = generator.coin()
    let turns = generator.index(below: 4)
    let degrees = generator.uniform(in: -1...1) * rotationDegrees
    let size = logUniform(scale, using: &generator)
    let across = logUniform((1 / stretch)...stretch, using: &generator)
    let (dx, dy) = (generator.uniform(in: -1...1) * shift, generator.uniform(in: -1...1) * shift)
    // Mirrored skin looks most like skin, but shows lesions by the dozen, which no photograph does.
    let edge = generator.index(below: 4) > 0

    // The map goes from the network's input back to the photograph; both are squares of -1 ... 1.
    var map = AffineMap.scaling(x: across / size, y: 1 / (across * size))
      .after(.translation(x: -dx, y: -dy))
    // With true proportions, so that a free turn is a turn and not a shear.
    map = AffineMap.scaling(x: 1 / aspect, y: 1)
      .after(.rotation(degrees: degrees))
      .after(.scaling(x: aspect, y: 1))
      .after(map)
    if quarterTurns { map = AffineMap.quarterTurns(turns).after(map) }
    if flips && flip { map = AffineMap.scaling(x: -1, y: 1).after(map) }
    let color = drawColor(using: &generator)
    let softness = generator.uniform(in: 0...3)
    let isHairy = generator.uniform(in: 0...1) < hair
    return SampleTransform(
      geometry: map, surround: edge && !lesionMeetsEdge ? .edge : .mirrored, color: color,
      blur: softness < 1 ? softness * blur : 0,
      hair: isHairy ? DrawnHair.draw(using: &generator) : [])
  }

  private func drawColor(using generator: inout SeededGenerator) -> ColorMap {
    let added = generator.uniform(in: -1...1) * brightness
    let spread = generator.uniform(in: contrast)
    let saturated = generator.uniform(in: saturation)
    let gains = (0..<3).map { _ in generator.uniform(in: channelGain) }
    return ColorMap.saturation(saturated)
      .scaled(by: gains)
      .scaled(by: [spread, spread, spread])
      .offset(by: 0.5 * (1 - spread) + added)
  }

  private func logUniform(
    _ range: ClosedRange<Float>, using generator: inout SeededGenerator
  ) -> Float {
    range.lowerBound
      * powf(range.upperBound / range.lowerBound, generator.uniform(in: 0...1))
  }
}
