import Images

extension GuidedFilter {
  /// Probabilities in more pixels, whose border lies where the photograph has its edges.
  ///
  /// The filter works at the network's size; its lines are enlarged linearly to ``fineness`` times that and
  /// applied to the photograph's brightness there (the luma of ITU-R BT.601, which JPEG keeps at full size
  /// where it halves the colours). So much is not all that the photograph has: its finest texture would fringe
  /// the border. What is left of that is smoothed. The guide says where the border is and not how large the
  /// lesion is: the probabilities are shifted by one number so that as many pixels are lesion as without it.
  ///
  /// Source: He and Sun, "Fast guided filter", arXiv:1505.00996 (2015); area, fineness and smoothing are this
  /// program's, docs/masks.md has the comparison. Memory: seven planes of the finer size. Cost: one pass over
  /// the photograph and about 40 over the finer size.
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
    let lines = lines(of: probabilities, guide: FloatPlane(brightnessOf: small))
    let width = min(fineness * probabilities.width, image.width)
    let height = min(fineness * probabilities.height, image.height)
    var refined = FloatPlane(brightnessOf: image.resized(width: width, height: height))
    let slopes = lines.slopes.resized(width: width, height: height)
    let offsets = lines.offsets.resized(width: width, height: height)
    for index in refined.values.indices {
      refined.values[index] = slopes.values[index] * refined.values[index] + offsets.values[index]
    }
    let across = GaussianBlur(
      deviation: smoothing * Float(width) / Float(probabilities.width))
    let down = GaussianBlur(deviation: smoothing * Float(height) / Float(probabilities.height))
    refined.values = down.alongColumns(
      across.alongRows(refined.values, width: width, height: height), width: width, height: height)
    let plain = probabilities.resized(width: width, height: height)
    refined.shift(toCount: plain.values.count { $0 >= threshold }, from: threshold)
    return refined
  }
}

extension FloatPlane {
  /// The brightness of an image, 0...1.
  fileprivate init(brightnessOf image: Image) {
    let count = image.width * image.height
    var values = [Float](repeating: 0, count: count)
    let channels = image.channels
    unsafe image.pixels.withUnsafeBufferPointer { pixels in
      unsafe values.withUnsafeMutableBufferPointer { values in
        for index in 0..<count {
          if channels == 1 {
            unsafe values[index] = Float(pixels[index]) * (1 / 255)
          } else {
            let red = unsafe Float(pixels[3 * index]) * (0.299 / 255)
            let green = unsafe Float(pixels[3 * index + 1]) * (0.587 / 255)
            let blue = unsafe Float(pixels[3 * index + 2]) * (0.114 / 255)
            unsafe values[index] = red + green + blue
          }
        }
      }
    }
    self.init(width: image.width, height: image.height, values: values)
  }

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
