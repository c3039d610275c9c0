import Images

extension GuidedFilter {
  /// Probabilities in more pixels, whose border lies where the photograph has its edges, if these are clear.
  ///
  /// The filter works at the network's size; its fit is enlarged linearly to ``fineness`` times that and applied
  /// to the photograph's colours there. So much is not all that the photograph has: its finest texture would
  /// fringe the border. What is left of that is smoothed. Where the colours do not explain the probabilities,
  /// these are enlarged linearly as without guide. The guide says where the border is and not how large the
  /// lesion is: the probabilities are shifted by one number so that as many pixels are lesion as without it.
  ///
  /// Source: He and Sun, "Fast guided filter", arXiv:1505.00996 (2015); trust, area, fineness and smoothing are
  /// this program's, docs/masks.md has the comparison. Memory: about ten planes of the finer size. Cost: one
  /// pass over the photograph and about 60 over the finer size.
  ///
  /// - Parameters:
  ///   - probabilities: at the network's size.
  ///   - image: the photograph.
  ///   - small: the photograph at the network's size, in colour or grey.
  ///   - threshold: from which probability on a pixel is lesion.
  /// - Returns: 0...1, never finer than the photograph.
  package func refined(
    _ probabilities: FloatPlane, by image: Image, small: Image, threshold: Float
  ) -> FloatPlane {
    let fit = fit(of: probabilities, guide: small.colourPlanes)
    let width = min(fineness * probabilities.width, image.width)
    let height = min(fineness * probabilities.height, image.height)
    let colours = image.resized(width: width, height: height).converted(toChannels: small.channels)
      .colourPlanes
    var refined = fit.offsets.resized(width: width, height: height)
    for (slopes, colour) in zip(fit.slopes, colours) {
      refined.values.add(slopes.resized(width: width, height: height).values.times(colour.values))
    }
    let across = GaussianBlur(deviation: smoothing * Float(width) / Float(probabilities.width))
    let down = GaussianBlur(deviation: smoothing * Float(height) / Float(probabilities.height))
    refined.values = down.alongColumns(
      across.alongRows(refined.values, width: width, height: height), width: width, height: height)
    let plain = probabilities.resized(width: width, height: height)
    // plain + trust * (refined - plain)
    refined.values.subtract(plain.values)
    refined.values = refined.values.times(fit.trust.resized(width: width, height: height).values)
    refined.values.add(plain.values)
    refined.shift(toCount: plain.values.count { $0 >= threshold }, from: threshold)
    return refined
  }
}

extension Image {
  /// Red, green and blue, 0...1; of a grey picture three times the same.
  fileprivate var colourPlanes: [FloatPlane] {
    (0..<3).map { channel in
      let count = width * height
      var values = [Float](repeating: 0, count: count)
      unsafe pixels.withUnsafeBufferPointer { pixels in
        unsafe values.withUnsafeMutableBufferPointer { values in
          let first = channels == 1 ? 0 : channel
          for index in 0..<count {
            unsafe values[index] = Float(pixels[channels * index + first]) * (1 / 255)
          }
        }
      }
      return FloatPlane(width: width, height: height, values: values)
    }
  }
}

extension FloatPlane {
  /// Adds one number to all values, so that `count` of them are `threshold` or more, give or take those that
  /// differ by less than 1/4096; then limits them to 0...1. Where none or all shall be, nothing is added.
  fileprivate mutating func shift(toCount count: Int, from threshold: Float) {
    var shift: Float = 0
    if count > 0 && count < values.count {
      // From -1/2 to 3/2: lines may lead beyond 0 and 1.
      var histogram = [Int](repeating: 0, count: 8192)
      for value in values { histogram[Int(min(max(value + 0.5, 0), 1.999) * 4096)] += 1 }
      var (step, reached) = (histogram.count, 0)
      while reached < count {
        step -= 1
        reached += histogram[step]
      }
      shift = threshold + 0.5 - Float(step) / 4096
    }
    for index in values.indices { values[index] = min(max(values[index] + shift, 0), 1) }
  }
}
