@unsafe @preconcurrency import Dispatch

/// Runs an actor's jobs one after another on a dispatch queue's own thread.
///
/// Seconds of convolution, or a disk that hangs, must not block the few threads of Swift's
/// cooperative pool. (`DispatchSerialQueue`, which is an executor by itself, does not exist on
/// Linux.)
final class SerialQueueExecutor: SerialExecutor {
  private let queue: DispatchQueue

  init(label: String) { queue = DispatchQueue(label: label) }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { unsafe job.runSynchronously(on: self.asUnownedSerialExecutor()) }
  }

  /// Runs something after the jobs that wait now.
  func afterWaitingJobs(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }
}

/// One timer that is set anew, over and over.
///
/// Its own queue, because a sleeping task wakes up on the cooperative pool, whose few threads may all be
/// blocked.
final class WakeUpTimer: Sendable {
  private let source: any DispatchSourceTimer

  /// - Parameter wake: Called on a queue of its own.
  init(_ wake: @escaping @Sendable () -> Void) {
    source = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "dermseg.timer"))
    source.setEventHandler(handler: wake)
    source.schedule(deadline: .distantFuture)
    source.activate()
  }

  deinit { source.cancel() }

  /// When to wake; nil: never. In place of what was set before.
  func set(to delay: Duration?) {
    guard let delay else { return source.schedule(deadline: .distantFuture) }
    let nanoseconds = delay.components.attoseconds / 1_000_000_000
    // Never too early: a look that comes too early would have to be repeated.
    source.schedule(
      deadline: .now() + .seconds(Int(max(0, delay.components.seconds)))
        + .nanoseconds(max(0, Int(nanoseconds)) + 100_000))
  }
}
