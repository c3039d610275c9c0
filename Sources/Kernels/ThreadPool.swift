import CKernels
import Glibc
import Synchronization

/// A fixed set of worker threads plus the calling thread, for loops whose iterations are
/// independent.
///
/// Each thread begins with a share of its own, of neighbouring indices, and when that is done helps
/// the others with theirs. Loops over the same planes thereby meet, in each thread, what its own
/// processor has in its caches, which counts most where processors do not share one; and a thread
/// that the kernel takes away only slows down the index in its hands. A worker looks out for the next loop for about 50 µs, then sleeps: a network's
/// loops follow each other within a few µs, and an idle process costs nothing. One loop runs at a
/// time: a second caller waits. Calling `parallelFor` from inside a loop's body is a programmer's
/// mistake.
public final class ThreadPool: Sendable {
  /// Threads that take part in a loop, the caller included.
  public let threadCount: Int

  private let state: PoolState
  private let workers: [WorkerHandle]
  private let turn = Mutex<Void>(())

  /// Starts `threadCount - 1` workers; nil means `usableProcessorCount()`.
  public init(threadCount: Int? = nil) {
    let count = max(1, threadCount ?? usableProcessorCount())
    let state = PoolState(workerCount: count - 1)
    self.threadCount = count
    self.state = state
    self.workers = (1..<count).map { _ in WorkerHandle(state) }
  }

  deinit {
    state.stop()
    for worker in workers { worker.join() }
  }

  /// Runs `body(0)` … `body(count - 1)` on all threads and returns when all have returned.
  ///
  /// `body` may write only to memory that no other index touches. Without locks of its own it sees
  /// everything written before the call, and its writes are seen after it.
  public func parallelFor(_ count: Int, _ body: (_ index: Int) -> Void) {
    parallelFor(count) { index, _ in body(index) }
  }

  /// The same, and `body` is told which thread, 0 ..< `threadCount`, it runs on, so that each can
  /// use scratch memory of its own.
  public func parallelFor(_ count: Int, _ body: (_ index: Int, _ thread: Int) -> Void) {
    guard count > 1, threadCount > 1 else {
      for index in 0..<max(0, count) { body(index, 0) }
      return
    }
    turn.withLock { _ in
      withoutActuallyEscaping(body) { escapable in
        unsafe withUnsafePointer(to: escapable) { unsafe state.run(count: count, body: $0) }
      }
    }
  }
}

