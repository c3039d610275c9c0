import CKernels

// 3x3 convolution by Winograd's minimal filtering: forward and gradient by the input, which is the
// same convolution with turned filters. The transforms, their matrices and their source are in
// CKernels/winograd_transforms.h.

/// Writes the transformed filters of some outputs and rows (inputs) into panels of `panelBlocks`
/// blocks of rows, the first row to `panelRow`.
private typealias FilterTransform = (
  _ plan: WinogradPlan, _ outputs: Range<Int>, _ rows: Range<Int>,
  _ panels: UnsafeMutablePointer<Float>, _ panelBlocks: Int, _ panelRow: Int
) -> Void

/// Writes the outputs that some tiles' products give: the last of the three transforms.
private typealias OutputTransform = (
  _ products: ck_blocks, _ tiles: ck_tiles, _ outputs: Range<Int>
) -> Void

func winogradForward(
  _ geometry: ConvolutionGeometry, input: [ActivationView], weight: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, output: ActivationView, pooled: ActivationView?, pool: ThreadPool,
  workspace: Workspace
) {
  let transform = unsafe outputTransform(
    into: output, pooled: pooled, bias: bias, hasReLU: geometry.hasReLU, accumulate: false)
  unsafe winogradForward(
    geometry, input: input, weight: weight, pool: pool, workspace: workspace, transform)
}

func winogradForward(
  _ geometry: ConvolutionGeometry, input: [ActivationView], weight: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, head: ConvolutionHead, pool: ThreadPool, workspace: Workspace
) {
  let loops = unsafe InstructionSet.fastest.loops
  let plan = WinogradPlan(
    input[0], inputChannels: geometry.inputChannels, outputChannels: geometry.outputChannels,
    threads: pool.threadCount)
  precondition(plan.chunk >= geometry.outputChannels, "the head needs all channels at once")
  // Behind what the convolution itself shares.
  let headWeight = unsafe workspace.shared + plan.need.shared
  unsafe packFewOutputs(
    weight: head.weight, channels: geometry.outputChannels, outputs: 2, into: headWeight)
  unsafe winogradForward(
    geometry, input: input, weight: weight, pool: pool, workspace: workspace
  ) { products, tiles, outputs in
    var tiles = tiles
    var finish = unsafe ck_finish(
      bias: bias, relu: geometry.hasReLU ? 1 : 0, accumulate: 0, streaming: 0)
    var head = unsafe ck_head(images: head.output.images, weight: headWeight, bias: head.bias)
    unsafe loops.head_tiles(products, &tiles, outputs.count, &finish, &head)
  }
}

private func winogradForward(
  _ geometry: ConvolutionGeometry, input: [ActivationView], weight: UnsafePointer<Float>,
  pool: ThreadPool, workspace: Workspace, _ transform: @escaping OutputTransform
) {
  let loops = unsafe InstructionSet.fastest.loops
  let layer = unsafe WinogradLayer(
    input: input, outputChannels: geometry.outputChannels, pool: pool, workspace: workspace,
    transformOutputs: transform
  ) { plan, outputs, rows, panels, panelBlocks, panelRow in
    unsafe loops.filters(
      plan.tile, weight + outputs.lowerBound, geometry.inputChannels, geometry.outputChannels,
      outputs.count, rows.lowerBound, rows.upperBound, panels, plan.filterStride,
      panelBlocks, panelRow)
  }
  layer.convolve()
}

func winogradInputGradient(
  _ geometry: ConvolutionGeometry, outputGradient: ActivationView, weight: UnsafePointer<Float>,
  inputGradient: ActivationView, accumulate: Bool, pool: ThreadPool, workspace: Workspace
) {
  let loops = unsafe InstructionSet.fastest.loops
  let layer = unsafe WinogradLayer(
    input: [outputGradient], outputChannels: geometry.inputChannels, pool: pool,
    workspace: workspace,
    transformOutputs: outputTransform(
      into: inputGradient, pooled: nil, bias: nil, hasReLU: false, accumulate: accumulate)
  ) { plan, inputs, rows, panels, panelBlocks, panelRow in
    unsafe loops.turned_filters(
      plan.tile, weight + inputs.lowerBound * geometry.outputChannels, geometry.inputChannels,
      geometry.outputChannels, inputs.count, rows.lowerBound, rows.upperBound, panels,
      plan.filterStride, panelBlocks, panelRow)
  }
  layer.convolve()
}

