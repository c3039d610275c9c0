import Glibc
import Images

/// A hair drawn over a training sample; lengths are shares of the sample's side.
package struct DrawnHair: Sendable, Equatable {
  /// Along the hair, in 0 ... 1 from the top left corner, and beyond.
  package var points: [SIMD2<Float>]
  package var width: Float
  /// Red, green, blue in 0 ... 1.
  package var color: SIMD3<Float>
  package var opacity: Float

  package init(points: [SIMD2<Float>], width: Float, color: SIMD3<Float>, opacity: Float) {
    self.points = points
    self.width = width
    self.color = color
    self.opacity = opacity
  }

  /// Draws what grows on one photograph: 2 to 15 hairs of one colour, most of them in one direction.
  static func draw(using generator: inout SeededGenerator) -> [DrawnHair] {
    let colors: [SIMD3<Float>] = [
      [0.1, 0.08, 0.08], [0.2, 0.13, 0.1], [0.36, 0.24, 0.16], [0.6, 0.5, 0.4],
    ]
    let color = colors[generator.index(below: colors.count)]
    let count = 2 + generator.index(below: 14)
    let common = generator.uniform(in: 0...(2 * .pi))
    let thickness = generator.uniform(in: 0.003...0.009)
    let opacity = generator.uniform(in: 0.5...0.95)
    return (0..<count).map { _ in
      DrawnHair(
        points: curve(heading: common + generator.uniform(in: -1...1), using: &generator),
        width: thickness * generator.uniform(in: 0.7...1.2), color: color, opacity: opacity)
    }
  }

  /// A curve from a random point whose direction turns slowly.
  private static func curve(
    heading start: Float, using generator: inout SeededGenerator
  ) -> [SIMD2<Float>] {
    let pieces = 12
    let piece = generator.uniform(in: 0.3...1.1) / Float(pieces)
    var position = SIMD2(generator.uniform(in: -0.1...1.1), generator.uniform(in: -0.1...1.1))
    var heading = start
    var points = [position]
    for _ in 0..<pieces {
      heading += generator.uniform(in: -0.15...0.15)
      position += SIMD2(cosf(heading), sinf(heading)) * piece
      points.append(position)
    }
    return points
  }
}

extension Sample {
  /// Lays hair over normalised pixels; the truth below it stays.
  mutating func draw(_ hair: [DrawnHair], format: SampleFormat) {
    let (side, channels) = (format.inputSize, format.channels)
    for hair in hair {
      let points = hair.points.map { $0 * Float(side) }
      let coverage = Coverage(
        line: points, lineWidth: hair.width * Float(side), width: side, height: side)
      guard let coverage else { continue }
      let grey = (hair.color.x + hair.color.y + hair.color.z) / 3
      let colors = (0..<channels).map { channel in
        ((channels == 1 ? grey : hair.color[channel]) - format.normalization.mean[channel])
          / format.normalization.standardDeviation[channel]
      }
      for y in 0..<coverage.height {
        for x in 0..<coverage.width {
          let covered = min(coverage.values[y * coverage.width + x], 1) * hair.opacity
          guard covered > 0 else { continue }
          let at = ((coverage.top + y) * side + coverage.left + x) * channels
          for channel in 0..<channels {
            inputs[at + channel] += (colors[channel] - inputs[at + channel]) * covered
          }
        }
      }
    }
  }

  /// Blurs the pixels by a Gaussian, each axis by itself; beyond the edge the outermost pixel holds.
  ///
  /// - Parameter deviation: in pixels; below 0.2 nothing would be seen and nothing is done.
  mutating func blur(deviation: Float, format: SampleFormat) {
    guard deviation >= 0.2 else { return }
    let (side, channels) = (format.inputSize, format.channels)
    let blur = GaussianBlur(deviation: deviation)
    inputs = blur.alongRows(inputs, width: side, height: side, channels: channels)
    inputs = blur.alongColumns(inputs, width: side, height: side, channels: channels)
  }
}
