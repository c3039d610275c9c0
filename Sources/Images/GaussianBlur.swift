import Glibc

/// A Gaussian along one axis of samples `[height, width, channels]`; beyond the edge the outermost sample
/// holds.
///
/// Cut off at three deviations and scaled so that the weights add up to 1. Cost: two additions and one
/// multiplication for each sample and half-weight.
package struct GaussianBlur: Sendable {
  private let deviation: Float

  /// - Parameter deviation: in samples, above 0.
  package init(deviation: Float) {
    precondition(deviation > 0, "a Gaussian has a width")
    self.deviation = deviation
  }

  /// For distances 0, 1, ...; at most as far as there are samples.
  private func weights(length: Int) -> [Float] {
    let reach = min(Int((3 * deviation).rounded(.up)), length - 1)
    let weights = (0...reach).map { expf(-Float($0 * $0) / (2 * deviation * deviation)) }
    let sum = 2 * weights.reduce(0, +) - weights[0]
    return weights.map { $0 / sum }
  }

  /// Each row by itself.
  package func alongRows(_ values: [Float], width: Int, height: Int, channels: Int = 1) -> [Float] {
    let weights = weights(length: width)
    let line = width * channels
    return unsafe filtered(values) { values, result in
      for y in 0..<height {
        let start = y * line
        for at in start..<(start + line) { unsafe result[at] = weights[0] * values[at] }
        for distance in 1..<max(weights.count, 1) {
          let (weight, shift) = (weights[distance], distance * channels)
          let left = min(distance, width)
          let right = max(width - distance, left)
          for at in (start + left * channels)..<(start + right * channels) {
            unsafe result[at] += weight * (values[at - shift] + values[at + shift])
          }
          for columns in [0..<left, right..<width] {
            for x in columns {
              let before = start + max(x - distance, 0) * channels
              let after = start + min(x + distance, width - 1) * channels
              for channel in 0..<channels {
                unsafe result[start + x * channels + channel] +=
                  weight * (values[before + channel] + values[after + channel])
              }
            }
          }
        }
      }
    }
  }

  /// Each column by itself.
  package func alongColumns(
    _ values: [Float], width: Int, height: Int, channels: Int = 1
  ) -> [Float] {
    let weights = weights(length: height)
    let line = width * channels
    return unsafe filtered(values) { values, result in
      for y in 0..<height {
        let start = y * line
        for x in 0..<line { unsafe result[start + x] = weights[0] * values[start + x] }
        for distance in 1..<max(weights.count, 1) {
          let weight = weights[distance]
          let (above, below) = (max(y - distance, 0) * line, min(y + distance, height - 1) * line)
          for x in 0..<line {
            unsafe result[start + x] += weight * (values[above + x] + values[below + x])
          }
        }
      }
    }
  }

  /// A copy of samples, filled from them.
  @inline(__always)
  private func filtered(
    _ values: [Float],
    _ fill: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Void
  ) -> [Float] {
    var result = values
    unsafe values.withUnsafeBufferPointer { values in
      unsafe result.withUnsafeMutableBufferPointer { result in unsafe fill(values, result) }
    }
    return result
  }
}
