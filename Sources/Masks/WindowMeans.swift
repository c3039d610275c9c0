/// Means over square windows of planes `[height, width]`; at the edges, over what of a window is there.
struct WindowMeans {
  let width: Int
  let height: Int
  let radius: Int
  /// How many pixels of a row each window has, divided by: `[width]`.
  private let shares: [Float]

  init(width: Int, height: Int, radius: Int) {
    (self.width, self.height, self.radius) = (width, height, radius)
    shares = (0..<width).map { 1 / Float(min($0 + radius, width - 1) - max($0 - radius, 0) + 1) }
  }

  func of(_ values: [Float]) -> [Float] { alongRows(alongColumns(values)) }

  /// The mean of the products without the product of the means.
  func covariance(
    _ first: [Float], _ second: [Float], _ firstMean: [Float], _ secondMean: [Float]
  ) -> [Float] {
    var result = of(first.times(second))
    result.subtract(firstMean, times: secondMean)
    return result
  }

  /// Adds shifted rows, which becomes vector code.
  private func alongRows(_ values: [Float]) -> [Float] {
    var result = values
    unsafe values.withUnsafeBufferPointer { values in
      unsafe result.withUnsafeMutableBufferPointer { result in
        for y in 0..<height {
          let source = unsafe UnsafeBufferPointer(
            rebasing: values[(y * width)..<((y + 1) * width)])
          let sums = unsafe UnsafeMutableBufferPointer(
            rebasing: result[(y * width)..<((y + 1) * width)])
          for distance in 1..<max(min(radius + 1, width), 1) {
            for x in 0..<(width - distance) { unsafe sums[x] += source[x + distance] }
            for x in distance..<width { unsafe sums[x] += source[x - distance] }
          }
          for x in 0..<width { unsafe sums[x] *= shares[x] }
        }
      }
    }
    return result
  }

  private func alongColumns(_ values: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    unsafe values.withUnsafeBufferPointer { values in
      unsafe result.withUnsafeMutableBufferPointer { result in
        for y in 0..<height {
          let sums = unsafe UnsafeMutableBufferPointer(
            rebasing: result[(y * width)..<((y + 1) * width)])
          let window = max(y - radius, 0)...min(y + radius, height - 1)
          for row in window {
            let source = unsafe UnsafeBufferPointer(
              rebasing: values[(row * width)..<((row + 1) * width)])
            for x in 0..<width { unsafe sums[x] += source[x] }
          }
          let share = 1 / Float(window.count)
          for x in 0..<width { unsafe sums[x] *= share }
        }
      }
    }
    return result
  }
}

extension [Float] {
  /// Element by element; of equal length.
  func times(_ other: [Float]) -> [Float] {
    var result = self
    unsafe other.withUnsafeBufferPointer { other in
      unsafe result.withUnsafeMutableBufferPointer { result in
        for index in 0..<Swift.min(result.count, other.count) {
          unsafe result[index] *= other[index]
        }
      }
    }
    return result
  }

  mutating func add(_ other: [Float]) {
    unsafe other.withUnsafeBufferPointer { other in
      unsafe withUnsafeMutableBufferPointer { result in
        for index in 0..<Swift.min(result.count, other.count) {
          unsafe result[index] += other[index]
        }
      }
    }
  }

  mutating func subtract(_ other: [Float]) {
    unsafe other.withUnsafeBufferPointer { other in
      unsafe withUnsafeMutableBufferPointer { result in
        for index in 0..<Swift.min(result.count, other.count) {
          unsafe result[index] -= other[index]
        }
      }
    }
  }

  mutating func subtract(_ other: [Float], times factors: [Float]) {
    unsafe other.withUnsafeBufferPointer { other in
      unsafe factors.withUnsafeBufferPointer { factors in
        unsafe withUnsafeMutableBufferPointer { result in
          for index in 0..<Swift.min(result.count, other.count, factors.count) {
            unsafe result[index] -= other[index] * factors[index]
          }
        }
      }
    }
  }
}
