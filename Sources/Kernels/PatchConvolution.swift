import CKernels

// Convolution as a product of patches: for every kernel size and number of channels, and the way of
// the first layer (1 or 3 channels), of 1x1 and of 2x2 convolutions.
//
// K² · C values of a patch, rounded up to 16, N outputs. Each thread takes blocks of pixels, copies
// their patches into the blocked layout and multiplies; nothing is unfolded as a whole. Cost:
// 2 · pixels · K² · C · N operations, C rounded up as said.
// Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for
// document processing" (2006).

/// How a patch convolution is cut into blocks.
private struct PatchPlan {
  /// Blocks of a patch.
  let inner: Int
  /// Blocks of the outputs.
  let outer: Int
  /// Pixels of a block.
  let capacity: Int
  var patchFloats: Int { inner * capacity * blockChannels }
  var outputFloats: Int { outer * capacity * blockChannels }
  /// Floats of the weights in panels, or of their gradient.
  var weightFloats: Int { inner * blockChannels * outer * blockChannels }

  init(patch: Int, outputs: Int) {
    inner = blockCount(patch)
    outer = blockCount(outputs)
    let most = (1 << 16) / ((inner + outer) * blockChannels)
    capacity = min(192, max(24, most / 24 * 24))
  }

  /// Scratch memory, for images of `width`.
  func need(training: Bool, width: Int) -> Workspace.Need {
    let lines = 3 * (width + 14) * mostLineChannels
    return Workspace.Need(
      shared: weightFloats,
      perThread: max(lines, patchFloats + outputFloats + (training ? weightFloats : 0)))
  }
}

func patchWorkspaceNeed(
  _ geometry: ConvolutionGeometry, width: Int, training: Bool
) -> Workspace.Need {
  let taps = geometry.kernelSize * geometry.kernelSize
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  let forward = PatchPlan(patch: taps * inner, outputs: outer).need(
    training: training, width: width)
  guard training else { return forward }
  return forward.union(
    PatchPlan(patch: taps * outer, outputs: inner).need(training: true, width: width))
}

func patchConvolutionForward(
  _ geometry: ConvolutionGeometry, input: ActivationView, weight: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, output: ActivationView, pool: ThreadPool, workspace: Workspace
) {
  let loops = unsafe InstructionSet.fastest.loops
  let patch = geometry.kernelSize * geometry.kernelSize * input.channels
  let plan = PatchPlan(patch: patch, outputs: output.channels)
  let panels = unsafe workspace.shared
  if geometry.kernelSize == 1, output.channels <= mostFewOutputs, !geometry.hasReLU {
    unsafe multiplyFewOutputs(
      input: input, weight: weight, bias: bias, output: output, pool: pool, panels: panels)
    return
  }
  unsafe panels.update(repeating: 0, count: plan.weightFloats)
  unsafe loops.pack_panels(
    weight, output.channels, 1, patch, output.channels, panels, 0, 0, plan.inner, plan.outer)
  let finish = unsafe ck_finish(
    bias: bias, relu: geometry.hasReLU ? 1 : 0, accumulate: 0,
    streaming: output.isStreamable ? 1 : 0)
  if geometry.kernelSize == 3, geometry.padding == 1, input.channels <= mostLineChannels {
    unsafe convolveLines(input: input, output: output, finish, pool: pool, workspace: workspace)
    return
  }
  unsafe multiplyPatches(
    plan, of: input, kernelSize: geometry.kernelSize, padding: geometry.padding, into: output,
    finish, pool: pool, workspace: workspace)
}

/// Channels up to which patches are read where the image lies, without being copied.
private let mostLineChannels = 3
/// Outputs up to which a pixel's channels are multiplied and added up directly.
private let mostFewOutputs = 4

/// The first layer: a 3x3 convolution of 1 or 3 channels, rows at a time.
private func convolveLines(
  input: ActivationView, output: ActivationView, _ finish: ck_finish, pool: ThreadPool,
  workspace: Workspace
) {
  let loops = unsafe InstructionSet.fastest.loops
  let group = 8
  pool.parallelFor((output.rows + group - 1) / group) { task, thread in
    var (images, target, finish) = unsafe (input.images, output.images, finish)
    let first = task * group
    unsafe loops.lines(
      &images, first, min(group, output.rows - first), workspace.shared, &target, &finish,
      workspace.threads[thread])
    if unsafe finish.streaming != 0 { unsafe loops.finish_streaming() }
  }
}

/// The head: a 1x1 convolution with a few outputs.
private func multiplyFewOutputs(
  input: ActivationView, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
  output: ActivationView, pool: ThreadPool, panels: UnsafeMutablePointer<Float>
) {
  let loops = unsafe InstructionSet.fastest.loops
  let outputs = output.channels
  unsafe packFewOutputs(weight: weight, channels: input.channels, outputs: outputs, into: panels)
  pool.parallelFor(output.rows) { row in
    unsafe loops.few_outputs(
      input.pixel(row: row, x: 0), input.pixelStride, input.channels, output.width, outputs,
      panels, bias, output.pixel(row: row, x: 0), output.pixelStride)
  }
}

