// Transposed convolution, kernel 2x2, stride 2: every input pixel becomes a 2x2 block of output.
//
// Shapes: input [N, H, W, I], output [N, 2H, 2W, O], weight [2, 2, I, O].
//   out[2y + dy, 2x + dx, o] = bias[o] + Σ in[y, x, i] · weight[dy, dx, i, o]
// Each (row, dy, dx) is one matrix product that writes every second pixel of an output row.

/// Writes `output` `[N, 2H, 2W, O]`.
public func transposedConvolutionForward(
  input: ActivationView, weight: UnsafePointer<Float>, bias: UnsafePointer<Float>,
  output: ActivationView, pool: ThreadPool
) {
  let (inner, outer) = (input.channels, output.channels)
  pool.parallelFor(output.rows) { row in
    unsafe fillRow(output, row: row, with: bias)
    for dx in 0..<2 {
      unsafe matrixProduct(
        rows: input.width, columns: outer, inner: inner,
        a: input.pixel(row: row / 2, x: 0), aStride: input.pixelStride,
        b: weight + (row % 2 * 2 + dx) * inner * outer, bStride: outer,
        c: output.pixel(row: row, x: dx), cStride: 2 * output.pixelStride, accumulate: true)
    }
  }
}

/// Writes, or adds to, the gradient by the input `[N, H, W, I]`.
public func transposedConvolutionInputGradient(
  outputGradient: ActivationView, weight: UnsafePointer<Float>, inputGradient: ActivationView,
  accumulate: Bool, pool: ThreadPool
) {
  let (inner, outer) = (inputGradient.channels, outputGradient.channels)
  pool.parallelFor(inputGradient.rows) { row in
    for tap in 0..<4 {
      unsafe matrixProduct(
        rows: inputGradient.width, columns: inner, inner: outer,
        a: outputGradient.pixel(row: 2 * row + tap / 2, x: tap % 2),
        aStride: 2 * outputGradient.pixelStride,
        b: weight + tap * inner * outer, bStride: outer,
        c: inputGradient.pixel(row: row, x: 0), cStride: inputGradient.pixelStride,
        transposed: .right, accumulate: accumulate || tap > 0)
    }
  }
}

/// Overwrites the gradients by weight `[2, 2, I, O]` and bias `[O]`.
public func transposedConvolutionParameterGradients(
  input: ActivationView, outputGradient: ActivationView,
  weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>,
  pool: ThreadPool
) {
  let (inner, outer) = (input.channels, outputGradient.channels)
  let block = min(inner, 64)
  let blocks = (inner + block - 1) / block
  pool.parallelFor(4 * blocks) { task in
    let (tap, firstChannel) = (task / blocks, task % blocks * block)
    let channels = min(block, inner - firstChannel)
    for row in 0..<input.rows {
      unsafe matrixProduct(
        rows: channels, columns: outer, inner: input.width,
        a: input.pixel(row: row, x: 0) + firstChannel, aStride: input.pixelStride,
        b: outputGradient.pixel(row: 2 * row + tap / 2, x: tap % 2),
        bStride: 2 * outputGradient.pixelStride,
        c: weightGradient + (tap * inner + firstChannel) * outer, cStride: outer,
        transposed: .left, accumulate: row > 0)
    }
  }
  unsafe channelSums(of: outputGradient, into: biasGradient, pool: pool)
}
