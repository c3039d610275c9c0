import CKernels

// Gradient by the filters of a 3x3 convolution: ∂g = Gᵀ [ Σ over tiles (Bᵀ d B) ⊙ (A ∂Y Aᵀ) ] G.
//
// Tiles are cut into parts and output channels into chunks; a task sums the products of one part
// and one chunk, [positions][N / 16][K][16], and the parts of a chunk are added in order. So a
// result depends on the number of threads only by rounding, and is repeatable.

/// How the weight gradient is cut into blocks.
struct WinogradGradientPlan {
  let tile: Int
  var positions: Int { (tile + 2) * (tile + 2) }
  let tileCount: Int
  /// Output channels of a task, a multiple of 32 unless it is all.
  let chunk: Int
  /// Tiles of a block.
  let capacity: Int
  let inputBlocks: Int

  /// Floats of a task's sums: 8 MB.
  private static let sumLimit = 1 << 21
  private static let blockLimit = 1 << 18
  private static let largestCapacity = 96

  init(inputChannels: Int, outputChannels: Int, batch: Int, height: Int, width: Int) {
    let plan = WinogradPlan(
      inputChannels: inputChannels, outputChannels: outputChannels, batch: batch, height: height,
      width: width, threads: 1)
    (tile, tileCount, inputBlocks) = (plan.tile, plan.tileCount, plan.inputBlocks)
    let positions = plan.positions
    let padded = blockCount(outputChannels) * blockChannels
    let inputs = inputBlocks * blockChannels
    chunk = min(padded, max(32, Self.sumLimit / (positions * inputs) / 32 * 32))
    let most = Self.blockLimit / (positions * (inputs + chunk))
    capacity = min(Self.largestCapacity, max(24, most / 8 * 8), (tileCount + 3) / 4 * 4)
  }

  var inputStride: Int { matrixStride(inputBlocks * capacity * blockChannels) }
  var gradientStride: Int { matrixStride(chunk * capacity) }
  var sumStride: Int { matrixStride(inputBlocks * blockChannels * chunk) }

  var need: Workspace.Need {
    Workspace.Need(
      shared: 0, perThread: positions * (inputStride + gradientStride + sumStride))
  }
}

func winogradWeightGradient(
  _ geometry: ConvolutionGeometry, input: ActivationView, outputGradient: ActivationView,
  weightGradient: UnsafeMutablePointer<Float>, pool: ThreadPool, workspace: Workspace
) {
  let plan = WinogradGradientPlan(
    inputChannels: geometry.inputChannels, outputChannels: geometry.outputChannels,
    batch: input.batch, height: input.height, width: input.width)
  let loops = unsafe InstructionSet.fastest.loops
  let parts = min(pool.threadCount, plan.tileCount)
  for first in stride(from: 0, to: geometry.outputChannels, by: plan.chunk) {
    let outputs = first..<min(geometry.outputChannels, first + plan.chunk)
    let slopes = outputGradient.channels(outputs)
    pool.parallelFor(parts) { part in
      let tiles = (plan.tileCount * part / parts)..<(plan.tileCount * (part + 1) / parts)
      unsafe sumProducts(plan, input.images, slopes.images, tiles, workspace.threads[part])
    }
    pool.parallelFor(plan.inputBlocks) { block in
      let sums: [UnsafePointer<Float>?] = unsafe workspace.threads[..<parts].map {
        unsafe UnsafePointer($0)
      }
      let end = min(geometry.inputChannels, (block + 1) * blockChannels)
      for channel in (block * blockChannels)..<end {
        unsafe loops.filter_gradient(
          plan.tile, sums, parts, plan.sumStride, plan.inputBlocks, channel, outputs.count,
          weightGradient + first, geometry.inputChannels, geometry.outputChannels)
      }
    }
  }
}

/// Sums of the products of `tiles`, at the front of `memory`.
private func sumProducts(
  _ plan: WinogradGradientPlan, _ input: ck_images, _ gradient: ck_images, _ tiles: Range<Int>,
  _ memory: UnsafeMutablePointer<Float>
) {
  let loops = unsafe InstructionSet.fastest.loops
  var (input, gradient) = unsafe (input, gradient)
  let sums = unsafe memory
  let transformed = unsafe ck_blocks(
    base: sums + plan.positions * plan.sumStride, position_stride: plan.inputStride,
    capacity: plan.capacity)
  let slopes = unsafe ck_blocks(
    base: transformed.base + plan.positions * plan.inputStride,
    position_stride: plan.gradientStride, capacity: plan.capacity)
  for first in stride(from: tiles.lowerBound, to: tiles.upperBound, by: plan.capacity) {
    func block(_ first: Int) -> ck_tiles {
      ck_tiles(
        tile: plan.tile, first: first, count: max(0, min(plan.capacity, tiles.upperBound - first)))
    }
    var own = block(first)
    var next = block(first + plan.capacity)
    unsafe loops.input_tiles(&input, &own, transformed)
    unsafe loops.gradient_tiles(&gradient, &own, slopes)
    for position in 0..<plan.positions {
      unsafe loops.multiply_transposed(
        own.count, plan.capacity, blockCount(gradient.channels), plan.inputBlocks,
        transformed.base + position * plan.inputStride,
        slopes.base + position * plan.gradientStride, sums + position * plan.sumStride,
        first > tiles.lowerBound ? 1 : 0)
      if next.count > 0 {
        unsafe loops.prefetch_tiles(&input, &next, position, plan.positions)
        unsafe loops.prefetch_tiles(&gradient, &next, position, plan.positions)
      }
    }
  }
}
