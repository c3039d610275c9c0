import Synchronization

/// The state of a run before the step in hand, for a process that cannot wait until a long step is over.
///
/// It is kept only where steps take seconds: copying it then costs little beside them. Memory: three times
/// the weights, and the best epoch's and the average's.
public final class StepSnapshot: Sendable {
  private struct State {
    var kept: (slots: CheckpointSlots, checkpoint: Checkpoint, slot: Int)?
    var isClosed = false
  }

  private let state = Mutex(State())

  /// Steps that take longer than this are worth a copy.
  static let worthwhile = Duration.seconds(2)

  /// Holds nothing.
  public init() {}

  func keep(_ checkpoint: Checkpoint, in slots: CheckpointSlots, slot: Int) {
    state.withLock { $0.kept = (slots, checkpoint, slot) }
  }

  func clear() {
    state.withLock { $0.kept = nil }
  }

  /// Runs the trainer's own writing, unless ``save()`` was called: the process is then about to end.
  func writing<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
    try state.withLock { state throws(Failure) in
      if !state.isClosed { try body() }
    }
  }

  /// Writes the state before the step in hand, from any thread; the run writes nothing after that.
  ///
  /// - Returns: false when there was nothing to write: what is on disk is the state, or is all there is.
  @discardableResult
  public func save() throws(TrainingError) -> Bool {
    try state.withLock { state throws(TrainingError) in
      state.isClosed = true
      guard let kept = state.kept else { return false }
      try kept.slots.write(kept.checkpoint, slot: kept.slot)
      return true
    }
  }
}
