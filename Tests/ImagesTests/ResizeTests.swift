import Images
import Testing

/// The plain-loop twin of `resized`: every target sample from the definition, in `Double`.
private func plainWeights(_ index: Int, source: Int, target: Int) -> [(Int, Double)] {
  let scale = Double(source) / Double(target)
  if target < source {
    let begin = Double(index) * scale
    let end = Double(index + 1) * scale
    return (0..<source).compactMap { sample in
      let covered = min(end, Double(sample + 1)) - max(begin, Double(sample))
      return covered > 0 ? (sample, covered / scale) : nil
    }
  }
  let center = min(max((Double(index) + 0.5) * scale - 0.5, 0), Double(source - 1))
  let first = Int(center)
  let second = min(first + 1, source - 1)
  return [(first, 1 - (center - Double(first))), (second, center - Double(first))]
}

private func plainResize(
  _ values: [Double], width: Int, height: Int, channels: Int, toWidth: Int, toHeight: Int
) -> [Double] {
  var result = [Double](repeating: 0, count: toWidth * toHeight * channels)
  for y in 0..<toHeight {
    let rows = plainWeights(y, source: height, target: toHeight)
    for x in 0..<toWidth {
      let columns = plainWeights(x, source: width, target: toWidth)
      for channel in 0..<channels {
        var sum = 0.0
        for (row, rowWeight) in rows {
          for (column, columnWeight) in columns {
            sum +=
              rowWeight * columnWeight * values[(row * width + column) * channels + channel]
          }
        }
        result[(y * toWidth + x) * channels + channel] = sum
      }
    }
  }
  return result
}

@Suite("Resize") struct ResizeTests {
  /// Each pair of source and target size that shrinks, grows or keeps each axis.
  static let cases: [(width: Int, height: Int, toWidth: Int, toHeight: Int)] = [
    (37, 23, 16, 16), (16, 16, 37, 23), (40, 9, 13, 31), (9, 40, 31, 13), (64, 48, 32, 24),
    (1, 1, 5, 7), (5, 7, 1, 1), (100, 3, 7, 3), (3, 100, 3, 7), (8, 8, 8, 16), (17, 5, 18, 4),
    (1, 50, 9, 11), (50, 1, 11, 9),
  ]

  @Test("agrees with the plain loops", arguments: cases, [1, 3])
  func agreesWithPlainLoops(
    sizes: (width: Int, height: Int, toWidth: Int, toHeight: Int), channels: Int
  ) {
    let image = noise(width: sizes.width, height: sizes.height, channels: channels, seed: 7)
    let resized = image.resized(width: sizes.toWidth, height: sizes.toHeight)
    let expected = plainResize(
      image.pixels.map(Double.init), width: sizes.width, height: sizes.height, channels: channels,
      toWidth: sizes.toWidth, toHeight: sizes.toHeight)
    #expect(resized.width == sizes.toWidth)
    #expect(resized.height == sizes.toHeight)
    // Half a step of rounding, and a ten-thousandth for sums in Float.
    let largest = zip(resized.pixels, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
    #expect(largest <= 0.5001)
  }

  @Test("a plane agrees with the plain loops", arguments: cases)
  func planeAgrees(sizes: (width: Int, height: Int, toWidth: Int, toHeight: Int)) {
    let image = noise(width: sizes.width, height: sizes.height, channels: 1, seed: 8)
    let values = image.pixels.map { Float($0) / 255 }
    let resized = FloatPlane(width: sizes.width, height: sizes.height, values: values)
      .resized(width: sizes.toWidth, height: sizes.toHeight)
    let expected = plainResize(
      values.map(Double.init), width: sizes.width, height: sizes.height, channels: 1,
      toWidth: sizes.toWidth, toHeight: sizes.toHeight)
    let largest = zip(resized.values, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
    #expect(largest <= 1e-6)
  }

  @Test("keeps black, white and the orientation") func keepsConstants() {
    for value: UInt8 in [0, 1, 254, 255] {
      var image = Image(width: 301, height: 203, channels: 3, filledWith: value)
      image.orientation = 6
      for (width, height) in [(512, 512), (64, 64), (300, 400), (301, 203)] {
        let resized = image.resized(width: width, height: height)
        #expect(resized.pixels.allSatisfy { $0 == value })
        #expect(resized.orientation == 6)
      }
    }
  }
}