/// What the caller and the workers share: the loop in hand and who still works on it.
@safe private final class PoolState: @unchecked Sendable {
  /// Looks before a waiting thread goes to sleep; each takes some 10 to 50 ns.
  private static let looksBeforeSleep = 2000

  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let started: UnsafeMutablePointer<pthread_cond_t>
  private let finished: UnsafeMutablePointer<pthread_cond_t>
  private let workerCount: Int
  /// The next index of each thread's share.
  private let shares: [Share]
  private let nextThread = Atomic<Int>(0)
  /// Number of the loop in hand. Who sleeps has said so before it looks at this number a last time,
  /// and who moves it looks for sleepers afterwards, so no call to wake is lost.
  private let generation = Atomic<Int>(0)
  private let workersLeft = Atomic<Int>(0)
  private let sleepingWorkers = Atomic<Int>(0)
  private let callerSleeps = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)
  // Written by the caller before `generation` moves, read by workers after they saw it move.
  private var count = 0
  // A pointer, because a worker's reference would outlive `withoutActuallyEscaping`.
  private var body: UnsafePointer<(Int, Int) -> Void>?

  init(workerCount: Int) {
    self.workerCount = workerCount
    shares = (0...workerCount).map { _ in Share() }
    unsafe mutex = .allocate(capacity: 1)
    unsafe started = .allocate(capacity: 1)
    unsafe finished = .allocate(capacity: 1)
    unsafe pthread_mutex_init(mutex, nil)
    unsafe pthread_cond_init(started, nil)
    unsafe pthread_cond_init(finished, nil)
  }

  deinit {
    unsafe pthread_cond_destroy(finished)
    unsafe pthread_cond_destroy(started)
    unsafe pthread_mutex_destroy(mutex)
    unsafe finished.deallocate()
    unsafe started.deallocate()
    unsafe mutex.deallocate()
  }

  func run(count: Int, body: UnsafePointer<(Int, Int) -> Void>) {
    self.count = count
    unsafe self.body = unsafe body
    for thread in shares.indices {
      shares[thread].next.store(start(thread, count), ordering: .relaxed)
    }
    workersLeft.store(workerCount, ordering: .relaxed)
    generation.wrappingAdd(1, ordering: .sequentiallyConsistent)
    if sleepingWorkers.load(ordering: .sequentiallyConsistent) > 0 { unsafe wake(started) }

    unsafe takeIndices(count, thread: 0, body)

    unsafe wait(on: finished) {
      workersLeft.load(ordering: .sequentiallyConsistent) == 0
    } whileAsleep: {
      callerSleeps.store($0, ordering: .sequentiallyConsistent)
    }
    unsafe self.body = nil
  }

  func stop() {
    isStopping.store(true, ordering: .sequentiallyConsistent)
    unsafe wake(started)
  }

  func workUntilStopped() {
    let thread = nextThread.wrappingAdd(1, ordering: .relaxed).newValue
    var seen = 0
    while true {
      unsafe wait(on: started) {
        generation.load(ordering: .sequentiallyConsistent) != seen
          || isStopping.load(ordering: .relaxed)
      } whileAsleep: { isAsleep in
        sleepingWorkers.wrappingAdd(isAsleep ? 1 : -1, ordering: .sequentiallyConsistent)
      }
      if isStopping.load(ordering: .relaxed) { return }
      seen = generation.load(ordering: .sequentiallyConsistent)
      if let body = unsafe body { unsafe takeIndices(count, thread: thread, body) }
      let left = workersLeft.wrappingSubtract(1, ordering: .sequentiallyConsistent).newValue
      if left == 0, callerSleeps.load(ordering: .sequentiallyConsistent) {
        unsafe wake(finished)
      }
    }
  }

  /// Returns when `isTrue`: looks for a while, then sleeps until woken.
  private func wait(
    on condition: UnsafeMutablePointer<pthread_cond_t>, until isTrue: () -> Bool,
    whileAsleep: (Bool) -> Void
  ) {
    for _ in 0..<Self.looksBeforeSleep {
      if isTrue() { return }
      ck_pause()
    }
    unsafe pthread_mutex_lock(mutex)
    whileAsleep(true)
    while !isTrue() { unsafe pthread_cond_wait(condition, mutex) }
    whileAsleep(false)
    unsafe pthread_mutex_unlock(mutex)
  }

  private func wake(_ condition: UnsafeMutablePointer<pthread_cond_t>) {
    unsafe pthread_mutex_lock(mutex)
    unsafe pthread_cond_broadcast(condition)
    unsafe pthread_mutex_unlock(mutex)
  }

  private func takeIndices(
    _ count: Int, thread: Int, _ body: UnsafePointer<(Int, Int) -> Void>
  ) {
    for offset in shares.indices {
      let owner = (thread + offset) % shares.count
      let end = start(owner + 1, count)
      while true {
        let index = shares[owner].next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < end else { break }
        unsafe body.pointee(index, thread)
      }
    }
  }

  /// Where a thread's share of `count` indices begins.
  private func start(_ thread: Int, _ count: Int) -> Int { count * thread / shares.count }
}

/// What is left of one thread's share; an object of its own, so that shares lie in different lines of
/// the caches.
private final class Share: Sendable {
  let next = Atomic<Int>(0)
  private let padding: (Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0)
}

/// One worker thread, joined once.
private struct WorkerHandle: @unchecked Sendable {
  private let thread: pthread_t

  init(_ state: PoolState) {
    var thread = pthread_t()
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)

    let context = unsafe Unmanaged.passRetained(state).toOpaque()
    let status = unsafe pthread_create(
      &thread, &attributes,
      { context in
        guard let context = unsafe context else { return nil }
        blockAllSignals()
        let state = unsafe Unmanaged<PoolState>.fromOpaque(context).takeRetainedValue()
        state.workUntilStopped()
        return nil
      }, context)
    unsafe pthread_attr_destroy(&attributes)
    precondition(status == 0, "no thread could be started (errno \(status)): raise TasksMax")
    self.thread = thread
  }

  func join() { pthread_join(thread, nil) }
}

/// Signals belong to the main thread: a worker that took SIGTERM would be in the middle of a
/// product.
private func blockAllSignals() {
  var signals = sigset_t()
  unsafe sigfillset(&signals)
  unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
}
