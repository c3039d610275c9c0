import Kernels
import Testing

/// Pooling, up-sampling and transposed convolution against plain loops.
@Suite struct ShapeChangingTests {
  static let shapes = [(1, 1, 1, 1), (2, 3, 5, 8), (1, 4, 2, 17), (3, 2, 6, 16)]

  @Test(arguments: shapes, [1, 3])
  func maxPooling(_ shape: (Int, Int, Int, Int), _ threads: Int) {
    let (n, h, w, c) = shape
    let pool = ThreadPool(threadCount: threads)
    let fine = Activations(n, 2 * h, 2 * w, c, gap: 3, seed: 1)
    let coarse = Activations(n, h, w, c, gap: 5, seed: nil)
    let slope = Activations(n, h, w, c, seed: 2)
    let target = Activations(n, 2 * h, 2 * w, c, gap: 2, seed: 6)
    let before = Activations(n, 2 * h, 2 * w, c, gap: 2, seed: 6)
    var winners = [UInt8](repeating: 9, count: n * h * w * c)
    unsafe winners.withUnsafeMutableBufferPointer { winners in
      guard let base = winners.baseAddress else { return }
      unsafe maxPoolForward(fine: fine.view, coarse: coarse.view, winners: base, pool: pool)
      unsafe maxPoolBackward(
        coarseGradient: slope.view, winners: base, fineGradient: target.view, accumulate: true,
        pool: pool)
    }
    for i in 0..<n {
      for y in 0..<h {
        for x in 0..<w {
          for k in 0..<c {
            let block = [(0, 0), (0, 1), (1, 0), (1, 1)]
            let values = block.map { fine[i, 2 * y + $0.0, 2 * x + $0.1, k] }
            let largest = values.max() ?? 0
            #expect(coarse[i, y, x, k] == largest)
            for (place, (dy, dx)) in block.enumerated() {
              let share = values.firstIndex(of: largest) == place ? slope[i, y, x, k] : 0
              let old = before[i, 2 * y + dy, 2 * x + dx, k]
              #expect(abs(target[i, 2 * y + dy, 2 * x + dx, k] - (old + share)) < 1e-6)
            }
          }
        }
      }
    }
    #expect(coarse.gapsAreUntouched && target.gapsAreUntouched)
    let again = Activations(n, h, w, c, seed: nil)
    maxPoolForward(fine: fine.view, coarse: again.view, winners: nil, pool: pool)
    #expect(again[0, 0, 0, 0] == coarse[0, 0, 0, 0])
  }

  @Test func equalValuesGiveTheGradientToTheFirst() {
    let fine = Activations(1, 2, 2, 1, seed: nil)
    let coarse = Activations(1, 1, 1, 1, seed: nil)
    var winner: UInt8 = 9
    unsafe maxPoolForward(
      fine: fine.view, coarse: coarse.view, winners: &winner, pool: ThreadPool(threadCount: 1))
    #expect(winner == 0)
  }

