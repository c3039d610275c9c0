import Datasets

/// Why a training run did not end with a model.
public enum TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A value of the options is out of range or does not fit the others.
  case badOption(option: String, reason: String)
  /// The training folders are of no use.
  case data(DatasetError)
  /// All photographs of a part went away during the run.
  case nothingLeft(String)
  /// The network cannot be built or fed.
  case network(String)
  /// The loss or a weight is no number any more.
  case diverged(epoch: Int, step: Int, learningRate: Float)
  /// A checkpoint cannot be used to go on.
  case badCheckpoint(path: String, reason: String)
  /// A checkpoint or a model could not be written.
  case notWritten(reason: String)

  /// One line for the user, to be put behind what was not done.
  public var description: String {
    switch self {
    case .badOption(let option, let reason):
      return "\(option): \(reason)"
    case .data(let error):
      return error.description
    case .nothingLeft(let part):
      return "all photographs \(part) went away while the training ran. Put them back."
    case .network(let reason):
      return reason
    case .diverged(let epoch, let step, let learningRate):
      return
        "loss or weights became infinite in epoch \(epoch), step \(step), at a learning rate of "
        + "\(learningRate). Train with a smaller one."
    case .badCheckpoint(let path, let reason):
      return "\(path): \(reason)"
    case .notWritten(let reason):
      return reason
    }
  }
}