/// Writes a 1x1 convolution's weights `[channels, outputs]` to `[channels / 16][outputs][16]`, zeros
/// behind the channels.
func packFewOutputs(
  weight: UnsafePointer<Float>, channels: Int, outputs: Int,
  into packed: UnsafeMutablePointer<Float>
) {
  unsafe packed.update(repeating: 0, count: blockCount(channels) * blockChannels * outputs)
  for c in 0..<channels {
    for n in 0..<outputs {
      let place = (c / blockChannels * outputs + n) * blockChannels + c % blockChannels
      unsafe packed[place] = unsafe weight[c * outputs + n]
    }
  }
}

/// The convolution of the output's gradient with turned filters, inputs and outputs exchanged.
func patchConvolutionInputGradient(
  _ geometry: ConvolutionGeometry, outputGradient: ActivationView, weight: UnsafePointer<Float>,
  inputGradient: ActivationView, accumulate: Bool, pool: ThreadPool, workspace: Workspace
) {
  let loops = unsafe InstructionSet.fastest.loops
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  let taps = geometry.kernelSize * geometry.kernelSize
  let plan = PatchPlan(patch: taps * outer, outputs: inner)
  let panels = unsafe workspace.shared
  unsafe panels.update(repeating: 0, count: plan.weightFloats)
  for tap in 0..<taps {
    unsafe loops.pack_panels(
      weight + (taps - 1 - tap) * inner * outer, 1, outer, outer, inner, panels, tap * outer, 0,
      plan.inner, plan.outer)
  }
  let finish = unsafe ck_finish(bias: nil, relu: 0, accumulate: accumulate ? 1 : 0, streaming: 0)
  unsafe multiplyPatches(
    plan, of: outputGradient, kernelSize: geometry.kernelSize,
    padding: geometry.kernelSize - 1 - geometry.padding, into: inputGradient, finish, pool: pool,
    workspace: workspace)
}

/// output = patches · the panels in shared memory, finished.
private func multiplyPatches(
  _ plan: PatchPlan, of input: ActivationView, kernelSize: Int, padding: Int,
  into output: ActivationView, _ finish: ck_finish, pool: ThreadPool, workspace: Workspace
) {
  let loops = unsafe InstructionSet.fastest.loops
  let panels = unsafe workspace.shared
  let pixels = output.pixels
  pool.parallelFor((pixels + plan.capacity - 1) / plan.capacity) { block, thread in
    let first = block * plan.capacity
    let count = min(plan.capacity, pixels - first)
    let patches = unsafe workspace.threads[thread]
    let products = unsafe patches + plan.patchFloats
    var images = unsafe input.images
    var finish = unsafe finish
    unsafe loops.pack_patches(&images, kernelSize, padding, first, count, patches, plan.capacity)
    unsafe loops.multiply(
      count, plan.capacity, plan.outer, plan.inner, patches, panels, products, 0)
    unsafe loops.unpack_pixels(
      products, plan.capacity, output.channels, count, output.base + first * output.pixelStride,
      output.pixelStride, &finish)
    if unsafe finish.streaming != 0 { unsafe loops.finish_streaming() }
  }
}

/// Overwrites the gradient by the weight: Σ over pixels patchᵀ · output gradient, `[K² · C, N]`.
func patchConvolutionWeightGradient(
  _ geometry: ConvolutionGeometry, input: ActivationView, outputGradient: ActivationView,
  weightGradient: UnsafeMutablePointer<Float>, pool: ThreadPool, workspace: Workspace
) {
  let loops = unsafe InstructionSet.fastest.loops
  let patch = geometry.kernelSize * geometry.kernelSize * geometry.inputChannels
  let plan = PatchPlan(patch: patch, outputs: geometry.outputChannels)
  let pixels = outputGradient.pixels
  let parts = min(pool.threadCount, pixels)
  pool.parallelFor(parts) { part in
    let own = (pixels * part / parts)..<(pixels * (part + 1) / parts)
    let sums = unsafe workspace.threads[part]
    let patches = unsafe sums + plan.weightFloats
    let slopes = unsafe patches + plan.patchFloats
    var images = unsafe input.images
    for first in stride(from: own.lowerBound, to: own.upperBound, by: plan.capacity) {
      let count = min(plan.capacity, own.upperBound - first)
      unsafe loops.pack_patches(
        &images, geometry.kernelSize, geometry.padding, first, count, patches, plan.capacity)
      unsafe loops.pack_pixels(
        outputGradient.base + first * outputGradient.pixelStride, outputGradient.pixelStride,
        outputGradient.channels, count, slopes, plan.capacity)
      unsafe loops.multiply_transposed(
        count, plan.capacity, plan.outer, plan.inner, patches, slopes, sums,
        first > own.lowerBound ? 1 : 0)
    }
  }
  for part in 0..<parts {
    var finish = unsafe ck_finish(
      bias: nil, relu: 0, accumulate: part > 0 ? 1 : 0, streaming: 0)
    unsafe loops.unpack_pixels(
      workspace.threads[part], plan.inner * blockChannels, geometry.outputChannels, patch,
      weightGradient, geometry.outputChannels, &finish)
  }
}
