import Glibc
import Kernels
import NeuralNetworks
import UNets

/// A network with random weights and random pixels, ready to be timed; the time does not depend on
/// their values.
public struct Benchmark {
  /// What is timed.
  public enum Work: String, Sendable, CaseIterable {
    /// One batch to probabilities.
    case infer
    /// Forward pass, backward pass and a step of Adam.
    case train
  }

  /// What is timed.
  public let work: Work
  /// Threads of the pool.
  public var threadCount: Int { pool.threadCount }
  private enum Session {
    case infer(InferenceSession)
    case train(TrainingSession)
  }
  private let session: Session
  private let inputs: Tensor
  private let labels: [UInt8]
  private let pool: ThreadPool
  /// Floating-point operations of one run, counted as direct convolutions.
  private let operations: Double

  /// Prepares `batchSize` images of `size` x `size`; nil threads means all usable processors.
  ///
  /// - Throws: when the architecture does not fit the size.
  public init(
    _ work: Work, architecture: UNetArchitecture, size: Int, batchSize: Int, threads: Int?
  ) throws {
    self.work = work
    pool = ThreadPool(threadCount: threads)
    var generator = SystemRandomNumberGenerator()
    let shape = [batchSize, size, size, architecture.inputChannels]
    var pixels = Tensor(zeros: shape)
    for i in 0..<pixels.count { pixels.values[i] = Float.random(in: 0..<1, using: &generator) }
    inputs = pixels
    labels = (0..<(batchSize * size * size)).map { _ in UInt8(generator.next() & 1) }
    let network = architecture.makeNetwork()
    operations =
      Double(batchSize)
      * network.operations(
        shapes: try network.shapes(height: size, width: size), training: work == .train)
    // The model goes when its parameters have been copied: a session's memory is what is measured.
    let parameters = try UNetModel.initialized(
      architecture: architecture, inputSize: size, seed: 1
    ).parameters
    session =
      switch work {
      case .infer:
        .infer(
          try InferenceSession(
            network: network, parameters: parameters, inputShape: shape, pool: pool))
      case .train:
        .train(
          try TrainingSession(
            network: network, parameters: parameters, inputShape: shape, pool: pool))
      }
  }

  /// Times `runs` runs, after one that does not count.
  ///
  /// - Parameter progress: Called after each run, outside its time, with how many are over of how many.
  public func times(
    runs: Int, progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws -> RunTimes {
    try RunTimes(operations: operations, runs: runs, progress: progress) {
      switch session {
      case .infer(let session): _ = try session.probabilities(inputs)
      case .train(let session):
        _ = try session.computeGradients(inputs: inputs, labels: labels)
        session.applyStep(Adam(learningRate: 1e-4))
      }
    }
  }

  /// Times each layer, after a run that does not count.
  ///
  /// - Parameter progress: Called between the runs with how many are over of how many.
  public func layerTable(
    runs: Int, progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws -> LayerTable {
    // The peak takes about as long as a run.
    progress(0, runs + 2)
    defer { progress(runs + 2, runs + 2) }
    let layers =
      switch session {
      case .infer(let session):
        try session.layerTimes(inputs, runs: runs) { progress($0 + 1, runs + 2) }
      case .train(let session):
        try session.layerTimes(inputs: inputs, labels: labels, runs: runs) {
          progress($0 + 1, runs + 2)
        }
      }
    progress(runs + 1, runs + 2)
    return LayerTable(layers: layers, productPeak: measuredProductPeak(pool: pool))
  }
}

/// The figures of one benchmark.
public struct RunTimes: Sendable {
  /// Seconds of each run, sorted.
  public let seconds: [Double]
  /// Floating-point operations of one run, counted as direct convolutions.
  public let operations: Double
  /// Largest resident memory of this process so far, in millions of bytes. Source: getrusage(2).
  public let peakResidentMegabytes: Double

  init(
    operations: Double, runs: Int, progress: (_ done: Int, _ count: Int) -> Void,
    _ body: () throws -> Void
  ) throws {
    progress(0, runs + 1)
    try body()
    let clock = ContinuousClock()
    seconds = try (0..<runs).map { run in
      progress(run + 1, runs + 1)
      return try clock.measure(body) / .seconds(1)
    }.sorted()
    progress(runs + 1, runs + 1)
    self.operations = operations
    var usage = rusage()
    unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    peakResidentMegabytes = Double(usage.ru_maxrss) * 1024 / 1e6
  }

  /// The middle of the runs' seconds.
  public var median: Double {
    let middle = seconds.count / 2
    return seconds.count % 2 == 1 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2
  }
  /// Billions of operations per second at the median.
  public var gigaflops: Double { operations / median / 1e9 }
}
