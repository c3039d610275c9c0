import Datasets
import Files
import ModelStore

/// What a rebuild tells while it runs.
public enum RebuildEvent: Sendable {
  /// A pair is of no use.
  case skipped(SkippedPair)
  /// A pair is used, but something about it should be said.
  case remark(SkippedPair)
  /// The training proceeds.
  case training(TrainingEvent)
  /// The model in service cannot be used, and why; a new one replaces it if it is good enough by itself.
  case currentUnusable(ModelStoreError)
  /// An old model was removed from the store.
  case removed(id: String)
  /// Old models could not be removed.
  case notPruned(ModelStoreError)
}

/// How a rebuild ended.
public enum RebuildOutcome: Sendable, Equatable {
  /// Nothing in the training folder changed since the last rebuild, which said this.
  case nothingChanged(String)
  /// There is too little to learn from.
  case tooFewPairs(String)
  /// The rebuild was told to stop; the next one goes on.
  case stopped
  /// The new model is in the store and not good enough; the one in service stays.
  case kept(id: String, PromotionDecision)
  /// The new model is in service.
  case published(id: String, PromotionDecision)

  /// One line for people.
  public var message: String {
    switch self {
    case .nothingChanged(let last):
      return "Nothing changed in the training folder since the last rebuild. It ended with: \(last)"
    case .tooFewPairs(let reason):
      return "Not trained: \(reason)"
    case .stopped:
      return "Stopped as told; the next start goes on from here."
    case .kept(let id, let decision):
      return "Model not replaced: \(id) is \(decision.message)"
    case .published(let id, let decision):
      return "Model \(id) is in service: it is \(decision.message)"
    }
  }
}

/// Why a rebuild could not be done.
public enum RebuildError: Error, Sendable, Equatable {
  /// Another rebuild is at work.
  case alreadyRunning(holder: Int32?)
  /// The state directory cannot be used.
  case state(FileError)
  /// The training failed.
  case training(TrainingError)
  /// The store cannot be written.
  case store(ModelStoreError)
  /// The new model cannot be run.
  case unusable(String)
}

extension RebuildError: CustomStringConvertible {
  /// What was not done, why, and what to do.
  public var description: String {
    switch self {
    case .alreadyRunning(let holder):
      let who = holder.map { "process \($0)" } ?? "another process"
      return "Not trained: \(who) is training already. It will end by itself."
    case .state(let error):
      return "Not trained: the state directory: \(error)"
    case .training(let error):
      return "Not trained: \(error)"
    case .store(let error):
      return "Model not replaced: \(error)"
    case .unusable(let reason):
      return "Model not replaced: \(reason)"
    }
  }

  /// The exit code of sysexits.h that says so.
  public var exitCode: Int32 {
    switch self {
    case .alreadyRunning: return 75
    case .store(.locked): return 75
    case .state, .store: return 73
    case .unusable: return 69
    case .training(let error):
      switch error {
      case .badOption, .data: return 78
      case .nothingLeft: return 75
      case .network, .diverged: return 69
      case .badCheckpoint, .notWritten: return 73
      }
    }
  }
}
