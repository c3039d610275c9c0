import Images

/// How strongly a photograph guides the border, and how far around.
package struct GuidedFilter: Sendable {
  /// Windows have `2 * radius + 1` pixels of the network's size along each side.
  package var radius: Int
  /// Contrasts whose square is below this, the guide being 0...1, do not guide.
  package var epsilon: Float
  /// How many pixels on a side ``refined(_:by:small:threshold:)`` makes of one of the network's.
  package let fineness = 2
  /// Deviation of the Gaussian that smooths them, in pixels of the network's size.
  package let smoothing: Float = 0.5

  package init(radius: Int = 2, epsilon: Float = 1e-5) {
    precondition(radius > 0 && epsilon > 0, "a window and a contrast")
    (self.radius, self.epsilon) = (radius, epsilon)
  }

  /// For every pixel the line `probability = slope * guide + offset` that fits best around it.
  ///
  /// In each window the slope is `cov(guide, p) / (var(guide) + epsilon)`, the offset what makes the means
  /// agree; each pixel gets the means over the windows that it lies in. Windows are cut off at the edges.
  ///
  /// Source: He, Sun and Tang, "Guided image filtering", IEEE Transactions on Pattern Analysis and Machine
  /// Intelligence 35 (2013), equations 5, 6 and 8. Cost: some passes over planes of the network's size.
  ///
  /// - Parameters:
  ///   - probabilities: of "lesion".
  ///   - guide: 0...1, of the same size.
  package func lines(of probabilities: FloatPlane, guide: FloatPlane) -> GuidedLines {
    precondition(
      guide.width == probabilities.width && guide.height == probabilities.height,
      "a guide of the same size")
    let means = WindowMeans(width: guide.width, height: guide.height, radius: radius)
    let guideMean = means.of(guide.values)
    let mean = means.of(probabilities.values)
    let square = means.of(product(guide.values, guide.values))
    let both = means.of(product(guide.values, probabilities.values))
    var slopes = [Float](repeating: 0, count: mean.count)
    var offsets = slopes
    for index in slopes.indices {
      // Rounding may leave a variance below 0.
      let variance = max(square[index] - guideMean[index] * guideMean[index], 0)
      let covariance = both[index] - guideMean[index] * mean[index]
      slopes[index] = covariance / (variance + epsilon)
      offsets[index] = mean[index] - slopes[index] * guideMean[index]
    }
    return GuidedLines(
      slopes: FloatPlane(width: guide.width, height: guide.height, values: means.of(slopes)),
      offsets: FloatPlane(width: guide.width, height: guide.height, values: means.of(offsets)))
  }

  private func product(_ first: [Float], _ second: [Float]) -> [Float] {
    var result = first
    for index in result.indices { result[index] *= second[index] }
    return result
  }
}

/// What ``GuidedFilter`` found: a line for every pixel, `[height, width]` each.
package struct GuidedLines: Sendable {
  package var slopes: FloatPlane
  package var offsets: FloatPlane
}

/// Means over square windows, cut off at the edges.
private struct WindowMeans {
  let width: Int
  let height: Int
  let radius: Int

  func of(_ values: [Float]) -> [Float] { alongColumns(alongRows(values)) }

  private func alongRows(_ values: [Float]) -> [Float] {
    var result = values
    for y in 0..<height {
      let start = y * width
      for x in 0..<width {
        let window = max(x - radius, 0)...min(x + radius, width - 1)
        var sum: Float = 0
        for column in window { sum += values[start + column] }
        result[start + x] = sum / Float(window.count)
      }
    }
    return result
  }

  private func alongColumns(_ values: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    for y in 0..<height {
      let window = max(y - radius, 0)...min(y + radius, height - 1)
      for row in window {
        for x in 0..<width { result[y * width + x] += values[row * width + x] }
      }
      let share = 1 / Float(window.count)
      for x in 0..<width { result[y * width + x] *= share }
    }
    return result
  }
}
