import ArgumentParser
import Glibc
import Kernels
import NeuralNetworks
import UNets

/// Times the network on this machine, with random weights and random pixels.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Time the network on this machine.",
    discussion: """
      Inference is one image through the network; training is one forward and backward pass with an Adam
      step. Weights and pixels are random: the time does not depend on them.

      EXAMPLES
        dermseg bench infer --width 64 --size 512
        dermseg bench train --width 16 --batch-size 2 --json
      """)

  /// What is timed.
  enum Work: String, ExpressibleByArgument, CaseIterable { case infer, train }

  @Argument(help: "infer or train.") var work: Work
  @Option(help: "Channels of the first level.") var width = 64
  @Option(help: "Side of the square input in pixels.") var size = 512
  @Option(help: "1 grey, 3 RGB.") var channels = 1
  @Option(help: "Images at a time (default: 1 for infer, 2 for train).") var batchSize: Int?
  @Option(help: "Threads (default: all usable processors).") var threads: Int?
  @Option(help: "Timed runs, after one that is not counted.") var runs = 5
  @Flag(help: "Print one JSON object.") var json = false

  func validate() throws {
    guard (1...256).contains(width) else { throw ValidationError("--width is 1 to 256.") }
    guard size > 0, size <= 4096, size % 16 == 0 else {
      throw ValidationError("--size is a multiple of 16 up to 4096.")
    }
    guard channels == 1 || channels == 3 else { throw ValidationError("--channels is 1 or 3.") }
    guard (1...64).contains(batchSize ?? 1) else {
      throw ValidationError("--batch-size is 1 to 64.")
    }
    guard (1...256).contains(threads ?? 1) else { throw ValidationError("--threads is 1 to 256.") }
    guard (1...1000).contains(runs) else { throw ValidationError("--runs is 1 to 1000.") }
  }

  func run() throws {
    let batch = batchSize ?? (work == .infer ? 1 : 2)
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: channels, width: width), inputSize: size,
      seed: 1)
    var generator = SeededGenerator(seed: 2)
    var inputs = Tensor(zeros: [batch, size, size, channels])
    for i in 0..<inputs.count { inputs.values[i] = generator.uniform() }
    let labels = (0..<(batch * size * size)).map { _ in UInt8(generator.next() & 1) }
    let network = model.architecture.makeNetwork()
    let pool = ThreadPool(threadCount: threads)

    let once: () throws -> Void
    switch work {
    case .infer:
      let session = try InferenceSession(
        network: network, parameters: model.parameters, inputShape: inputs.shape, pool: pool)
      once = { _ = try session.probabilities(inputs) }
    case .train:
      let session = try TrainingSession(
        network: network, parameters: model.parameters, inputShape: inputs.shape, pool: pool)
      once = {
        _ = try session.computeGradients(inputs: inputs, labels: labels)
        session.applyStep(Adam(learningRate: 1e-4))
      }
    }
    try once()
    var seconds: [Double] = []
    let clock = ContinuousClock()
    for _ in 0..<runs {
      let time = try clock.measure { try once() }
      seconds.append(Double(time.components.seconds) + Double(time.components.attoseconds) * 1e-18)
    }
    let shape = try network.shapes(height: size, width: size)
    let operations = Double(batch) * network.operations(shapes: shape, training: work == .train)
    report(
      BenchReport(
        seconds: seconds.sorted(), threads: pool.threadCount, operations: operations,
        peakResidentMegabytes: peakResidentMegabytes()))
  }

  private func report(_ report: BenchReport) {
    if json {
      print(
        """
        {"median_s": \(report.median), "min_s": \(report.seconds[0]), \
        "max_s": \(report.seconds[report.seconds.count - 1]), "n": \(report.seconds.count), \
        "peak_rss_mb": \(report.peakResidentMegabytes), "gflops": \(report.gigaflops), \
        "threads": \(report.threads)}
        """)
    } else {
      print(
        """
        \(work.rawValue), width \(width), \(size)x\(size)x\(channels), \(report.threads) threads
        median \(report.median) s, \(report.seconds[0]) to \(report.seconds[report.seconds.count - 1]) s, \
        \(report.seconds.count) runs
        \(report.gigaflops) GFLOP/s of direct convolution, peak memory \(report.peakResidentMegabytes) MB
        """)
    }
  }
}

/// The figures of one benchmark.
private struct BenchReport {
  /// Sorted.
  var seconds: [Double]
  var threads: Int
  /// Floating-point operations of one run, counted as direct convolutions.
  var operations: Double
  var peakResidentMegabytes: Double

  var median: Double {
    let middle = seconds.count / 2
    return seconds.count % 2 == 1 ? seconds[middle] : (seconds[middle - 1] + seconds[middle]) / 2
  }
  var gigaflops: Double { (operations / median / 1e8).rounded() / 10 }
}

/// Largest resident memory of this process so far, in millions of bytes. Source: getrusage(2).
private func peakResidentMegabytes() -> Double {
  var usage = rusage()
  unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  return (Double(usage.ru_maxrss) * 1024 / 1e5).rounded() / 10
}
