import Kernels
import Testing

/// Every convolution algorithm against plain loops, on shapes drawn at random and on the awkward
/// ones.
@Suite struct ConvolutionTests {
  struct Case: CustomTestStringConvertible {
    var algorithm: ConvolutionAlgorithm
    var geometry: ConvolutionGeometry
    var batch: Int
    var height: Int
    var width: Int
    var gap: Int
    var threads: Int
    /// F(6x6, 3x3) multiplies rounding by about five.
    var tolerance: Double { algorithm == .winograd ? 2e-5 : 5e-6 }
    func need(_ convolution: Convolution, training: Bool) -> Workspace.Need {
      convolution.workspaceNeed(
        batch: batch, height: height, width: width, threads: threads, training: training)
    }
    var testDescription: String {
      "\(algorithm) \(batch)x\(height)x\(width), \(geometry.inputChannels)->\(geometry.outputChannels), k \(geometry.kernelSize), gap \(gap), \(threads) threads"
    }
  }

  static let cases: [Case] = {
    var random = SplitMix(state: 7)
    var cases: [Case] = []
    for algorithm in ConvolutionAlgorithm.allCases {
      for index in 0..<40 {
        let kernel = algorithm == .winograd ? 3 : [1, 2, 3, 5][index % 4]
        // Blocks of 16 channels: whole ones, parts, and a few channels.
        let unit = [1, 16, 3][index % 3]
        let geometry = ConvolutionGeometry(
          kernelSize: kernel, inputChannels: unit * (1 + random.below(5)),
          outputChannels: unit * (1 + random.below(5)), hasReLU: index % 2 == 0)
        // The first ones are the sides at which tiles are cut or there is but one pixel.
        let sides = [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 33]
        cases.append(
          Case(
            algorithm: algorithm, geometry: geometry, batch: 1 + random.below(3),
            height: sides[index % sides.count], width: sides[random.below(sides.count)],
            gap: index % 3 == 0 ? 0 : 8 * random.below(3), threads: 1 + index % 3))
      }
    }
    // Chunks of outputs, several blocks of tiles, products deeper than one pass, shared tiles and
    // shared filters, both tile sizes.
    let large = [
      (520, 24, 9), (24, 2056, 5), (264, 1032, 7), (16, 16, 70), (40, 40, 50), (300, 100, 30),
    ]
    for (inner, outer, side) in large {
      cases.append(
        Case(
          algorithm: .winograd,
          geometry: ConvolutionGeometry(
            kernelSize: 3, inputChannels: inner, outputChannels: outer, hasReLU: false),
          batch: 1, height: side, width: side, gap: 0, threads: 2))
    }
    return cases
  }()

  private func flat(_ activations: Activations) -> (Int) -> Double {
    let view = activations.view
    return { i in
      Double(
        unsafe view.base[i / view.channels * view.pixelStride + i % view.channels])
    }
  }

  /// What a forward pass reads and writes.
  private struct Pass {
    let input: Activations
    let weights: FloatBuffer
    let bias: FloatBuffer
    let output: Activations

    init(_ c: Case, pooled: Activations? = nil) {
      let convolution = Convolution(c.geometry, algorithm: c.algorithm)
      let g = c.geometry
      input = Activations(c.batch, c.height, c.width, g.inputChannels, gap: c.gap, seed: 1)
      output = Activations(c.batch, c.height, c.width, g.outputChannels, gap: c.gap, seed: nil)
      weights = randomBuffer(g.weightCount, seed: 2)
      bias = randomBuffer(g.outputChannels, seed: 3)
      unsafe convolution.forward(
        input: [input.view], weight: weights.base, bias: bias.base, output: output.view,
        pooled: pooled?.view, pool: ThreadPool(threadCount: c.threads),
        workspace: Workspace(c.need(convolution, training: false), threadCount: c.threads))
    }
  }

  @Test(arguments: cases) func forward(_ c: Case) {
    let pass = Pass(c)
    let expected = PlainConvolution(geometry: c.geometry)
      .forward(pass.input, pass.weights, pass.bias)
    #expect(relativeError(flat(pass.output), expected) < c.tolerance)
    #expect(pass.output.gapsAreUntouched)
  }