  @Test(arguments: shapes, [false, true])
  func nearestUpsampling(_ shape: (Int, Int, Int, Int), _ accumulate: Bool) {
    let (n, h, w, c) = shape
    let pool = ThreadPool(threadCount: 2)
    let coarse = Activations(n, h, w, c, gap: 1, seed: 1)
    let fine = Activations(n, 2 * h, 2 * w, c, gap: 2, seed: nil)
    upsampleNearestForward(coarse: coarse.view, fine: fine.view, pool: pool)
    let slope = Activations(n, 2 * h, 2 * w, c, gap: 4, seed: 3)
    let target = Activations(n, h, w, c, gap: 1, seed: 7)
    let before = Activations(n, h, w, c, gap: 1, seed: 7)
    upsampleNearestBackward(
      fineGradient: slope.view, coarseGradient: target.view, accumulate: accumulate, pool: pool)
    for i in 0..<n {
      for y in 0..<(2 * h) {
        for x in 0..<(2 * w) {
          for k in 0..<c { #expect(fine[i, y, x, k] == coarse[i, y / 2, x / 2, k]) }
        }
      }
      for y in 0..<h {
        for x in 0..<w {
          for k in 0..<c {
            let sum = [(0, 0), (0, 1), (1, 0), (1, 1)].reduce(0) {
              $0 + slope[i, 2 * y + $1.0, 2 * x + $1.1, k]
            }
            let expected = sum + (accumulate ? before[i, y, x, k] : 0)
            #expect(abs(target[i, y, x, k] - expected) < 1e-5)
          }
        }
      }
    }
    #expect(fine.gapsAreUntouched && target.gapsAreUntouched)
  }

  /// Against the formula on each axis, and the backward pass as the forward pass's transpose.
  @Test(arguments: [(1, 1, 1, 1), (2, 3, 5, 4), (1, 4, 2, 17)], [false, true])
  func upsampleBilinear(_ shape: (Int, Int, Int, Int), _ accumulate: Bool) {
    let (n, h, w, c) = shape
    let pool = ThreadPool(threadCount: 2)
    let coarse = Activations(n, h, w, c, gap: 1, seed: 1)
    let fine = Activations(n, 2 * h, 2 * w, c, gap: 2, seed: nil)
    upsampleBilinearForward(coarse: coarse.view, fine: fine.view, pool: pool)
    func weights(_ place: Int, _ count: Int) -> [(Int, Double)] {
      let middle = place / 2
      let other = min(count - 1, max(0, place % 2 == 0 ? middle - 1 : middle + 1))
      return [(middle, 0.75), (other, 0.25)]
    }
    let slope = Activations(n, 2 * h, 2 * w, c, gap: 4, seed: 3)
    let target = Activations(n, h, w, c, gap: 1, seed: 7)
    let before = Activations(n, h, w, c, gap: 1, seed: 7)
    upsampleBilinearBackward(
      fineGradient: slope.view, coarseGradient: target.view, accumulate: accumulate, pool: pool)
    var expectedSlopes: [[Int]: Double] = [:]
    for i in 0..<n {
      for y in 0..<(2 * h) {
        for x in 0..<(2 * w) {
          for k in 0..<c {
            var sum = 0.0
            for (cy, wy) in weights(y, h) {
              for (cx, wx) in weights(x, w) {
                sum += wy * wx * coarse[i, cy, cx, k]
                expectedSlopes[[i, cy, cx, k], default: 0] += wy * wx * slope[i, y, x, k]
              }
            }
            #expect(abs(fine[i, y, x, k] - sum) < 1e-6)
          }
        }
      }
      for y in 0..<h {
        for x in 0..<w {
          for k in 0..<c {
            let start = accumulate ? before[i, y, x, k] : 0
            let expected = (expectedSlopes[[i, y, x, k]] ?? 0) + start
            #expect(abs(target[i, y, x, k] - expected) < 1e-5)
          }
        }
      }
    }
    #expect(fine.gapsAreUntouched && target.gapsAreUntouched)
  }

  @Test(
    arguments: [(1, 1, 1, 1, 1), (2, 3, 5, 8, 4), (1, 7, 2, 70, 33), (1, 12, 20, 32, 16)], [1, 2])
  func transposedConvolution(_ shape: (Int, Int, Int, Int, Int), _ threads: Int) {
    let (n, h, w, inner, outer) = shape
    let pool = ThreadPool(threadCount: threads)
    let input = Activations(n, h, w, inner, gap: 2, seed: 1)
    let output = Activations(n, 2 * h, 2 * w, outer, gap: 3, seed: nil)
    let weights = randomBuffer(4 * inner * outer, seed: 2)
    let bias = randomBuffer(outer, seed: 3)
    let layer = TransposedConvolution(inputChannels: inner, outputChannels: outer)
    let workspace = Workspace(layer.workspaceNeed(training: true), threadCount: threads)
    unsafe layer.forward(
      input: input.view, weight: weights.base, bias: bias.base, output: output.view, pool: pool,
      workspace: workspace)
    let slope = Activations(n, 2 * h, 2 * w, outer, gap: 1, seed: 4)
    let inputSlope = Activations(n, h, w, inner, gap: 5, seed: nil)
    unsafe layer.inputGradient(
      outputGradient: slope.view, weight: weights.base, inputGradient: inputSlope.view,
      accumulate: false, pool: pool, workspace: workspace)
    let weightSlope = randomBuffer(4 * inner * outer, seed: 5)
    let biasSlope = randomBuffer(outer, seed: 5)
    unsafe layer.parameterGradients(
      input: input.view, outputGradient: slope.view, weightGradient: weightSlope.base,
      biasGradient: biasSlope.base, pool: pool, workspace: workspace)
    var expectedWeights = [Double](repeating: 0, count: 4 * inner * outer)
    var expectedBias = [Double](repeating: 0, count: outer)
    for i in 0..<n {
      for y in 0..<(2 * h) {
        for x in 0..<(2 * w) {
          let tap = y % 2 * 2 + x % 2
          for o in 0..<outer {
            var sum = Double(unsafe bias.base[o])
            for k in 0..<inner {
              let at = (tap * inner + k) * outer + o
              sum += input[i, y / 2, x / 2, k] * Double(unsafe weights.base[at])
              expectedWeights[at] += input[i, y / 2, x / 2, k] * slope[i, y, x, o]
            }
            expectedBias[o] += slope[i, y, x, o]
            #expect(abs(output[i, y, x, o] - sum) < 1e-4)
          }
        }
      }
      for y in 0..<h {
        for x in 0..<w {
          for k in 0..<inner {
            var sum = 0.0
            for tap in 0..<4 {
              for o in 0..<outer {
                sum +=
                  slope[i, 2 * y + tap / 2, 2 * x + tap % 2, o]
                  * Double(unsafe weights.base[(tap * inner + k) * outer + o])
              }
            }
            #expect(abs(inputSlope[i, y, x, k] - sum) < 1e-4)
          }
        }
      }
    }
    #expect(relativeError({ Double(unsafe weightSlope.base[$0]) }, expectedWeights) < 1e-5)
    #expect(relativeError({ Double(unsafe biasSlope.base[$0]) }, expectedBias) < 1e-5)
    #expect(output.gapsAreUntouched && inputSlope.gapsAreUntouched)
  }
}
