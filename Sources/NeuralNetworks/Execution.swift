import Kernels

/// A network laid out in memory for one input size, able to run forward and, for training, backward.
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
  private let isTraining: Bool
  private let convolutions: [Convolution?]
  private let workspace: Workspace

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
    plan = try ExecutionPlan(
      network, batch: batch, height: height, width: width, isTraining: isTraining)
    parameters = FloatBuffer(count: layout.totalCount)
    arena = FloatBuffer(count: plan.totalCount)
    let convolutions: [Convolution?] = network.nodes.map { node in
      guard case .conv2d(let layer) = node.operation else { return nil }
      return Convolution(
        ConvolutionGeometry(
          kernelSize: layer.kernelSize, inputChannels: layer.inputChannels,
          outputChannels: layer.outputChannels, hasReLU: layer.hasReLU),
        algorithm: plainConvolutions ? .taps : nil)
    }
    self.convolutions = convolutions
    let need = convolutions.compactMap { $0?.workspaceNeed(training: isTraining) }
    workspace = Workspace(
      need.reduce(.none) { $0.union($1) }, threadCount: pool.threadCount)
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

  private func winners(_ node: Int) -> UnsafeMutablePointer<UInt8>? {
    guard let offset = plan.winners[node] else { return nil }
    return unsafe UnsafeMutableRawPointer(arena.base + offset).assumingMemoryBound(to: UInt8.self)
  }

  /// Runs all nodes on the first `count` images.
  func forward(_ count: Int) {
    for index in network.nodes.indices { forward(node: index, count) }
  }

  private func forward(node index: Int, _ count: Int) {
    let node = network.nodes[index]
    let output = view(index, count)
    switch node.operation {
    case .input: break
    case .conv2d:
      guard let convolution = convolutions[index] else { return }
      unsafe convolution.forward(
        input: view(node.inputs[0], count),
        weight: parameters.base + parameter(index, ".weight"),
        bias: parameters.base + parameter(index, ".bias"), output: output, pool: pool,
        workspace: workspace)
    case .convTranspose2d:
      unsafe transposedConvolutionForward(
        input: view(node.inputs[0], count),
        weight: parameters.base + parameter(index, ".weight"),
        bias: parameters.base + parameter(index, ".bias"), output: output, pool: pool)
    case .maxPool2d:
      unsafe maxPoolForward(
        fine: view(node.inputs[0], count), coarse: output, winners: winners(index), pool: pool)
    case .upsampleNearest:
      upsampleNearestForward(coarse: view(node.inputs[0], count), fine: output, pool: pool)
    case .concatenate:
      for (place, part) in parts(of: output, node).enumerated()
      where plan.copiedActivations.contains(.init(node: index, input: place)) {
        copyActivations(view(node.inputs[place], count), to: part, accumulate: false, pool: pool)
      }
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
        workspace: workspace)
      if let (inputGradient, accumulate) = target(0) {
        unsafe convolution.inputGradient(
          outputGradient: gradient, weight: parameters.base + parameter(index, ".weight"),
          inputGradient: inputGradient, accumulate: accumulate, pool: pool, workspace: workspace)
      }
    case .convTranspose2d:
      unsafe transposedConvolutionParameterGradients(
        input: view(node.inputs[0], count), outputGradient: gradient,
        weightGradient: parameterGradients.base + parameter(index, ".weight"),
        biasGradient: parameterGradients.base + parameter(index, ".bias"), pool: pool)
      if let (inputGradient, accumulate) = target(0) {
        unsafe transposedConvolutionInputGradient(
          outputGradient: gradient, weight: parameters.base + parameter(index, ".weight"),
          inputGradient: inputGradient, accumulate: accumulate, pool: pool)
      }
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
    case .concatenate:
      for (place, part) in parts(of: gradient, node).enumerated() {
        guard let (inputGradient, accumulate) = target(place),
          plan.copiedGradients.contains(.init(node: index, input: place))
        else { continue }
        copyActivations(part, to: inputGradient, accumulate: accumulate, pool: pool)
      }
    }
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