/// Transforms products into an image, and into its pooled image if there is one.
private func outputTransform(
  into output: ActivationView, pooled: ActivationView?, bias: UnsafePointer<Float>?,
  hasReLU: Bool, accumulate: Bool
) -> OutputTransform {
  let loops = unsafe InstructionSet.fastest.loops
  let isStreaming = !accumulate && output.isStreamable
  return { products, tiles, outputs in
    var tiles = tiles
    var images = unsafe output.channels(outputs).images
    var finish = unsafe ck_finish(
      bias: bias.map { unsafe $0 + outputs.lowerBound }, relu: hasReLU ? 1 : 0,
      accumulate: accumulate ? 1 : 0, streaming: isStreaming ? 1 : 0)
    if let pooled {
      var pooled = unsafe pooled.channels(outputs).images
      unsafe loops.output_tiles(products, &tiles, &images, &finish, &pooled)
    } else {
      unsafe loops.output_tiles(products, &tiles, &images, &finish, nil)
    }
    if isStreaming { unsafe loops.finish_streaming() }
  }
}

extension WinogradPlan {
  /// The plan for convolving `input`.
  fileprivate init(
    _ input: ActivationView, inputChannels: Int, outputChannels: Int, threads: Int
  ) {
    self.init(
      inputChannels: inputChannels, outputChannels: outputChannels,
      batch: input.batch, height: input.height, width: input.width, threads: threads)
  }
}

/// A convolution with the filters and outputs that its two transforms are given.
@safe private struct WinogradLayer {
  private let plan: WinogradPlan
  private let loops: ck_kernels
  /// The channels, one part after another.
  private let input: [ActivationView]
  private let outputChannels: Int
  private let pool: ThreadPool
  private let workspace: Workspace
  private let transformFilters: FilterTransform
  private let transformOutputs: OutputTransform

  init(
    input: [ActivationView], outputChannels: Int, pool: ThreadPool,
    workspace: Workspace, transformOutputs: @escaping OutputTransform,
    transformFilters: @escaping FilterTransform
  ) {
    unsafe loops = InstructionSet.fastest.loops
    plan = WinogradPlan(
      input[0], inputChannels: input.reduce(0) { $0 + $1.channels },
      outputChannels: outputChannels, threads: pool.threadCount)
    (self.input, self.outputChannels) = (input, outputChannels)
    (self.pool, self.workspace) = (pool, workspace)
    unsafe self.transformFilters = unsafe transformFilters
    unsafe self.transformOutputs = unsafe transformOutputs
  }

  func convolve() {
    switch plan.shared {
    case .filters:
      for outputs in chunks {
        shareFilters(outputs)
        pool.parallelFor((plan.tileCount + plan.capacity - 1) / plan.capacity) { block, thread in
          convolve(block: block, outputs, thread)
        }
      }
    case .tiles:
      let chunks = chunks
      for first in stride(from: 0, to: plan.tileCount, by: plan.capacity) {
        let shared = tiles(first, plan.capacity)
        shareTiles(shared)
        pool.parallelFor(chunks.count) { chunk, thread in
          convolve(outputs: chunks[chunk], shared, thread)
        }
      }
    }
  }

  private var chunks: [Range<Int>] {
    stride(from: 0, to: outputChannels, by: plan.chunk).map {
      $0..<min(outputChannels, $0 + plan.chunk)
    }
  }

  private func tiles(_ first: Int, _ most: Int) -> ck_tiles {
    ck_tiles(tile: plan.tile, first: first, count: max(0, min(most, plan.tileCount - first)))
  }

