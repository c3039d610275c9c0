import Images

/// How strongly a photograph guides the border, and how far around.
package struct GuidedFilter: Sendable {
  /// Windows have `2 * radius + 1` pixels of the network's size along each side.
  package var radius: Int
  /// Contrasts whose square is below this, colours being 0...1, do not guide.
  package var epsilon: Float
  /// The share of the probabilities' variance that the colours must explain to guide at all.
  package let leastShare: Float = 0.7
  /// The share from which on they guide alone.
  package let fullShare: Float = 0.85
  /// How many pixels on a side ``refined(_:by:small:threshold:)`` makes of one of the network's.
  package let fineness = 2
  /// Deviation of the Gaussian that smooths them, in pixels of the network's size.
  package let smoothing: Float = 0.5
  /// Where probabilities vary less than this (a variance), there is no border to guide.
  private let leastVariance: Float = 1e-6

  package init(radius: Int = 4, epsilon: Float = 1e-4) {
    precondition(radius > 0 && epsilon > 0, "a window and a contrast")
    (self.radius, self.epsilon) = (radius, epsilon)
  }

  /// For every pixel the plane `probability = slopes . colour + offset` that fits best around it, and how far
  /// to trust it.
  ///
  /// In each window the slopes are `(covariance(colour) + epsilon * identity)^-1 covariance(colour, p)`, the
  /// offset what makes the means agree; each pixel gets the means over the windows that it lies in. Windows
  /// are cut off at the edges. The share that these explain is `1 - mean((p - fit)^2) / variance(p)` of a
  /// window; trust rises with it from 0 at ``leastShare`` to 1 at ``fullShare``, and is again the mean over
  /// the windows around.
  ///
  /// Source: He, Sun and Tang, "Guided image filtering", IEEE Transactions on Pattern Analysis and Machine
  /// Intelligence 35 (2013), equations 17 to 19; the trust is this program's. Cost: about 50 passes over planes
  /// of the network's size.
  ///
  /// - Parameters:
  ///   - probabilities: of "lesion".
  ///   - guide: three planes of the same size, 0...1.
  package func fit(of probabilities: FloatPlane, guide: [FloatPlane]) -> GuidedFit {
    let (width, height) = (probabilities.width, probabilities.height)
    precondition(
      guide.count == 3 && guide.allSatisfy { $0.width == width && $0.height == height },
      "a guide of three colours and of the same size")
    let means = WindowMeans(width: width, height: height, radius: radius)
    let p = probabilities.values
    let pMean = means.of(p)
    let variance = means.covariance(p, p, pMean, pMean)
    let colours = guide.map(\.values)
    let colourMeans = colours.map(means.of)
    let withP = (0..<3).map { means.covariance(colours[$0], p, colourMeans[$0], pMean) }
    let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)].map { first, second in
      means.covariance(colours[first], colours[second], colourMeans[first], colourMeans[second])
    }
    var slopes = [[Float]](repeating: [Float](repeating: 0, count: p.count), count: 3)
    var offsets = pMean
    for index in p.indices where variance[index] > leastVariance {
      let slope = SymmetricMatrix(
        xx: pairs[0][index] + epsilon, xy: pairs[1][index], xz: pairs[2][index],
        yy: pairs[3][index] + epsilon, yz: pairs[4][index], zz: pairs[5][index] + epsilon
      ).solution(SIMD3(withP[0][index], withP[1][index], withP[2][index]))
      for channel in 0..<3 {
        slopes[channel][index] = slope[channel]
        offsets[index] -= slope[channel] * colourMeans[channel][index]
      }
    }
    slopes = slopes.map(means.of)
    offsets = means.of(offsets)
    let trust = trust(
      means.of(
        squaredErrors(of: p, colours: colours, slopes: slopes, offsets: offsets)),
      variance: variance)
    func plane(_ values: [Float]) -> FloatPlane {
      FloatPlane(width: width, height: height, values: values)
    }
    return GuidedFit(
      slopes: slopes.map(plane), offsets: plane(offsets), trust: plane(means.of(trust)))
  }

  private func squaredErrors(
    of p: [Float], colours: [[Float]], slopes: [[Float]], offsets: [Float]
  ) -> [Float] {
    var result = p
    result.subtract(offsets)
    for channel in 0..<3 { result.subtract(colours[channel], times: slopes[channel]) }
    return result.times(result)
  }

  private func trust(_ errors: [Float], variance: [Float]) -> [Float] {
    var result = errors
    for index in result.indices {
      let share = 1 - errors[index] / (variance[index] + leastVariance)
      result[index] = min(max((share - leastShare) / (fullShare - leastShare), 0), 1)
    }
    return result
  }
}

/// What ``GuidedFilter`` found for every pixel, `[height, width]` each.
package struct GuidedFit: Sendable {
  /// One plane for each colour.
  package var slopes: [FloatPlane]
  package var offsets: FloatPlane
  /// From 0, the colours do not explain the probabilities, to 1.
  package var trust: FloatPlane
}

/// A symmetric matrix of 3 x 3 all of whose eigenvalues are above 0.
private struct SymmetricMatrix {
  var xx: Float
  var xy: Float
  var xz: Float
  var yy: Float
  var yz: Float
  var zz: Float

  /// What it must be multiplied with to give `right`: by its factors L D L^T.
  func solution(_ right: SIMD3<Float>) -> SIMD3<Float> {
    let (lowerXY, lowerXZ) = (xy / xx, xz / xx)
    let second = yy - lowerXY * xy
    let mixed = yz - lowerXY * xz
    let lowerYZ = mixed / second
    let third = zz - lowerXZ * xz - lowerYZ * mixed
    let y = right.y - lowerXY * right.x
    let z = (right.z - lowerXZ * right.x - lowerYZ * y) / third
    let resultY = y / second - lowerYZ * z
    return SIMD3(right.x / xx - lowerXY * resultY - lowerXZ * z, resultY, z)
  }
}
