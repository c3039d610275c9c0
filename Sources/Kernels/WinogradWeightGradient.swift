// Gradient by the weights of a 3x3 convolution: the transpose of F(4x4, 3x3).
//
//   ∂U[p] = Σ over tiles Vᵀ[p] · D[p]     V = Bᵀ d B of inputs, D = A ∂Y Aᵀ of output gradients
//   ∂g = Gᵀ ∂U G
//
// Every part (one per thread) adds up a fixed, contiguous range of tiles in its own [36][I][N]; the
// parts are then added in order, so a result depends on the number of threads only by rounding and
// is repeatable.

/// How the weight gradient is cut into blocks.
struct WinogradGradientBlocking {
  /// Output channels at once, a multiple of 16.
  let chunk: Int
  /// Tiles of a block.
  let tiles: Int
  let inputChannels: Int

  private static let sumLimit = winogradPositions * 1024 * 64
  private static let blockLimit = winogradPositions * 16384

  init(inputChannels: Int, outputChannels: Int) {
    self.inputChannels = inputChannels
    let padded = (outputChannels + microColumns - 1) / microColumns * microColumns
    let fitting = Self.sumLimit / (winogradPositions * inputChannels)
    chunk = min(padded, max(microColumns, fitting / microColumns * microColumns))
    tiles = min(
      128, max(24, Self.blockLimit / (winogradPositions * (inputChannels + chunk)) / 8 * 8))
  }

  /// Input channels rounded up to the micro-kernel's rows.
  var paddedInputs: Int { (inputChannels + microRows - 1) / microRows * microRows }
  var inputStride: Int { positionStride(tiles: tiles, channels: inputChannels) }
  var gradientStride: Int { positionStride(tiles: tiles, channels: chunk) }
  var sumStride: Int { paddedInputs * chunk + 16 }

  var need: Workspace.Need {
    Workspace.Need(
      shared: 0,
      perThread: winogradPositions * (inputStride + gradientStride + sumStride)
        + WinogradBlocking.temporaryCount)
  }
}

func winogradWeightGradient(
  _ geometry: ConvolutionGeometry, input: ActivationView, outputGradient: ActivationView,
  weightGradient: UnsafeMutablePointer<Float>, pool: ThreadPool, workspace: Workspace
) {
  let blocking = WinogradGradientBlocking(
    inputChannels: geometry.inputChannels, outputChannels: geometry.outputChannels)
  let grid = TileGrid(batch: input.batch, height: input.height, width: input.width)
  let parts = min(pool.threadCount, grid.count)
  for first in stride(from: 0, to: geometry.outputChannels, by: blocking.chunk) {
    let outputs = first..<min(geometry.outputChannels, first + blocking.chunk)
    pool.parallelFor(parts) { part in
      let tiles = (grid.count * part / parts)..<(grid.count * (part + 1) / parts)
      unsafe sumProducts(
        blocking, input, outputGradient, outputs, grid, tiles, workspace.threads[part].base)
    }
    unsafe addParts(
      geometry, blocking, outputs, parts, to: weightGradient, pool: pool, workspace: workspace)
  }
}

/// Sums of one part, at the front of `memory`: [36][padded I][padded N].
private func sumProducts(
  _ blocking: WinogradGradientBlocking, _ input: ActivationView, _ gradient: ActivationView,
  _ outputs: Range<Int>, _ grid: TileGrid, _ tiles: Range<Int>,
  _ memory: UnsafeMutablePointer<Float>
) {
  let inputs = input.channels
  let padded = (outputs.count + microColumns - 1) / microColumns * microColumns
  let sums = unsafe memory
  let transformed = unsafe sums + winogradPositions * blocking.sumStride
  let slopes = unsafe transformed + winogradPositions * blocking.inputStride
  let temporary = unsafe slopes + winogradPositions * blocking.gradientStride
  for firstTile in stride(from: tiles.lowerBound, to: tiles.upperBound, by: blocking.tiles) {
    let count = min(blocking.tiles, tiles.upperBound - firstTile)
    for slot in 0..<count {
      unsafe transformInputTile(
        input, grid, tile: firstTile + slot, to: transformed + slot * inputs,
        stride: blocking.inputStride, temporary: temporary)
      unsafe transformGradientTile(
        gradient, channels: outputs, grid, tile: firstTile + slot, to: slopes + slot * padded,
        stride: blocking.gradientStride, temporary: temporary)
    }
    for position in 0..<winogradPositions {
      let a = unsafe transformed + position * blocking.inputStride
      let b = unsafe slopes + position * blocking.gradientStride
      let c = unsafe sums + position * blocking.sumStride
      for column in stride(from: 0, to: padded, by: microColumns) {
        for row in stride(from: 0, to: inputs, by: microRows) {
          // Rows past the last channel read the next tile's values; their sums are never used.
          unsafe microKernel(
            inner: count, a: a + row, aRow: 1, aInner: inputs, b: b + column, bStride: padded,
            c: c + row * padded + column, cStride: padded,
            accumulate: firstTile > tiles.lowerBound)
        }
      }
    }
  }
}

/// weightGradient[.., i, n] = Gᵀ (Σ parts) G for a chunk of outputs.
private func addParts(
  _ geometry: ConvolutionGeometry, _ blocking: WinogradGradientBlocking, _ outputs: Range<Int>,
  _ parts: Int, to weightGradient: UnsafeMutablePointer<Float>, pool: ThreadPool,
  workspace: Workspace
) {
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  let padded = (outputs.count + microColumns - 1) / microColumns * microColumns
  let group = 8
  pool.parallelFor((inner + group - 1) / group) { task in
    for i in (task * group)..<min(inner, (task + 1) * group) {
      for n in stride(from: 0, to: outputs.count, by: 8) {
        func column(_ j: Int) -> Lanes3 {
          func sum(_ row: Int) -> Lanes {
            let offset = (6 * row + j) * blocking.sumStride + i * padded + n
            var total = unsafe load(workspace.threads[0].base + offset)
            for part in 1..<max(1, parts) {
              total += unsafe load(workspace.threads[part].base + offset)
            }
            return total
          }
          return winogradFilterGradient((sum(0), sum(1), sum(2), sum(3), sum(4), sum(5)))
        }
        let (w0, w1, w2) = (column(0), column(1), column(2))
        let (w3, w4, w5) = (column(3), column(4), column(5))
        let target = unsafe weightGradient + i * outer + outputs.lowerBound + n
        unsafe storeTaps(
          winogradFilterGradient((w0.0, w1.0, w2.0, w3.0, w4.0, w5.0)), to: target,
          stride: inner * outer)
        unsafe storeTaps(
          winogradFilterGradient((w0.1, w1.1, w2.1, w3.1, w4.1, w5.1)),
          to: target + 3 * inner * outer, stride: inner * outer)
        unsafe storeTaps(
          winogradFilterGradient((w0.2, w1.2, w2.2, w3.2, w4.2, w5.2)),
          to: target + 6 * inner * outer, stride: inner * outer)
      }
    }
  }
}

@inline(__always)
private func storeTaps(_ taps: Lanes3, to target: UnsafeMutablePointer<Float>, stride: Int) {
  unsafe store(taps.0, to: target)
  unsafe store(taps.1, to: target + stride)
  unsafe store(taps.2, to: target + 2 * stride)
}
