import Dispatch
import Glibc
import Synchronization

/// Tells a long computation that it should end at the next good moment.
public final class StopFlag: Sendable {
  private let raised = Atomic(false)

  /// Makes a flag that is down.
  public init() {}

  /// Whether somebody raised it.
  public var isRaised: Bool { raised.load(ordering: .relaxed) }

  /// Raises it; it stays up.
  public func raise() { raised.store(true, ordering: .relaxed) }
}

/// Runs `body` with a flag that SIGTERM or SIGINT raises.
///
/// The signals are heard on a thread of their own: the computation may keep all others busy.
///
/// - Parameters:
///   - grace: how long `body` may go on after the signal.
///   - overdue: called when it took longer, on that thread; should end the process.
public nonisolated(nonsending) func withStopOnSignals<Result: Sendable>(
  grace: Duration = .seconds(6), overdue: @escaping @Sendable () -> Void,
  _ body: nonisolated(nonsending) (StopFlag) async throws -> Result
) async throws -> Result {
  let flag = StopFlag()
  let queue = DispatchQueue(label: "stop")
  let sources = [SIGTERM, SIGINT].map { number in
    // Without this the signal would end the process before anybody hears of it.
    signal(number, SIG_IGN)
    let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
    source.setEventHandler {
      guard !flag.isRaised else { return }
      flag.raise()
      let seconds = Double(grace.components.seconds) + Double(grace.components.attoseconds) * 1e-18
      queue.asyncAfter(deadline: .now() + seconds, execute: overdue)
    }
    source.resume()
    return source
  }
  defer { for source in sources { source.cancel() } }
  return try await body(flag)
}
