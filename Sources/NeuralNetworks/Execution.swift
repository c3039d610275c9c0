import Kernels

/// A network laid out in memory for one input size, able to run forward and, for training,
/// backward.
///
/// Owns the arena of activations and the parameters. Not Sendable; one caller at a time.
final class Execution {
  let network: Network
  let layout: ParameterLayout
  let plan: ExecutionPlan
  let batch: Int
  let pool: ThreadPool
  let parameters: FloatBuffer
  let arena: FloatBuffer
  /// Takes the time of each node while it is set.
  var layerClock: LayerClock?
  private let isTraining: Bool
  let convolutions: [Convolution?]
  let transposedConvolutions: [TransposedConvolution?]
  /// What convolutions compute on the way; nothing in training.
  private let fusion: Fusion
  /// Scratch memory of each node's passes, which lies in the arena.
  private let needs: [Workspace.Need]
  /// Per batch normalisation: mean and inverse deviation of the last batch, scale and shift,
  /// `[4][C]`.
  private let statistics: [FloatBuffer?]

  init(
    _ network: Network, batch: Int, height: Int, width: Int, isTraining: Bool, pool: ThreadPool,
    plainConvolutions: Bool
  ) throws(NetworkError) {
    prepareMatrixProducts()
    self.network = network
    self.batch = batch
    self.pool = pool
    self.isTraining = isTraining
    layout = ParameterLayout(network)
    let convolutions: [Convolution?] = network.nodes.map { node in
      guard case .conv2d(let layer) = node.operation else { return nil }
      return Convolution(
        ConvolutionGeometry(
          kernelSize: layer.kernelSize, inputChannels: layer.inputChannels,
          outputChannels: layer.outputChannels, hasReLU: layer.hasReLU),
        algorithm: plainConvolutions ? .taps : nil)
    }
    let transposedConvolutions: [TransposedConvolution?] = network.nodes.map { node in
      guard case .convTranspose2d(let layer) = node.operation else { return nil }
      return TransposedConvolution(
        inputChannels: layer.inputChannels, outputChannels: layer.outputChannels)
    }
    let fusion =
      isTraining
      ? .none
      : try Fusion(
        network, convolutions, height: height, width: width, threads: pool.threadCount)
    self.fusion = fusion
    func need(_ index: Int, _ shape: Network.NodeShape) -> Workspace.Need {
      if let convolution = convolutions[index] {
        let need = convolution.workspaceNeed(
          batch: batch, height: shape.height, width: shape.width, threads: pool.threadCount,
          training: isTraining)
        return fusion.heads[index] == nil ? need : need + convolution.headWorkspaceNeed
      }
      return transposedConvolutions[index]?.workspaceNeed(training: isTraining) ?? .none
    }
    plan = try ExecutionPlan(
      network, batch: batch, height: height, width: width, isTraining: isTraining,
      fusion: fusion
    ) { shapes in
      shapes.indices.map { need($0, shapes[$0]).count(threads: pool.threadCount) }
    }
    needs = network.nodes.indices.map { [plan] in need($0, plan.shapes[$0]) }
    self.convolutions = convolutions
    self.transposedConvolutions = transposedConvolutions
    parameters = FloatBuffer(count: layout.totalCount)
    arena = FloatBuffer(count: plan.totalCount)
    statistics = network.nodes.map { node in
      if case .batchNorm2d(let layer) = node.operation {
        FloatBuffer(count: 4 * layer.channels)
      } else {
        nil
      }
    }
  }

  /// Height, width and channels of the input.
  var inputShape: Network.NodeShape { plan.shapes[0] }

  /// Where the first `count` input images are written before `forward`.
  func input(_ count: Int) -> ActivationView { view(0, count) }

  /// The last node's output of the first `count` images.
  func output(_ count: Int) -> ActivationView { view(network.nodes.count - 1, count) }

  /// The gradient by the last node's output, written before `backward`.
  func outputGradient(_ count: Int) -> ActivationView? {
    gradientView(network.nodes.count - 1, count)
  }

  private func view(_ node: Int, _ count: Int) -> ActivationView {
    view(plan.activations[node], plan.shapes[node], count)
  }

  private func gradientView(_ node: Int, _ count: Int) -> ActivationView? {
    plan.gradients[node].map { view($0, plan.shapes[node], count) }
  }

  private func view(
    _ location: ExecutionPlan.Location, _ shape: Network.NodeShape, _ count: Int
  ) -> ActivationView {
    unsafe ActivationView(
      base: arena.base + location.offset, batch: count, height: shape.height, width: shape.width,
      channels: shape.channels, pixelStride: location.pixelStride)
  }

  private func parameter(_ node: Int, _ suffix: String) -> Int {
    guard let slot = layout.slot(network.nodes[node].name + suffix) else {
      preconditionFailure("\(network.nodes[node].name)\(suffix) has no slot")
    }
    return slot.offset
  }