  /// What a convolution pools on the way is, bit for bit, what pooling its output gives.
  @Test(arguments: cases.filter { $0.algorithm == .winograd && $0.height > 1 && $0.width > 1 })
  func pooling(_ c: Case) {
    let (height, width, channels) = (c.height / 2, c.width / 2, c.geometry.outputChannels)
    let pooled = Activations(c.batch, height, width, channels, gap: 5, seed: nil)
    let output = Pass(c, pooled: pooled).output
    for image in 0..<c.batch {
      for y in 0..<height {
        for x in 0..<width {
          for k in 0..<channels {
            let block = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
              output[image, 2 * y + $0.0, 2 * x + $0.1, k]
            }
            #expect(pooled[image, y, x, k] == block.max())
          }
        }
      }
    }
    #expect(pooled.gapsAreUntouched)
  }

  /// Parts of the channels that lie apart are, bit for bit, read as if they were side by side.
  @Test(arguments: cases.filter { $0.algorithm == .winograd && $0.geometry.inputChannels > 16 })
  func joinedInput(_ c: Case) {
    let pass = Pass(c)
    let convolution = Convolution(c.geometry, algorithm: c.algorithm)
    let whole = pass.input.view
    let parts = [16, c.geometry.inputChannels - 16].enumerated().map { place, channels in
      let part = Activations(c.batch, c.height, c.width, channels, gap: 3, seed: nil)
      var source = whole
      source.channels = channels
      unsafe source.base += 16 * place
      copyActivations(source, to: part.view, accumulate: false, pool: ThreadPool(threadCount: 1))
      return part
    }
    let found = Activations(
      c.batch, c.height, c.width, c.geometry.outputChannels, gap: c.gap, seed: nil)
    withExtendedLifetime((parts, pass)) {
      unsafe convolution.forward(
        input: parts.map(\.view), weight: pass.weights.base, bias: pass.bias.base,
        output: found.view, pool: ThreadPool(threadCount: c.threads),
        workspace: Workspace(c.need(convolution, training: false), threadCount: c.threads))
    }
    for i in 0..<(found.view.pixels * found.view.channels) {
      #expect(flat(found)(i) == flat(pass.output)(i))
    }
  }

  /// A head computed on the way is, bit for bit, what it gives from the written output.
  @Test(
    arguments: cases.filter {
      $0.algorithm == .winograd
        && Convolution($0.geometry).canComputeHead(
          height: $0.height, width: $0.width, threads: $0.threads)
    })
  func head(_ c: Case) {
    let pass = Pass(c)
    let convolution = Convolution(c.geometry, algorithm: c.algorithm)
    let headLayer = Convolution(
      ConvolutionGeometry(
        kernelSize: 1, inputChannels: c.geometry.outputChannels, outputChannels: 2, hasReLU: false))
    let weight = randomBuffer(headLayer.geometry.weightCount, seed: 4)
    let bias = randomBuffer(2, seed: 5)
    let pool = ThreadPool(threadCount: c.threads)
    let expected = Activations(c.batch, c.height, c.width, 2, gap: 0, seed: nil)
    unsafe headLayer.forward(
      input: [pass.output.view], weight: weight.base, bias: bias.base, output: expected.view,
      pool: pool,
      workspace: Workspace(c.need(headLayer, training: false), threadCount: c.threads))
    let found = Activations(c.batch, c.height, c.width, 2, gap: c.gap, seed: nil)
    unsafe convolution.forward(
      input: [pass.input.view], weight: pass.weights.base, bias: pass.bias.base,
      head: ConvolutionHead(weight: weight.base, bias: bias.base, output: found.view), pool: pool,
      workspace: Workspace(
        c.need(convolution, training: false) + convolution.headWorkspaceNeed,
        threadCount: c.threads))
    for i in 0..<(c.batch * c.height * c.width * 2) {
      #expect(flat(found)(i) == flat(expected)(i))
    }
    #expect(found.gapsAreUntouched)
  }

  @Test(arguments: cases, [false, true]) func inputGradient(_ c: Case, _ accumulate: Bool) {
    let convolution = Convolution(c.geometry, algorithm: c.algorithm)
    let (pool, workspace) = (
      ThreadPool(threadCount: c.threads),
      Workspace(c.need(convolution, training: true), threadCount: c.threads)
    )
    let g = c.geometry
    let gradient = Activations(c.batch, c.height, c.width, g.outputChannels, gap: c.gap, seed: 1)
    let target = Activations(c.batch, c.height, c.width, g.inputChannels, gap: c.gap, seed: 4)
    let before = flat(target)
    let start = (0..<(target.view.pixels * g.inputChannels)).map { before($0) }
    let weights = randomBuffer(g.weightCount, seed: 2)
    unsafe convolution.inputGradient(
      outputGradient: gradient.view, weight: weights.base, inputGradient: target.view,
      accumulate: accumulate, pool: pool, workspace: workspace)
    var expected = PlainConvolution(geometry: g).inputGradient(gradient, weights)
    if accumulate { for i in expected.indices { expected[i] += start[i] } }
    #expect(relativeError(flat(target), expected) < c.tolerance)
    #expect(target.gapsAreUntouched)
  }

  @Test(arguments: cases) func parameterGradients(_ c: Case) {
    let convolution = Convolution(c.geometry, algorithm: c.algorithm)
    let (pool, workspace) = (
      ThreadPool(threadCount: c.threads),
      Workspace(c.need(convolution, training: true), threadCount: c.threads)
    )
    let g = c.geometry
    let input = Activations(c.batch, c.height, c.width, g.inputChannels, gap: c.gap, seed: 1)
    let gradient = Activations(c.batch, c.height, c.width, g.outputChannels, gap: c.gap, seed: 5)
    let weightGradient = randomBuffer(g.weightCount, seed: 9)
    let biasGradient = randomBuffer(g.outputChannels, seed: 9)
    unsafe convolution.parameterGradients(
      input: input.view, outputGradient: gradient.view, weightGradient: weightGradient.base,
      biasGradient: biasGradient.base, pool: pool, workspace: workspace)
    let expected = PlainConvolution(geometry: g).weightGradient(input, gradient)
    #expect(relativeError({ Double(unsafe weightGradient.base[$0]) }, expected) < 1e-5)
    var sums = [Double](repeating: 0, count: g.outputChannels)
    let value = flat(gradient)
    for i in 0..<(gradient.view.pixels * g.outputChannels) {
      sums[i % g.outputChannels] += value(i)
    }
    #expect(relativeError({ Double(unsafe biasGradient.base[$0]) }, sums) < 1e-5)
  }
}
