import CKernels
import Kernels
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test(arguments: [1, 2, 3, 8]) func everyIndexRunsOnce(_ threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    for count in [0, 1, 2, 7, 1000] {
      let seen = (0..<count).map { _ in Total() }
      pool.parallelFor(count) { index in seen[index].increment() }
      #expect(seen.allSatisfy { $0.value == 1 })
    }
  }

  /// The thread with index 0 in its hands is held up until all others have run: somebody else has to
  /// take what is left of its share.
  @Test(.timeLimit(.minutes(1)), arguments: [2, 3]) func theOthersHelp(_ threads: Int) {
    let pool = ThreadPool(threadCount: threads)
    let finished = Total()
    pool.parallelFor(100) { index in
      if index == 0 {
        while finished.value < 99 { ck_pause() }
      } else {
        finished.increment()
      }
    }
    #expect(finished.value == 99)
  }

  @Test func callersTakeTurns() async {
    let pool = ThreadPool(threadCount: 2)
    let total = Total()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<100 { pool.parallelFor(10) { _ in total.increment() } }
        }
      }
    }
    #expect(total.value == 8000)
  }

  @Test func processorLimitsAreRead() {
    #expect(quota("200000 100000\n") == [2])
    #expect(quota("max 100000\n").isEmpty)
    #expect(quota("-1\n 100000\n").isEmpty)
    #expect(quota("").isEmpty)
    #expect(usableProcessorCount() >= 1)
  }
}

private final class Total: Sendable {
  private let count = Atomic<Int>(0)
  func increment() { count.add(1, ordering: .relaxed) }
  var value: Int { count.load(ordering: .relaxed) }
}