  /// Transforms tiles of all parts of the input.
  private func transformInput(_ tiles: ck_tiles, into target: ck_blocks) {
    var (tiles, target) = unsafe (tiles, target)
    for part in input {
      var images = unsafe part.images
      unsafe loops.input_tiles(&images, &tiles, target)
      unsafe target.base += blockCount(part.channels) * plan.capacity * blockChannels
    }
  }

  /// Asks for a share of the input of tiles.
  private func prefetchInput(_ tiles: ck_tiles, part share: Int, of shares: Int) {
    var tiles = tiles
    for part in input {
      var images = unsafe part.images
      unsafe loops.prefetch_tiles(&images, &tiles, share, shares)
    }
  }

  // Many tiles.

  /// Transforms the filters of a chunk into shared memory.
  private func shareFilters(_ outputs: Range<Int>) {
    pool.parallelFor(plan.inputBlocks) { block in
      let rows = (block * blockChannels)..<((block + 1) * blockChannels)
      unsafe transformFilters(
        plan, outputs, rows, workspace.shared, plan.inputBlocks, rows.lowerBound)
    }
  }

  /// Computes one block of tiles for one chunk of outputs. Meanwhile the input of the block that
  /// this thread will probably take next comes into its cache.
  private func convolve(block: Int, _ outputs: Range<Int>, _ thread: Int) {
    let own = tiles(block * plan.capacity, plan.capacity)
    let next = tiles((block + 1) * plan.capacity, plan.capacity)
    let memory = unsafe workspace.threads[thread]
    let transformed = unsafe ck_blocks(
      base: memory, position_stride: plan.inputStride, capacity: plan.capacity)
    let products = unsafe ck_blocks(
      base: memory + plan.positions * plan.inputStride, position_stride: plan.outputStride,
      capacity: plan.capacity)
    unsafe transformInput(own, into: transformed)
    // Late, so that the filters do not drive it out of the caches again.
    let prefetchStart = plan.positions * 3 / 4
    for position in 0..<plan.positions {
      unsafe loops.multiply(
        own.count, plan.capacity, blockCount(outputs.count), plan.inputBlocks,
        transformed.base + position * plan.inputStride,
        workspace.shared + position * plan.filterStride,
        products.base + position * plan.outputStride, 0)
      if next.count > 0 && position >= prefetchStart {
        prefetchInput(
          next, part: position - prefetchStart, of: plan.positions - prefetchStart)
      }
    }
    unsafe transformOutputs(products, own, outputs)
  }

  // Few tiles.

  /// Transforms tiles into shared memory.
  private func shareTiles(_ shared: ck_tiles) {
    let group = 6
    pool.parallelFor((shared.count + group - 1) / group) { task in
      unsafe transformInput(
        tiles(shared.first + task * group, min(group, shared.count - task * group)),
        into: ck_blocks(
          base: workspace.shared + task * group * blockChannels,
          position_stride: plan.inputStride, capacity: plan.capacity))
    }
  }

  /// Computes the shared tiles of one chunk of outputs.
  private func convolve(outputs: Range<Int>, _ tiles: ck_tiles, _ thread: Int) {
    let filters = unsafe workspace.threads[thread]
    let products = unsafe ck_blocks(
      base: filters + plan.positions * plan.filterStride, position_stride: plan.outputStride,
      capacity: plan.capacity)
    for first in stride(from: 0, to: plan.inputBlocks, by: plan.filterBlocks) {
      let blocks = min(plan.filterBlocks, plan.inputBlocks - first)
      let rows = (first * blockChannels)..<((first + blocks) * blockChannels)
      unsafe transformFilters(plan, outputs, rows, filters, blocks, 0)
      for position in 0..<plan.positions {
        unsafe loops.multiply(
          tiles.count, plan.capacity, blockCount(outputs.count), blocks,
          workspace.shared + position * plan.inputStride
            + first * plan.capacity * blockChannels,
          filters + position * plan.filterStride,
          products.base + position * plan.outputStride, first > 0 ? 1 : 0)
      }
    }
    unsafe transformOutputs(products, tiles, outputs)
  }
}
