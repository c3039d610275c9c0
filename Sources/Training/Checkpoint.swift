import Files
import NeuralNetworks
import SystemPackage
import UNets

/// A training run on disk: a safetensors file with weights, moments, the run's numbers and a check sum.
struct Checkpoint: Sendable, Equatable {
  /// The options and data that the run belongs to.
  var fingerprint: String
  var state: RunState
  var parameters: [String: Tensor]
  var optimizer: OptimizerState

  private static let format = "dermseg checkpoint 2"
  private static let groups = (
    weights: "weights/", first: "first/", second: "second/", average: "average/", best: "best/"
  )
  /// Weights, two moments and the best weights of the full network are 500 MB.
  private static let limitBytes = 8 << 30

  /// Whether the other one is of a later step.
  func isOlder(than other: Checkpoint) -> Bool {
    (state.epochsDone, state.stepsDone) < (other.state.epochsDone, other.state.stepsDone)
  }

  /// Reads a file that holds what ``serialized()`` made; nil if there is none.
  ///
  /// - Throws: `TrainingError.badCheckpoint`.
  static func read(from path: FilePath) throws(TrainingError) -> Checkpoint? {
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try readRegularFile(at: path, limitBytes: limitBytes).bytes
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .badCheckpoint(path: path.displayed, reason: error.reason)
    }
    let file: SafeTensorsFile
    do throws(SafeTensorsError) {
      file = try SafeTensorsFile(parsing: bytes)
    } catch {
      throw .badCheckpoint(path: path.displayed, reason: "\(error). \(advice)")
    }
    guard EmbeddedChecksum.isRight(in: bytes, sum: file.metadata[EmbeddedChecksum.key] ?? "") else {
      throw .badCheckpoint(path: path.displayed, reason: "its check sum is wrong. \(advice)")
    }
    if let checkpoint = Checkpoint(file) { return checkpoint }
    throw .badCheckpoint(
      path: path.displayed, reason: "it is not a checkpoint of this version. \(advice)")
  }

  private static let advice = "Delete it to begin anew."

  /// The file's bytes.
  func serialized() -> [UInt8] {
    var tensors: [(name: String, tensor: Tensor)] = []
    func add(_ group: String, _ values: [String: Tensor]) {
      for name in values.keys.sorted() {
        if let tensor = values[name] { tensors.append((group + name, tensor)) }
      }
    }
    add(Self.groups.weights, parameters)
    add(Self.groups.first, optimizer.firstMoments)
    add(Self.groups.second, optimizer.secondMoments)
    add(Self.groups.average, state.average?.values ?? [:])
    add(Self.groups.best, state.best?.parameters ?? [:])
    var metadata = [
      "format": Self.format, "fingerprint": fingerprint,
      "epochsDone": "\(state.epochsDone)", "stepsDone": "\(state.stepsDone)",
      "loss": "\(state.sums.loss)", "correctPixels": "\(state.sums.correctPixels)",
      "pixels": "\(state.sums.pixels)", "images": "\(state.sums.images)",
      "intersection": "\(state.sums.intersection)", "predicted": "\(state.sums.predicted)",
      "truth": "\(state.sums.truth)", EmbeddedChecksum.key: EmbeddedChecksum.blank,
      "seconds": "\(state.seconds)", "epochSeconds": "\(state.epochSeconds)",
      "optimizerStep": "\(optimizer.step)",
      "history": state.history.map(\.record).joined(separator: "\n"),
    ]
    if let best = state.best { metadata["bestEpoch"] = "\(best.epoch)" }
    var bytes = SafeTensorsFile(tensors: tensors, metadata: metadata).serialized()
    EmbeddedChecksum.fill(in: &bytes)
    return bytes
  }

  init(
    fingerprint: String, state: RunState, parameters: [String: Tensor], optimizer: OptimizerState
  ) {
    self.fingerprint = fingerprint
    self.state = state
    self.parameters = parameters
    self.optimizer = optimizer
  }

  private init?(_ file: SafeTensorsFile) {
    func group(_ prefix: String) -> [String: Tensor] {
      var values: [String: Tensor] = [:]
      for (name, tensor) in file.tensors where name.hasPrefix(prefix) {
        values[String(name.dropFirst(prefix.count))] = tensor
      }
      return values
    }
    let metadata = file.metadata
    func integer(_ key: String) -> Int? { metadata[key].flatMap { Int($0) } }
    func number(_ key: String) -> Double? { metadata[key].flatMap { Double($0) } }
    guard metadata["format"] == Self.format, let fingerprint = metadata["fingerprint"],
      let epochsDone = integer("epochsDone"), let stepsDone = integer("stepsDone"),
      let loss = number("loss"), let correctPixels = integer("correctPixels"),
      let pixels = integer("pixels"), let images = integer("images"),
      let intersection = integer("intersection"), let predicted = integer("predicted"),
      let truth = integer("truth"),
      let seconds = number("seconds"), let epochSeconds = number("epochSeconds"),
      let optimizerStep = integer("optimizerStep"), let lines = metadata["history"],
      epochsDone >= 0, stepsDone >= 0, optimizerStep >= 0
    else { return nil }
    let history = lines.split(separator: "\n").compactMap { EpochReport(record: $0) }
    guard history.count == epochsDone else { return nil }
    self.fingerprint = fingerprint
    state = RunState(
      epochsDone: epochsDone, stepsDone: stepsDone,
      sums: EpochSums(
        loss: loss, correctPixels: correctPixels, intersection: intersection, predicted: predicted,
        truth: truth, pixels: pixels, images: images),
      seconds: seconds, epochSeconds: epochSeconds, history: history)
    if let epoch = integer("bestEpoch") {
      state.best = BestEpoch(epoch: epoch, parameters: group(Self.groups.best))
    }
    let average = group(Self.groups.average)
    if !average.isEmpty { state.average = WeightAverage(average) }
    parameters = group(Self.groups.weights)
    optimizer = OptimizerState(
      step: optimizerStep, firstMoments: group(Self.groups.first),
      secondMoments: group(Self.groups.second))
  }
}

extension EpochReport {
  /// All numbers with a space between; Swift prints a number so that reading it gives the same bits.
  fileprivate var record: String {
    "\(epoch) \(epochs) \(trainingLoss) \(trainingAccuracy) \(validationLoss) \(validationAccuracy) "
      + "\(validationJaccard) \(validationDice) \(learningRate) \(seconds)"
  }

  fileprivate init?(record: Substring) {
    let parts = record.split(separator: " ")
    let numbers = parts.dropFirst(2).compactMap { Double($0) }
    guard parts.count == 10, numbers.count == 8, let epoch = Int(parts[0]),
      let epochs = Int(parts[1]), let rate = Float(parts[8])
    else { return nil }
    self.init(
      epoch: epoch, epochs: epochs, trainingLoss: numbers[0], trainingAccuracy: numbers[1],
      validationLoss: numbers[2], validationAccuracy: numbers[3], validationJaccard: numbers[4],
      validationDice: numbers[5], learningRate: rate, seconds: numbers[7])
  }
}