  private func workspace(_ node: Int, _ offsets: [Int]) -> Workspace {
    unsafe Workspace(needs[node], threads: pool.threadCount, in: arena.base + offsets[node])
  }

  private func winners(_ node: Int) -> UnsafeMutablePointer<UInt8>? {
    guard let offset = plan.winners[node] else { return nil }
    return unsafe UnsafeMutableRawPointer(arena.base + offset).assumingMemoryBound(to: UInt8.self)
  }

  /// Runs all nodes on the first `count` images; `learning` normalises by the batch and moves the
  /// running statistics.
  func forward(_ count: Int, learning: Bool = false) {
    for index in network.nodes.indices {
      forward(node: index, count, learning)
      layerClock?.stop(index, .forward)
    }
  }

  private func forward(node index: Int, _ count: Int, _ learning: Bool) {
    let node = network.nodes[index]
    let output = view(index, count)
    switch node.operation {
    case .input: break
    case .conv2d where fusion.heads[node.inputs[0]] == index: break
    case .conv2d:
      convolve(index, count)
    case .convTranspose2d:
      unsafe transposedConvolutions[index]?.forward(
        input: view(node.inputs[0], count),
        weight: parameters.base + parameter(index, ".weight"),
        bias: parameters.base + parameter(index, ".bias"), output: output, pool: pool,
        workspace: workspace(index, plan.forwardWorkspaces))
    case .batchNorm2d(let layer):
      normalize(index, layer, input: view(node.inputs[0], count), output: output, learning)
    case .maxPool2d where fusion.poolings[node.inputs[0]] == index: break
    case .maxPool2d:
      unsafe maxPoolForward(
        fine: view(node.inputs[0], count), coarse: output, winners: winners(index), pool: pool)
    case .upsampleNearest:
      upsampleNearestForward(coarse: view(node.inputs[0], count), fine: output, pool: pool)
    case .upsampleBilinear:
      upsampleBilinearForward(coarse: view(node.inputs[0], count), fine: output, pool: pool)
    case .concatenate:
      for (place, part) in parts(of: output, node).enumerated()
      where plan.copiedActivations.contains(.init(node: index, input: place)) {
        copyActivations(view(node.inputs[place], count), to: part, accumulate: false, pool: pool)
      }
    }
  }

  private func convolve(_ index: Int, _ count: Int) {
    guard let convolution = convolutions[index] else { return }
    let input = fusion.parts(of: network.nodes[index].inputs[0], network.nodes).map {
      view($0, count)
    }
    func weight(_ node: Int) -> UnsafePointer<Float> {
      unsafe UnsafePointer(parameters.base + parameter(node, ".weight"))
    }
    func bias(_ node: Int) -> UnsafePointer<Float> {
      unsafe UnsafePointer(parameters.base + parameter(node, ".bias"))
    }
    let workspace = workspace(index, plan.forwardWorkspaces)
    if let head = fusion.heads[index] {
      unsafe convolution.forward(
        input: input, weight: weight(index), bias: bias(index),
        head: ConvolutionHead(weight: weight(head), bias: bias(head), output: view(head, count)),
        pool: pool, workspace: workspace)
    } else {
      unsafe convolution.forward(
        input: input, weight: weight(index), bias: bias(index), output: view(index, count),
        pooled: fusion.poolings[index].map { view($0, count) }, pool: pool, workspace: workspace)
    }
  }

  /// Runs all nodes backward from `outputGradient`; overwrites all of `parameterGradients`.
  func backward(_ count: Int, parameterGradients: FloatBuffer) {
    precondition(isTraining, "this execution was laid out for inference")
    var isWritten = [Bool](repeating: false, count: network.nodes.count)
    isWritten[network.nodes.count - 1] = true
    for index in network.nodes.indices.reversed() where isWritten[index] {
      guard let gradient = gradientView(index, count) else { continue }
      backward(node: index, gradient, count, parameterGradients, &isWritten)
      layerClock?.stop(index, .backward)
    }
  }

