import Files
import NeuralNetworks
import SystemPackage

/// A training run on disk: a safetensors file with weights, moments and the run's numbers.
///
/// It is written whole under another name and renamed, so that a run that is killed at any instant finds
/// either the new or the previous one.
struct Checkpoint: Sendable, Equatable {
  /// The options and data that the run belongs to.
  var fingerprint: String
  var state: RunState
  var parameters: [String: Tensor]
  var optimizer: OptimizerState

  private static let format = "dermseg checkpoint 1"
  private static let groups = (
    weights: "weights/", first: "first/", second: "second/", best: "best/"
  )
  /// Weights, two moments and the best weights of the full network are 500 MB.
  private static let limitBytes = 8 << 30

  /// Writes the file; it is on disk when this returns.
  ///
  /// - Throws: `TrainingError.notWritten`.
  func write(to path: FilePath) throws(TrainingError) {
    do throws(FileError) {
      try publishFile(serialized(), at: path)
    } catch {
      throw .notWritten(reason: error.description)
    }
  }

  /// Reads a file that `write(to:)` made; nil if there is none.
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
    do throws(SafeTensorsError) {
      if let checkpoint = Checkpoint(try SafeTensorsFile(parsing: bytes)) { return checkpoint }
    } catch {
      throw .badCheckpoint(path: path.displayed, reason: "\(error) \(advice)")
    }
    throw .badCheckpoint(
      path: path.displayed, reason: "it is not a checkpoint of this version. \(advice)")
  }

  private static let advice = "Delete it to begin anew."

  private func serialized() -> [UInt8] {
    var tensors: [(name: String, tensor: Tensor)] = []
    func add(_ group: String, _ values: [String: Tensor]) {
      for name in values.keys.sorted() {
        if let tensor = values[name] { tensors.append((group + name, tensor)) }
      }
    }
    add(Self.groups.weights, parameters)
    add(Self.groups.first, optimizer.firstMoments)
    add(Self.groups.second, optimizer.secondMoments)
    add(Self.groups.best, state.best?.parameters ?? [:])
    var metadata = [
      "format": Self.format, "fingerprint": fingerprint,
      "epochsDone": "\(state.epochsDone)", "stepsDone": "\(state.stepsDone)",
      "loss": "\(state.sums.loss)", "correctPixels": "\(state.sums.correctPixels)",
      "pixels": "\(state.sums.pixels)", "images": "\(state.sums.images)",
      "seconds": "\(state.seconds)", "epochSeconds": "\(state.epochSeconds)",
      "optimizerStep": "\(optimizer.step)",
      "history": state.history.map(\.record).joined(separator: "\n"),
    ]
    if let best = state.best {
      metadata["bestEpoch"] = "\(best.epoch)"
      metadata["bestJaccard"] = "\(best.jaccard)"
    }
    return SafeTensorsFile(tensors: tensors, metadata: metadata).serialized()
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
      let seconds = number("seconds"), let epochSeconds = number("epochSeconds"),
      let optimizerStep = integer("optimizerStep"), let lines = metadata["history"],
      epochsDone >= 0, stepsDone >= 0, optimizerStep >= 0
    else { return nil }
    let history = lines.split(separator: "\n").compactMap { EpochReport(record: $0) }
    guard history.count == epochsDone else { return nil }
    self.fingerprint = fingerprint
    state = RunState(
      epochsDone: epochsDone, stepsDone: stepsDone,
      sums: EpochSums(loss: loss, correctPixels: correctPixels, pixels: pixels, images: images),
      seconds: seconds, epochSeconds: epochSeconds, history: history)
    if let epoch = integer("bestEpoch"), let jaccard = number("bestJaccard") {
      state.best = BestEpoch(epoch: epoch, jaccard: jaccard, parameters: group(Self.groups.best))
    }
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
