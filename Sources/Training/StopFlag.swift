import Synchronization
import UnixSignals

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
public nonisolated(nonsending) func withStopOnSignals<Result: Sendable>(
  _ body: nonisolated(nonsending) (StopFlag) async throws -> Result
) async throws -> Result {
  let flag = StopFlag()
  let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
  let listener = Task {
    for await _ in signals { flag.raise() }
  }
  defer { listener.cancel() }
  return try await body(flag)
}
