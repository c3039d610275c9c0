import NeuralNetworks

/// Where a training run stands between two steps: all that is needed to go on as if nothing had happened.
struct RunState: Sendable, Equatable {
  /// Epochs that are over.
  var epochsDone = 0
  /// Steps of the next epoch that are done.
  var stepsDone = 0
  /// Sums over those steps.
  var sums = EpochSums()
  /// Seconds that the run took until now, over all its parts.
  var seconds = 0.0
  /// Seconds that the epoch in hand took until now.
  var epochSeconds = 0.0
  /// The epochs that are over.
  var history: [EpochReport] = []
  /// Epochs since the one with the smallest validation loss.
  var epochsWithoutGain: Int {
    let best = history.map(\.validationLoss).min()
    return history.reversed().prefix { $0.validationLoss != best }.count
  }
  /// The average of the weights, if one is kept.
  var average: WeightAverage?
  /// The epoch with the smallest validation loss, and its weights.
  var best: BestEpoch?
}

/// Sums from which an epoch's means are made.
struct EpochSums: Sendable, Equatable {
  var loss = 0.0
  var correctPixels = 0
  var intersection = 0
  var predicted = 0
  var truth = 0
  var pixels = 0
  var images = 0

  mutating func add(_ result: BatchResult, images count: Int) {
    loss += Double(result.loss) * Double(count)
    correctPixels += result.correctPixels
    intersection += result.intersection
    predicted += result.predicted
    truth += result.truth
    pixels += result.pixels
    images += count
  }

  var meanLoss: Double { images == 0 ? 0 : loss / Double(images) }
  /// Over all pixels together; 1 where neither truth nor prediction has a lesion.
  var dice: Double {
    predicted + truth == 0 ? 1 : 2 * Double(intersection) / Double(predicted + truth)
  }
  var accuracy: Double { pixels == 0 ? 0 : Double(correctPixels) / Double(pixels) }
}

/// The weights of the epoch that did best on the held-out photographs.
///
/// Best is the smallest loss and not the largest Jaccard index: with 20 photographs the index jumps from epoch to
/// epoch, and a lucky early one ends a run too soon (docs/default-model.md).
struct BestEpoch: Sendable, Equatable {
  /// Counted from 1.
  var epoch: Int
  var parameters: [String: Tensor]
}
