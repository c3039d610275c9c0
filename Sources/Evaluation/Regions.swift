/// A black-and-white plane and what belongs together in it.
package struct BinaryPlane: Sendable, Equatable {
  package let width: Int
  package let height: Int
  /// [height, width]
  package var isSet: [Bool]

  package init(width: Int, height: Int, isSet: [Bool]) {
    precondition(isSet.count == width * height, "a plane is [height, width]")
    self.width = width
    self.height = height
    self.isSet = isSet
  }

  /// Pixels that hang together over their sides, as lists of pixel indices, in reading order of
  /// their first pixel.
  package func regions() -> [[Int]] {
    var seen = isSet.map { !$0 }
    var regions: [[Int]] = []
    for start in seen.indices where !seen[start] {
      seen[start] = true
      var region = [start]
      var next = 0
      while next < region.count {
        for neighbour in neighbours(of: region[next]) where !seen[neighbour] {
          seen[neighbour] = true
          region.append(neighbour)
        }
        next += 1
      }
      regions.append(region)
    }
    return regions
  }

  /// Sets what is enclosed: background that does not reach the edge.
  package mutating func fillHoles() {
    let background = BinaryPlane(width: width, height: height, isSet: isSet.map { !$0 })
    for region in background.regions() where !region.contains(where: isOnEdge) {
      for pixel in region { isSet[pixel] = true }
    }
  }

  private func isOnEdge(_ pixel: Int) -> Bool {
    let (x, y) = (pixel % width, pixel / width)
    return x == 0 || y == 0 || x == width - 1 || y == height - 1
  }

  private func neighbours(of pixel: Int) -> [Int] {
    let (x, y) = (pixel % width, pixel / width)
    var found: [Int] = []
    found.reserveCapacity(4)
    if x > 0 { found.append(pixel - 1) }
    if x < width - 1 { found.append(pixel + 1) }
    if y > 0 { found.append(pixel - width) }
    if y < height - 1 { found.append(pixel + width) }
    return found
  }
}
