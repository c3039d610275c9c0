// Convolution as one matrix product per kernel tap and image row, for every kernel size.
//
// Shapes: N images, H rows, W columns, I input channels, O output channels, K kernel side.
// A row of the output is a sum over taps (dy, dx):
//   out[y, :, :] += in[y + dy - p, shifted by dx - p, :] · weight[dy, dx]      [W, I] · [I, O]
// Nothing is unfolded, so no scratch memory is needed. Cost: 2·N·H·W·K²·I·O operations a pass.
// This is the plain algorithm that faster ones are compared with, and the one for what they do not
// cover.

/// out = conv(in, weight) + bias, then ReLU if the geometry says so.
func tapConvolutionForward(
  _ geometry: ConvolutionGeometry, input: ActivationView, weight: UnsafePointer<Float>,
  bias: UnsafePointer<Float>, output: ActivationView, pool: ThreadPool
) {
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  pool.parallelFor(output.rows) { row in
    let y = row % output.height
    unsafe fillRow(output, row: row, with: bias)
    for dy in 0..<geometry.kernelSize {
      let inputY = y + dy - geometry.padding
      guard inputY >= 0, inputY < input.height else { continue }
      for dx in 0..<geometry.kernelSize {
        let reach = geometry.reach(dx, output.width)
        guard reach.count > 0 else { continue }
        unsafe matrixProduct(
          rows: reach.count, columns: outer, inner: inner,
          a: input.pixel(row: row - y + inputY, x: reach.input), aStride: input.pixelStride,
          b: weight + (dy * geometry.kernelSize + dx) * inner * outer, bStride: outer,
          c: output.pixel(row: row, x: reach.first), cStride: output.pixelStride,
          accumulate: true)
      }
    }
    if geometry.hasReLU { clampNegativesToZero(output, row: row) }
  }
}

/// Gradient by the input: `dIn[y, x, i] (+)= Σ dOut[y - dy + p, x - dx + p, o] · weight[dy, dx, i,
/// o]`.
func tapConvolutionInputGradient(
  _ geometry: ConvolutionGeometry, outputGradient: ActivationView, weight: UnsafePointer<Float>,
  inputGradient: ActivationView, accumulate: Bool, pool: ThreadPool
) {
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  pool.parallelFor(inputGradient.rows) { row in
    let y = row % inputGradient.height
    if !accumulate { zeroRow(inputGradient, row: row) }
    for dy in 0..<geometry.kernelSize {
      let outputY = y - dy + geometry.padding
      guard outputY >= 0, outputY < outputGradient.height else { continue }
      for dx in 0..<geometry.kernelSize {
        let reach = geometry.reach(dx, outputGradient.width)
        guard reach.count > 0 else { continue }
        unsafe matrixProduct(
          rows: reach.count, columns: inner, inner: outer,
          a: outputGradient.pixel(row: row - y + outputY, x: reach.first),
          aStride: outputGradient.pixelStride,
          b: weight + (dy * geometry.kernelSize + dx) * inner * outer, bStride: outer,
          c: inputGradient.pixel(row: row, x: reach.input), cStride: inputGradient.pixelStride,
          transposed: .right, accumulate: true)
      }
    }
  }
}

/// Gradient by the weight, overwritten: `dW[dy, dx] = Σ in[shifted by (dy, dx)]ᵀ · dOut`, `[I, O]`
/// per tap.
///
/// One task computes a block of input channels of one tap over all rows, so the sum's order, and
/// with it every bit of the result, does not depend on the number of threads.
func tapConvolutionWeightGradient(
  _ geometry: ConvolutionGeometry, input: ActivationView, outputGradient: ActivationView,
  weightGradient: UnsafeMutablePointer<Float>, pool: ThreadPool
) {
  let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
  let block = min(inner, 64)
  let blocks = (inner + block - 1) / block
  let taps = geometry.kernelSize * geometry.kernelSize
  pool.parallelFor(taps * blocks) { task in
    let (tap, firstChannel) = (task / blocks, task % blocks * block)
    let (dy, dx) = (tap / geometry.kernelSize, tap % geometry.kernelSize)
    let channels = min(block, inner - firstChannel)
    let target = unsafe weightGradient + (tap * inner + firstChannel) * outer
    unsafe target.update(repeating: 0, count: channels * outer)
    let reach = geometry.reach(dx, outputGradient.width)
    guard reach.count > 0 else { return }
    for row in 0..<outputGradient.rows {
      let y = row % outputGradient.height
      let inputY = y + dy - geometry.padding
      guard inputY >= 0, inputY < input.height else { continue }
      unsafe matrixProduct(
        rows: channels, columns: outer, inner: reach.count,
        a: input.pixel(row: row - y + inputY, x: reach.input) + firstChannel,
        aStride: input.pixelStride,
        b: outputGradient.pixel(row: row, x: reach.first), bStride: outputGradient.pixelStride,
        c: target, cStride: outer, transposed: .left, accumulate: true)
    }
  }
}
