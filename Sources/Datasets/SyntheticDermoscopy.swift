import Images

/// Generates photographs that look like dermoscopy, with the masks of their lesions.
///
/// For tests, demonstrations and benchmarks: there is no real photograph in the project. Drawn are skin
/// of several tones with furrows, vessels and patches of pigment; a lesion of one to four lobes with an
/// irregular border, pigment network, globules, streaks and a blue-white veil; and what disturbs real
/// photographs: hair, a ruler, gel bubbles, a coloured patch, ink, the dark rim of the instrument,
/// uneven light and noise. All lengths are in millimetres of skin, so that the parts fit each other.
///
/// They teach nothing about skin: a model trained on them alone is of no medical use.
public struct SyntheticDermoscopy {
  /// Makes one photograph and its mask.
  ///
  /// The same arguments give the same bytes on the same machine. Costs about half a second and 40 bytes
  /// per pixel for a megapixel.
  ///
  /// - Parameters:
  ///   - seed: Chooses the series.
  ///   - index: Chooses the picture of the series.
  ///   - width: At least 16 pixels.
  ///   - height: At least 16 pixels.
  /// - Returns: An RGB image `[H, W, 3]` and a grey mask `[H, W, 1]` of 0 (skin) and 255 (lesion).
  public static func image(
    seed: UInt64, index: Int, width: Int, height: Int
  ) -> (image: Image, mask: Image) {
    precondition(width >= 16 && height >= 16, "a synthetic photograph has at least 16 x 16 pixels")
    var random = SyntheticRandom(seed: seed, index: index)
    let view = SyntheticView(width: width, height: height, random: &random)
    let skin = SyntheticSkin(random: &random)
    let lesion = SyntheticLesion(view: view, random: &random)
    var canvas = SyntheticCanvas(width: width, height: height)
    var mask = Image(width: width, height: height, channels: 1)
    for y in 0..<height {
      for x in 0..<width {
        let point = view.millimetres(x: Float(x) + 0.5, y: Float(y) + 0.5)
        let spot = lesion.sample(at: point)
        if spot.isInside { mask.pixels[y * width + x] = 255 }
        canvas[x, y] = lesion.color(of: spot, on: skin.color(at: point))
      }
    }
    SyntheticObstacles.draw(on: &canvas, view: view, skin: skin, random: &random)
    SyntheticLight(random: &random).shine(on: &canvas)
    return (canvas.image(noise: random.between(1.2, 3.5), random: &random), mask)
  }
}

/// How the picture lies on the skin: millimetres from its centre.
struct SyntheticView {
  let width: Int
  let height: Int
  /// Pixels per millimetre of skin.
  let scale: Float
  /// Length of the shorter side, in millimetres.
  let shorterSide: Float

  init(width: Int, height: Int, random: inout SyntheticRandom) {
    self.width = width
    self.height = height
    shorterSide = random.between(8, 17)
    scale = Float(min(width, height)) / shorterSide
  }

  func millimetres(x: Float, y: Float) -> SIMD2<Float> {
    SIMD2(x - Float(width) / 2, y - Float(height) / 2) / scale
  }

  func pixels(_ point: SIMD2<Float>) -> SIMD2<Float> {
    point * scale + SIMD2(Float(width) / 2, Float(height) / 2)
  }

  /// Half of the visible skin, in millimetres.
  var halfSize: SIMD2<Float> { SIMD2(Float(width), Float(height)) / (2 * scale) }
}
