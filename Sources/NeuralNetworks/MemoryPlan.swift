/// A block that is needed during an interval of steps.
package struct MemoryRequest: Equatable {
  /// Floats.
  package var count: Int
  /// First step that writes it.
  package var first: Int
  /// Last step that reads it.
  package var last: Int

  package init(count: Int, first: Int, last: Int) {
    (self.count, self.first, self.last) = (count, first, last)
  }
}

/// Places blocks in one arena so that blocks needed at the same time never overlap.
///
/// Greedy by size: the largest block first, each at the lowest offset that is free during its whole
/// interval. Cost: O(n²) for n blocks, once per network and input size. Source: Pisarchyk and Lee,
/// "Efficient memory management for deep neural net inference" (greedy by size).
package struct MemoryPlan: Equatable {
  /// First Float of each request, in the order of the requests; multiples of 16.
  package var offsets: [Int]
  /// Floats of the arena.
  package var totalCount: Int

  package init(_ requests: [MemoryRequest]) {
    offsets = [Int](repeating: 0, count: requests.count)
    totalCount = 0
    var placed: [Int] = []
    let bySize = requests.indices.sorted {
      (requests[$0].count, $1) > (requests[$1].count, $0)
    }
    for index in bySize {
      let request = requests[index]
      let size = Self.aligned(request.count)
      let others = placed.filter {
        requests[$0].first <= request.last && requests[$0].last >= request.first
      }.sorted { offsets[$0] < offsets[$1] }
      var offset = 0
      for other in others {
        if offsets[other] >= offset + size { break }
        offset = max(offset, offsets[other] + Self.aligned(requests[other].count))
      }
      offsets[index] = offset
      totalCount = max(totalCount, offset + size)
      placed.append(index)
    }
  }

  private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
