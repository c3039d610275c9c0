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
/// Greedy: one block after another, the largest first, each at the lowest offset that is free during
/// its whole interval. What that order loses between blocks (8 % for training the seed network), a
/// few hundred random changes of the order win back: a change stays when the arena does not grow.
/// The same requests always give the same plan. Cost: O(tries · n²) for n blocks, some 10 ms, once
/// per network and input size. Source: Pisarchyk and Lee, "Efficient memory management for deep
/// neural net inference" (greedy by size).
package struct MemoryPlan: Equatable {
  /// First Float of each request, in the order of the requests; multiples of 16.
  package var offsets: [Int]
  /// Floats of the arena.
  package var totalCount: Int

  private static let tries = 300

  package init(_ requests: [MemoryRequest]) {
    var order = requests.indices.sorted { (requests[$0].count, $1) > (requests[$1].count, $0) }
    self.init(requests, order: order)
    let leastCount = Self.leastCount(requests)
    var generator = SeededGenerator(seed: 1)
    for _ in 0..<Self.tries where totalCount > leastCount + leastCount / 20 {
      var changed = order
      let moved = changed.remove(at: Int(generator.next() % UInt64(order.count)))
      changed.insert(moved, at: Int(generator.next() % UInt64(order.count)))
      let plan = MemoryPlan(requests, order: changed)
      if plan.totalCount <= totalCount { (self, order) = (plan, changed) }
    }
  }

  /// Floats needed at the step that needs most: no plan is smaller.
  private static func leastCount(_ requests: [MemoryRequest]) -> Int {
    requests.map { start in
      requests.reduce(0) {
        $0 + ($1.first <= start.first && $1.last >= start.first ? aligned($1.count) : 0)
      }
    }.max() ?? 0
  }

  private init(_ requests: [MemoryRequest], order: [Int]) {
    offsets = [Int](repeating: 0, count: requests.count)
    totalCount = 0
    var placed: [Int] = []
    for index in order {
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
