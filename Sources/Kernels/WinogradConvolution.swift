// 3x3 convolution by F(4x4, 3x3): forward and gradient by the input.
//
// K channels in, N channels out, T tiles of a block. For each chunk of outputs the filters are
// transformed into shared memory, [36][N / 16][K][16], in the order the micro-kernel reads them;
// then each thread takes blocks of tiles: input transform [36][T][K], 36 products [T, K] · [K, N],
// output transform with bias and ReLU.

/// How a convolution is cut into blocks.
struct WinogradBlocking {
  /// Output channels whose filters are in memory at once, a multiple of 16.
  let chunk: Int
  /// Tiles of a block, a multiple of the micro-kernel's rows.
  let tiles: Int
  let inputChannels: Int

  /// Transformed filters of one chunk: 19 MB, which is 128 of 1,024 channels.
  private static let filterLimit = winogradPositions * 1024 * 128
  /// Transformed tiles of one block, both sides.
  private static let blockLimit = winogradPositions * 16384

  init(inputChannels: Int, outputChannels: Int) {
    self.inputChannels = inputChannels
    let padded = (outputChannels + microColumns - 1) / microColumns * microColumns
    let fitting = Self.filterLimit / (winogradPositions * inputChannels)
    chunk = min(padded, max(microColumns, fitting / microColumns * microColumns))
    let most = Self.blockLimit / (winogradPositions * (inputChannels + chunk))
    tiles = min(120, max(24, most / microRows * microRows))
  }

  var inputStride: Int { positionStride(tiles: tiles, channels: inputChannels) }
  var outputStride: Int { positionStride(tiles: tiles, channels: chunk) }
  var filterStride: Int { inputChannels * chunk + 16 }
  static let temporaryCount = 320

  var need: Workspace.Need {
    Workspace.Need(
      shared: winogradPositions * filterStride,
      // The last rows of a block are read by sixes: some slack behind the input.
      perThread: winogradPositions * (inputStride + outputStride) + Self.temporaryCount)
  }
}

/// output (+)= conv(input, filters) (+ bias, ReLU). `transformFilters(range)` fills the shared
/// memory for a range of outputs.
private func winogradConvolve(
  input: ActivationView, output: ActivationView, blocking: WinogradBlocking,
  bias: UnsafePointer<Float>?, hasReLU: Bool, accumulate: Bool,
  pool: ThreadPool, workspace: Workspace,
  transformFilters: (_ outputs: Range<Int>, _ target: UnsafeMutablePointer<Float>) -> Void
) {
  let grid = TileGrid(batch: input.batch, height: input.height, width: input.width)
  let (inputs, outputs) = (input.channels, output.channels)
  // Equal shares for the threads where there are few tiles.
  let share = (grid.count + pool.threadCount - 1) / pool.threadCount
  let tiles = min(blocking.tiles, (share + microRows - 1) / microRows * microRows)
  let blocks = (grid.count + tiles - 1) / tiles
  let filters = unsafe workspace.shared.base
  for firstOutput in stride(from: 0, to: outputs, by: blocking.chunk) {
    let range = firstOutput..<min(outputs, firstOutput + blocking.chunk)
    unsafe transformFilters(range, filters)
    let padded = (range.count + microColumns - 1) / microColumns * microColumns
    var part = output
    part.channels = range.count
    unsafe part.base += firstOutput
    let target = part
    pool.parallelFor(blocks) { block, thread in
      let transformed = unsafe workspace.threads[thread].base
      let products = unsafe transformed + winogradPositions * blocking.inputStride
      let temporary = unsafe products + winogradPositions * blocking.outputStride
      let firstTile = block * tiles
      let count = min(tiles, grid.count - firstTile)
      for slot in 0..<count {
        unsafe transformInputTile(
          input, grid, tile: firstTile + slot, to: transformed + slot * inputs,
          stride: blocking.inputStride, temporary: temporary)
      }
      for position in 0..<winogradPositions {
        unsafe multiplyPanels(
          rows: count, columns: padded, inner: inputs,
          a: transformed + position * blocking.inputStride,
          b: filters + position * blocking.filterStride,
          c: products + position * blocking.outputStride)
      }
      for slot in 0..<count {
        unsafe transformOutputTile(
          products + slot * padded, stride: blocking.outputStride, grid, tile: firstTile + slot,
          to: target, bias: unsafe bias.map { unsafe $0 + firstOutput }, hasReLU: hasReLU,
          accumulate: accumulate, temporary: temporary)
      }
    }
  }
}

/// c = a · b for a `[rows, inner]`, b in panels `[columns / 16][inner][16]`, c `[rows, columns]`;
/// rows are rounded up to six.
private func multiplyPanels(
  rows: Int, columns: Int, inner: Int, a: UnsafePointer<Float>, b: UnsafePointer<Float>,
  c: UnsafeMutablePointer<Float>
) {
  // A panel of 256 rows is 16 KB: it stays in the first-level cache while all rows of a pass over
  // it.
  let depth = 256
  for column in stride(from: 0, to: columns, by: microColumns) {
    let panel = unsafe b + column * inner
    for first in stride(from: 0, to: inner, by: depth) {
      for row in stride(from: 0, to: rows, by: microRows) {
        unsafe microKernel(
          inner: min(depth, inner - first), a: a + row * inner + first, aRow: inner, aInner: 1,
          b: panel + first * microColumns, bStride: microColumns,
          c: c + row * columns + column, cStride: columns, accumulate: first > 0)
      }
    }
  }
}

