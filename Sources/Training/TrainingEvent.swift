import Datasets

/// What one epoch came to.
public struct EpochReport: Sendable, Equatable {
  /// Counted from 1.
  public var epoch: Int
  /// Epochs of the run.
  public var epochs: Int
  /// Mean cross-entropy per pixel over the training part, while it was being learnt from.
  public var trainingLoss: Double
  /// Share of pixels classified right, likewise.
  public var trainingAccuracy: Double
  /// Mean cross-entropy per pixel over the held-out part, after the epoch.
  public var validationLoss: Double
  /// Share of held-out pixels classified right.
  public var validationAccuracy: Double
  /// Mean Jaccard index over the held-out images, at the network's size.
  public var validationJaccard: Double
  /// Mean Dice coefficient over the held-out images, at the network's size.
  public var validationDice: Double
  /// The last step's learning rate.
  public var learningRate: Float
  /// What the epoch took, validation included.
  public var seconds: Double

  /// Puts an epoch's numbers together.
  public init(
    epoch: Int, epochs: Int, trainingLoss: Double, trainingAccuracy: Double, validationLoss: Double,
    validationAccuracy: Double, validationJaccard: Double, validationDice: Double,
    learningRate: Float, seconds: Double
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.trainingLoss = trainingLoss
    self.trainingAccuracy = trainingAccuracy
    self.validationLoss = validationLoss
    self.validationAccuracy = validationAccuracy
    self.validationJaccard = validationJaccard
    self.validationDice = validationDice
    self.learningRate = learningRate
    self.seconds = seconds
  }
}

/// What a training run tells while it runs.
public enum TrainingEvent: Sendable {
  /// `done` of `count` photographs are decoded.
  case prepared(done: Int, count: Int)
  /// An interrupted run goes on; these epochs are over.
  case resumed([EpochReport])
  /// Steps begin.
  case started(
    trainingImages: Int, validationImages: Int, firstEpoch: Int, firstStep: Int,
    stepsPerEpoch: Int)
  /// A step was made. Steps and epochs are counted from 1; `loss` is the epoch's mean so far.
  case step(StepReport)
  /// An epoch and its validation are over; `isBest` if no earlier one had a smaller validation loss.
  case epoch(EpochReport, isBest: Bool)
  /// The state of the run is on disk.
  case checkpoint
  /// A photograph that was good at the beginning cannot be had any more; the run goes on without it.
  case leftOut(LostPair)
  /// Something that should be said about the run.
  case note(String)
}

/// Where a training run is.
public struct StepReport: Sendable, Equatable {
  /// Counted from 1.
  public var epoch: Int
  /// Epochs of the run.
  public var epochs: Int
  /// Steps of this epoch that are done.
  public var step: Int
  /// Steps of an epoch.
  public var stepsPerEpoch: Int
  /// The epoch's mean loss so far.
  public var loss: Double
  /// The epoch's Dice coefficient so far, over all its pixels together.
  public var dice: Double
  /// What the rest of the run will take, from what it took so far; nil before that can be told.
  public var remaining: Duration?

  /// Puts a step's numbers together.
  public init(
    epoch: Int, epochs: Int, step: Int, stepsPerEpoch: Int, loss: Double, dice: Double,
    remaining: Duration?
  ) {
    self.epoch = epoch
    self.epochs = epochs
    self.step = step
    self.stepsPerEpoch = stepsPerEpoch
    self.loss = loss
    self.dice = dice
    self.remaining = remaining
  }
}
