import CKernels

/// Floating-point operations per second of the matrix products alone, all threads together, on
/// operands that stay in the first-level cache: what the time of a layer is compared with.
///
/// Best of `runs` runs of about a millisecond each; the caller keeps the machine quiet.
public func measuredProductPeak(pool: ThreadPool, runs: Int = 50) -> Double {
  let loops = unsafe InstructionSet.fastest.loops
  // [24 rows, 128] · [128, 32]: 12 + 16 + 3 KB.
  let (rows, inner, columns) = (24, 8, 2)
  let repetitions = 500
  let operands = (0..<pool.threadCount).map { _ in FloatBuffer(count: 16384) }
  let clock = ContinuousClock()
  var best = Duration.seconds(3600)
  for _ in 0..<runs {
    let time = clock.measure {
      pool.parallelFor(pool.threadCount) { task in
        let memory = unsafe operands[task].base
        for _ in 0..<repetitions {
          unsafe loops.multiply(
            rows, rows, columns, inner, memory, memory + 4096, memory + 12288, 0)
        }
      }
    }
    best = min(best, time)
  }
  let operations = 2 * rows * inner * blockChannels * columns * blockChannels * repetitions
  return Double(operations * pool.threadCount) / (best / .seconds(1))
}
