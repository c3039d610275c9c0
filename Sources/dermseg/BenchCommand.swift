import ArgumentParser
import Benchmarks
import Kernels
import UNets

/// Times the network on this machine, with random weights and random pixels.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Times the network on this machine.",
    discussion: """
      Inference is one image through the network; training is one forward and backward pass with an Adam
      step. Weights and pixels are random: the time does not depend on them. `layers` shows where the
      time of either goes, and what the matrix products alone would take.

      EXAMPLES
        dermseg bench infer --width 64 --size 512
        dermseg bench train --width 16 --batch-size 2 --json
        dermseg bench layers --width 64
        dermseg bench layers --train --width 16
      """)

  /// What is timed.
  enum Work: String, ExpressibleByArgument, CaseIterable { case infer, train, layers }

  @Argument(help: "infer, train or layers.") var work: Work
  @Flag(help: "With layers: a training step instead of inference.") var train = false
  @Option(help: "Channels of the first level.") var width = 64
  @Option(help: "Levels below the first.") var depth = 4
  @Option(help: "Side of the square input in pixels.") var size = 512
  @Option(help: "1 grey, 3 RGB.") var channels = 1
  @Option(help: "Images at a time (default: 1 for inference, 2 for training).")
  var batchSize: Int?
  @Option(help: "Threads (default: all usable processors).") var threads: Int?
  @Option(help: "Timed runs, after one that is not counted.") var runs = 5
  @Flag(help: "Batch normalisation after each convolution.") var batchNorm = false
  @Flag(help: "Print one JSON object (not with layers).") var json = false
  @OptionGroup var quiet: QuietOption

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
    guard !(json && work == .layers) else { throw ValidationError("layers has no --json.") }
    guard !train || work == .layers else {
      throw ValidationError("--train goes with layers; say `bench train`.")
    }
  }

  func run() throws {
    let isTraining = work == .train || train
    let benchmark = try Benchmark(
      isTraining ? .train : .infer,
      architecture: UNetArchitecture(
        inputChannels: channels, width: width, depth: depth, hasBatchNorm: batchNorm),
      size: size, batchSize: batchSize ?? (isTraining ? 2 : 1), threads: threads)
    let bar = quiet.bar
    if work == .layers {
      let table = try benchmark.layerTable(runs: runs) { bar.show("Timing", done: $0, of: $1) }
      print(table.text)
    } else {
      let times = try benchmark.times(runs: runs) { bar.show("Timing", done: $0, of: $1) }
      report(times, threads: benchmark.threadCount)
    }
  }

  private func report(_ times: RunTimes, threads: Int) {
    let (median, seconds) = (times.median, times.seconds)
    if json {
      print(
        """
        {"median_s": \(median), "min_s": \(seconds[0]), "max_s": \(seconds[seconds.count - 1]), \
        "n": \(seconds.count), "peak_rss_mb": \(times.peakResidentMegabytes.text(decimals: 1)), \
        "gflops": \(times.gigaflops.text(decimals: 1)), "threads": \(threads), \
        "instructions": "\(InstructionSet.fastest.name)"}
        """)
    } else {
      print(
        """
        \(work.rawValue), width \(width), \(size)x\(size)x\(channels), \(threads) threads, \
        \(InstructionSet.fastest.name)
        median \(median.text(decimals: 4)) s, \(seconds[0].text(decimals: 4)) to \
        \(seconds[seconds.count - 1].text(decimals: 4)) s, \(seconds.count) runs
        \(times.gigaflops.text(decimals: 1)) GFLOP/s of direct convolution, peak memory \
        \(times.peakResidentMegabytes.text(decimals: 1)) MB
        """)
    }
  }
}
