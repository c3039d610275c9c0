import CKernels

// Transposed convolution, kernel 2x2, stride 2: every input pixel becomes a 2x2 block of output.
//
// Shapes: input [N, H, W, I], output [N, 2H, 2W, O], weight [2, 2, I, O].
//   out[2y + dy, 2x + dx, o] = bias[o] + Σ in[y, x, i] · weight[dy, dx, i, o]
// All four taps are one matrix product [pixels, I] · [I, 4 O]; its results are spread over two rows
// of the output. The gradients are its two transposes.

/// A transposed convolution, cut into blocks of input pixels.
public struct TransposedConvolution: Sendable {
  let inputChannels: Int
  let outputChannels: Int
  private var inner: Int { blockCount(inputChannels) }
  /// Blocks of the outputs of one tap.
  private var outer: Int { blockCount(outputChannels) }
  private let capacity: Int

  /// A layer with I inputs and O outputs.
  public init(inputChannels: Int, outputChannels: Int) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    let floats = (blockCount(inputChannels) + 4 * blockCount(outputChannels)) * blockChannels
    capacity = min(192, max(48, (1 << 17) / floats / 24 * 24))
  }

  private var inputFloats: Int { inner * capacity * blockChannels }
  private var outputFloats: Int { 4 * outer * capacity * blockChannels }
  private var weightFloats: Int { inner * 4 * outer * blockChannels * blockChannels }

  /// Floating-point operations of the forward pass's product over `pixels` input pixels, channels
  /// rounded up to blocks.
  public func productOperations(pixels: Int) -> Double {
    2 * Double(pixels) * Double(weightFloats)
  }

  /// Scratch memory of a pass.
  public func workspaceNeed(training: Bool) -> Workspace.Need {
    Workspace.Need(
      shared: weightFloats,
      perThread: inputFloats + outputFloats + (training ? weightFloats : 0))
  }

  /// Writes `output` `[N, 2H, 2W, O]`.
  public func forward(
    input: ActivationView, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
    output: ActivationView, pool: ThreadPool, workspace: Workspace
  ) {
    let loops = unsafe InstructionSet.fastest.loops
    let panels = unsafe workspace.shared
    unsafe panels.update(repeating: 0, count: weightFloats)
    pool.parallelFor(4) { tap in
      unsafe loops.pack_panels(
        weight + tap * inputChannels * outputChannels, outputChannels, 1, inputChannels,
        outputChannels, panels, 0, tap * outer, inner, 4 * outer)
    }
    let finish = unsafe ck_finish(
      bias: bias, relu: 0, accumulate: 0, streaming: output.isStreamable ? 1 : 0)
    eachBlock(of: input, pool) { pixels, thread in
      let packed = unsafe workspace.threads[thread]
      let products = unsafe packed + inputFloats
      var finish = unsafe finish
      unsafe loops.pack_pixels(
        input.base + pixels.lowerBound * input.pixelStride, input.pixelStride, inputChannels,
        pixels.count, packed, capacity)
      unsafe loops.multiply(pixels.count, capacity, 4 * outer, inner, packed, panels, products, 0)
      eachRun(pixels, width: input.width) { place, row, x, count in
        for tap in 0..<4 {
          unsafe loops.unpack_pixels(
            products + (tap * outer * capacity + place) * blockChannels, capacity, outputChannels,
            count, output.pixel(row: 2 * row + tap / 2, x: 2 * x + tap % 2),
            2 * output.pixelStride, &finish)
        }
      }
      if unsafe finish.streaming != 0 { unsafe loops.finish_streaming() }
    }
  }

  /// Writes, or adds to, the gradient by the input `[N, H, W, I]`.
  public func inputGradient(
    outputGradient: ActivationView, weight: UnsafePointer<Float>, inputGradient: ActivationView,
    accumulate: Bool, pool: ThreadPool, workspace: Workspace
  ) {
    let loops = unsafe InstructionSet.fastest.loops
    let panels = unsafe workspace.shared
    unsafe panels.update(repeating: 0, count: weightFloats)
    pool.parallelFor(4) { tap in
      unsafe loops.pack_panels(
        weight + tap * inputChannels * outputChannels, 1, outputChannels, outputChannels,
        inputChannels, panels, tap * outer * blockChannels, 0, 4 * outer, inner)
    }
    let finish = unsafe ck_finish(bias: nil, relu: 0, accumulate: accumulate ? 1 : 0, streaming: 0)
    eachBlock(of: inputGradient, pool) { pixels, thread in
      let slopes = unsafe workspace.threads[thread]
      let products = unsafe slopes + outputFloats
      var finish = unsafe finish
      unsafe packSlopes(outputGradient, pixels, into: slopes)
      unsafe loops.multiply(pixels.count, capacity, inner, 4 * outer, slopes, panels, products, 0)
      unsafe loops.unpack_pixels(
        products, capacity, inputChannels, pixels.count,
        inputGradient.base + pixels.lowerBound * inputGradient.pixelStride,
        inputGradient.pixelStride, &finish)
    }
  }

  /// Overwrites the gradients by weight `[2, 2, I, O]` and bias `[O]`.
  public func parameterGradients(
    input: ActivationView, outputGradient: ActivationView,
    weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>,
    pool: ThreadPool, workspace: Workspace
  ) {
    let loops = unsafe InstructionSet.fastest.loops
    let blocks = (input.pixels + capacity - 1) / capacity
    let parts = min(pool.threadCount, blocks)
    pool.parallelFor(parts) { part in
      let sums = unsafe workspace.threads[part]
      let packed = unsafe sums + weightFloats
      let slopes = unsafe packed + inputFloats
      let own = (blocks * part / parts)..<(blocks * (part + 1) / parts)
      for block in own {
        let pixels = pixels(of: block, input)
        unsafe loops.pack_pixels(
          input.base + pixels.lowerBound * input.pixelStride, input.pixelStride, inputChannels,
          pixels.count, packed, capacity)
        unsafe packSlopes(outputGradient, pixels, into: slopes)
        unsafe loops.multiply_transposed(
          pixels.count, capacity, 4 * outer, inner, packed, slopes, sums,
          block > own.lowerBound ? 1 : 0)
      }
    }
    pool.parallelFor(4) { tap in
      for part in 0..<parts {
        var finish = unsafe ck_finish(
          bias: nil, relu: 0, accumulate: part > 0 ? 1 : 0, streaming: 0)
        let rows = inner * blockChannels
        unsafe loops.unpack_pixels(
          workspace.threads[part] + tap * outer * rows * blockChannels, rows, outputChannels,
          inputChannels, weightGradient + tap * inputChannels * outputChannels, outputChannels,
          &finish)
      }
    }
    unsafe channelSums(of: outputGradient, into: biasGradient, pool: pool)
  }

  /// The gradients of the four outputs of each pixel, `[4 O / 16][capacity][16]`.
  private func packSlopes(
    _ gradient: ActivationView, _ pixels: Range<Int>, into target: UnsafeMutablePointer<Float>
  ) {
    let loops = unsafe InstructionSet.fastest.loops
    eachRun(pixels, width: gradient.width / 2) { place, row, x, count in
      for tap in 0..<4 {
        unsafe loops.pack_pixels(
          gradient.pixel(row: 2 * row + tap / 2, x: 2 * x + tap % 2), 2 * gradient.pixelStride,
          outputChannels, count, target + (tap * outer * capacity + place) * blockChannels,
          capacity)
      }
    }
  }

  private func pixels(of block: Int, _ input: ActivationView) -> Range<Int> {
    (block * capacity)..<min(input.pixels, (block + 1) * capacity)
  }

  private func eachBlock(
    of input: ActivationView, _ pool: ThreadPool, _ body: (Range<Int>, _ thread: Int) -> Void
  ) {
    pool.parallelFor((input.pixels + capacity - 1) / capacity) { block, thread in
      body(pixels(of: block, input), thread)
    }
  }

  /// Cuts pixels into runs that lie in one row each: place of the first in the block, row, column,
  /// number.
  private func eachRun(
    _ pixels: Range<Int>, width: Int,
    _ body: (_ place: Int, _ row: Int, _ x: Int, _ count: Int) -> Void
  ) {
    var first = pixels.lowerBound
    while first < pixels.upperBound {
      let x = first % width
      let count = min(width - x, pixels.upperBound - first)
      body(first - pixels.lowerBound, first / width, x, count)
      first += count
    }
  }
}
