import Images

/// Finds out whether somebody should look at a mask, from what was computed for it anyway.
///
/// The limits were chosen on 77 photographs that the default model was chosen by, not on those that its
/// scores are given for; docs/results.md has the figures.
///
/// Cost: one pass over the probabilities at the network's size.
package struct MaskDoubts: Sendable {
  /// From which ``softness(of:threshold:)`` on the network is unsure.
  package static let softnessLimit: Float = 0.12
  /// From which ``disagreement(of:with:threshold:)`` on the looks disagree.
  package static let disagreementLimit: Float = 0.05
  /// From which weight on, as a share of that of the region that was kept, another one could be the lesion.
  package static let otherRegionLimit = 0.25
  /// From which share of the photograph's outermost pixels on the lesion fills its edge.
  package static let borderLimit = 0.5

  /// How unsure the network is, measured by the size of what it found: the sum of p (1 - p) over all
  /// pixels, divided by the number of pixels with p at the threshold or above (at least 1).
  ///
  /// p (1 - p) is the variance of a pixel that is lesion with probability p: 0 where the network is sure,
  /// 1/4 where it has no opinion.
  package static func softness(of probabilities: FloatPlane, threshold: Float) -> Float {
    var sum: Float = 0
    var count: Float = 0
    for p in probabilities.values {
      sum += p * (1 - p)
      count += p >= threshold ? 1 : 0
    }
    return sum / max(count, 1)
  }

  /// How far the single looks are from their mean: the mean over looks of 1 - Jaccard index between the
  /// lesion in the look and in the mean, 0 if neither has one.
  ///
  /// - Parameters:
  ///   - looks: each as large as the mean.
  ///   - mean: the probabilities that the mask was made of.
  package static func disagreement(
    of looks: [[Float]], with mean: FloatPlane, threshold: Float
  ) -> Float {
    if looks.isEmpty { return 0 }
    var sum: Float = 0
    for look in looks {
      var (both, either) = (0, 0)
      for (a, b) in zip(look, mean.values) {
        let (inLook, inMean) = (a >= threshold, b >= threshold)
        both += inLook && inMean ? 1 : 0
        either += inLook || inMean ? 1 : 0
      }
      if either > 0 { sum += 1 - Float(both) / Float(either) }
    }
    return sum / Float(looks.count)
  }

  /// The reasons to look at a mask.
  ///
  /// - Parameters:
  ///   - made: the mask.
  ///   - probabilities: that it was made of.
  ///   - looks: those of the single looks, where there were several.
  ///   - threshold: from which probability on a pixel is lesion.
  package static func found(
    in made: MadeMask, of probabilities: FloatPlane, looks: [[Float]], threshold: Float
  ) -> [PleaseLook] {
    if made.lesionPixels == 0 { return [.noLesion] }
    var reasons: [PleaseLook] = []
    if made.borderShare >= borderLimit { reasons.append(.touchesBorder) }
    if made.otherRegionShare >= otherRegionLimit { reasons.append(.severalRegions) }
    if softness(of: probabilities, threshold: threshold) >= softnessLimit {
      reasons.append(.unsureBorder)
    }
    if disagreement(of: looks, with: probabilities, threshold: threshold) >= disagreementLimit {
      reasons.append(.looksDisagree)
    }
    return reasons
  }
}

extension MadeMask {
  /// The largest sum of probabilities of a region that was left out, as a share of the largest of one that was
  /// kept; 0 if none was left out.
  var otherRegionShare: Double {
    let weights = regions.indices.map { (isKept: kept.contains($0), weight: regions[$0].weight) }
    let best = weights.filter(\.isKept).map(\.weight).max() ?? 0
    let other = weights.filter { !$0.isKept }.map(\.weight).max() ?? 0
    return best > 0 ? other / best : 0
  }

  /// Of the photograph's outermost pixels, the share that is lesion.
  var borderShare: Double {
    let (width, height) = (mask.width, mask.height)
    let all = width == 1 || height == 1 ? width * height : 2 * (width + height) - 4
    // A hole that is filled does not reach the border.
    return Double(kept.reduce(0) { $0 + regions[$1].borderPixels }) / Double(all)
  }
}
