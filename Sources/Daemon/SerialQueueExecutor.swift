import Dispatch

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
}