func winogradForward(
  _ geometry: ConvolutionGeometry, input: ActivationView, weight: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, output: ActivationView, pool: ThreadPool, workspace: Workspace
) {
  let blocking = WinogradBlocking(
    inputChannels: geometry.inputChannels, outputChannels: geometry.outputChannels)
  unsafe winogradConvolve(
    input: input, output: output, blocking: blocking, bias: bias, hasReLU: geometry.hasReLU,
    accumulate: false, pool: pool, workspace: workspace
  ) { range, target in
    unsafe transformFilters(
      weight, geometry, outputs: range, to: target, stride: blocking.filterStride, pool: pool)
  }
}

func winogradInputGradient(
  _ geometry: ConvolutionGeometry, outputGradient: ActivationView, weight: UnsafePointer<Float>,
  inputGradient: ActivationView, accumulate: Bool, pool: ThreadPool, workspace: Workspace
) {
  let blocking = WinogradBlocking(
    inputChannels: geometry.outputChannels, outputChannels: geometry.inputChannels)
  unsafe winogradConvolve(
    input: outputGradient, output: inputGradient, blocking: blocking, bias: nil, hasReLU: false,
    accumulate: accumulate, pool: pool, workspace: workspace
  ) { range, target in
    unsafe transformTurnedFilters(
      weight, geometry, inputs: range, to: target, stride: blocking.filterStride, pool: pool)
  }
}

/// target[p][n / 16][i][n % 16] = (G g Gᵀ)[p] of filter (i, n), n counted from the range's start;
/// missing columns are 0.
private func transformFilters(
  _ weight: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, outputs: Range<Int>,
  to target: UnsafeMutablePointer<Float>, stride: Int, pool: ThreadPool
) {
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  let padded = (outputs.count + microColumns - 1) / microColumns * microColumns
  let group = 8
  pool.parallelFor((inner + group - 1) / group) { task in
    for i in (task * group)..<min(inner, (task + 1) * group) {
      for n in Swift.stride(from: 0, to: padded, by: 8) {
        let cell = unsafe target + n / microColumns * inner * microColumns + i * microColumns
        let source = unsafe weight + i * outer + outputs.lowerBound + n
        unsafe storeFilter(to: cell + n % microColumns, stride: stride) { dy, dx in
          unsafe n < outputs.count ? load(source + (dy * 3 + dx) * inner * outer) : .zero
        }
      }
    }
  }
}

/// The same for the filters of the gradient by the input: turned by 180 degrees, inputs and outputs
/// exchanged.
private func transformTurnedFilters(
  _ weight: UnsafePointer<Float>, _ geometry: ConvolutionGeometry, inputs: Range<Int>,
  to target: UnsafeMutablePointer<Float>, stride: Int, pool: ThreadPool
) {
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  let padded = (inputs.count + microColumns - 1) / microColumns * microColumns
  pool.parallelFor(padded / 8) { task in
    let n = task * 8
    for o in 0..<outer {
      let cell = unsafe target + n / microColumns * outer * microColumns + o * microColumns
      let source = unsafe weight + (inputs.lowerBound + n) * outer + o
      unsafe storeFilter(to: cell + n % microColumns, stride: stride) { dy, dx in
        guard n < inputs.count else { return .zero }
        let tap = unsafe source + ((2 - dy) * 3 + (2 - dx)) * inner * outer
        return unsafe Lanes(
          tap[0], tap[outer], tap[2 &* outer], tap[3 &* outer], tap[4 &* outer], tap[5 &* outer],
          tap[6 &* outer], tap[7 &* outer])
      }
    }
  }
}

/// Transforms eight filters, whose taps `tap(dy, dx)` gives, to 36 places `stride` apart.
@inline(__always)
private func storeFilter(
  to target: UnsafeMutablePointer<Float>, stride: Int, tap: (_ dy: Int, _ dx: Int) -> Lanes
) {
  let w0 = winogradFilter((tap(0, 0), tap(1, 0), tap(2, 0)))
  let w1 = winogradFilter((tap(0, 1), tap(1, 1), tap(2, 1)))
  let w2 = winogradFilter((tap(0, 2), tap(1, 2), tap(2, 2)))
  unsafe storeSix(winogradFilter((w0.0, w1.0, w2.0)), to: target, stride: stride)
  unsafe storeSix(winogradFilter((w0.1, w1.1, w2.1)), to: target + 6 * stride, stride: stride)
  unsafe storeSix(winogradFilter((w0.2, w1.2, w2.2)), to: target + 12 * stride, stride: stride)
  unsafe storeSix(winogradFilter((w0.3, w1.3, w2.3)), to: target + 18 * stride, stride: stride)
  unsafe storeSix(winogradFilter((w0.4, w1.4, w2.4)), to: target + 24 * stride, stride: stride)
  unsafe storeSix(winogradFilter((w0.5, w1.5, w2.5)), to: target + 30 * stride, stride: stride)
}