  private func backward(
    node index: Int, _ gradient: ActivationView, _ count: Int, _ parameterGradients: FloatBuffer,
    _ isWritten: inout [Bool]
  ) {
    let node = network.nodes[index]
    func target(_ place: Int) -> (ActivationView, Bool)? {
      let input = node.inputs[place]
      guard let view = gradientView(input, count) else { return nil }
      defer { isWritten[input] = true }
      return (view, isWritten[input])
    }
    switch node.operation {
    case .input: break
    case .conv2d(let layer):
      guard let convolution = convolutions[index] else { return }
      if layer.hasReLU {
        maskGradientByReLU(gradient, output: view(index, count), pool: pool)
      }
      unsafe convolution.parameterGradients(
        input: view(node.inputs[0], count), outputGradient: gradient,
        weightGradient: parameterGradients.base + parameter(index, ".weight"),
        biasGradient: parameterGradients.base + parameter(index, ".bias"), pool: pool,
        workspace: workspace(index, plan.backwardWorkspaces))
      if let (inputGradient, accumulate) = target(0) {
        unsafe convolution.inputGradient(
          outputGradient: gradient, weight: parameters.base + parameter(index, ".weight"),
          inputGradient: inputGradient, accumulate: accumulate, pool: pool,
          workspace: workspace(index, plan.backwardWorkspaces))
      }
    case .convTranspose2d:
      guard let convolution = transposedConvolutions[index] else { return }
      unsafe convolution.parameterGradients(
        input: view(node.inputs[0], count), outputGradient: gradient,
        weightGradient: parameterGradients.base + parameter(index, ".weight"),
        biasGradient: parameterGradients.base + parameter(index, ".bias"), pool: pool,
        workspace: workspace(index, plan.backwardWorkspaces))
      if let (inputGradient, accumulate) = target(0) {
        unsafe convolution.inputGradient(
          outputGradient: gradient, weight: parameters.base + parameter(index, ".weight"),
          inputGradient: inputGradient, accumulate: accumulate, pool: pool,
          workspace: workspace(index, plan.backwardWorkspaces))
      }
    case .batchNorm2d(let layer):
      if layer.hasReLU {
        maskGradientByReLU(gradient, output: view(index, count), pool: pool)
      }
      guard let (inputGradient, accumulate) = target(0), let values = statistics[index] else {
        return
      }
      let slopes = unsafe BatchNormalizationSlopes(
        mean: values.base, inverseDeviation: values.base + layer.channels,
        weight: parameters.base + parameter(index, ".weight"),
        weightGradient: parameterGradients.base + parameter(index, ".weight"),
        biasGradient: parameterGradients.base + parameter(index, ".bias"))
      batchNormalizationBackward(
        input: view(node.inputs[0], count), gradient: gradient, inputGradient: inputGradient,
        accumulate: accumulate, slopes: slopes, pool: pool)
    case .maxPool2d:
      if let (inputGradient, accumulate) = target(0), let winners = unsafe winners(index) {
        unsafe maxPoolBackward(
          coarseGradient: gradient, winners: winners, fineGradient: inputGradient,
          accumulate: accumulate, pool: pool)
      }
    case .upsampleNearest:
      if let (inputGradient, accumulate) = target(0) {
        upsampleNearestBackward(
          fineGradient: gradient, coarseGradient: inputGradient, accumulate: accumulate, pool: pool)
      }
    case .upsampleBilinear:
      if let (inputGradient, accumulate) = target(0) {
        upsampleBilinearBackward(
          fineGradient: gradient, coarseGradient: inputGradient, accumulate: accumulate, pool: pool)
      }
    case .concatenate:
      for (place, part) in parts(of: gradient, node).enumerated() {
        guard let (inputGradient, accumulate) = target(place),
          plan.copiedGradients.contains(.init(node: index, input: place))
        else { continue }
        copyActivations(part, to: inputGradient, accumulate: accumulate, pool: pool)
      }
    }
  }

  private func normalize(
    _ index: Int, _ layer: BatchNorm2d, input: ActivationView, output: ActivationView,
    _ learning: Bool
  ) {
    guard let values = statistics[index] else { return }
    let channels = layer.channels
    let (mean, inverse) = unsafe (values.base, values.base + channels)
    let (scale, shift) = unsafe (values.base + 2 * channels, values.base + 3 * channels)
    let runningMean = unsafe parameters.base + parameter(index, ".runningMean")
    let runningVariance = unsafe parameters.base + parameter(index, ".runningVariance")
    if learning {
      // `inverse` holds the variance for a moment.
      unsafe channelMoments(of: input, mean: mean, variance: inverse, pool: pool)
      let unbiased = Float(input.pixels) / Float(max(1, input.pixels - 1))
      for c in 0..<channels {
        unsafe runningMean[c] += BatchNorm2d.momentum * (mean[c] - runningMean[c])
        unsafe runningVariance[c] +=
          BatchNorm2d.momentum * (inverse[c] * unbiased - runningVariance[c])
      }
    } else {
      unsafe mean.update(from: runningMean, count: channels)
      unsafe inverse.update(from: runningVariance, count: channels)
    }
    let weight = unsafe parameters.base + parameter(index, ".weight")
    let bias = unsafe parameters.base + parameter(index, ".bias")
    for c in 0..<channels {
      unsafe inverse[c] = unsafe 1 / (inverse[c] + BatchNorm2d.epsilon).squareRoot()
      unsafe scale[c] = unsafe weight[c] * inverse[c]
      unsafe shift[c] = unsafe bias[c] - mean[c] * scale[c]
    }
    unsafe scaleAndShift(
      input: input, output: output, scale: scale, shift: shift, hasReLU: layer.hasReLU, pool: pool)
  }

  /// The views of a concatenation's inputs inside its output (or gradient).
  private func parts(of whole: ActivationView, _ node: Network.Node) -> [ActivationView] {
    var offset = 0
    return node.inputs.map { input in
      var part = whole
      part.channels = plan.shapes[input].channels
      unsafe part.base += offset
      offset += part.channels
      return part
    }
  }
}
