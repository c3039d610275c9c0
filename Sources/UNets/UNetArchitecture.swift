import NeuralNetworks

/// The U-Net of the paper as data: an encoder that halves, a decoder that doubles, skips between
/// them.
///
/// Source: Ronneberger, Fischer and Brox, "U-Net: convolutional networks for biomedical image
/// segmentation", with same-sized convolutions.
public struct UNetArchitecture: Sendable, Equatable {
  /// How the decoder doubles height and width.
  public enum Upsampling: String, Sendable, CaseIterable {
    /// 2x2 transposed convolution of stride 2, no activation.
    case transposed
    /// Nearest x2, then a 2x2 convolution with ReLU.
    case nearest
  }

  /// Channels of the image: 1 grey, 3 RGB.
  public var inputChannels: Int
  /// Channels of the first level; each level down has twice as many.
  public var width: Int
  /// Levels below the first one.
  public var depth: Int
  /// How the decoder goes up.
  public var upsampling: Upsampling
  /// Whether each 3x3 convolution is followed by batch normalisation (before its ReLU); needs a
  /// width that is a multiple of 8.
  public var hasBatchNorm: Bool

  /// Classes of the output: background and lesion.
  public static let classes = 2

  /// The seed network is the default: grey, width 64, depth 4, transposed convolutions.
  public init(
    inputChannels: Int = 1, width: Int = 64, depth: Int = 4, upsampling: Upsampling = .transposed,
    hasBatchNorm: Bool = false
  ) {
    self.inputChannels = inputChannels
    self.width = width
    self.depth = depth
    self.upsampling = upsampling
    self.hasBatchNorm = hasBatchNorm
  }

  /// Input sides must be multiples of this.
  public var sideMultiple: Int { 1 << depth }

  /// Number of learned values: 31.0 million for width 64, 7.76 for 32, 1.94 for 16.
  public var parameterCount: Int { ParameterLayout(makeNetwork()).parameterCount }

  /// The graph. Names: `enc0` … `enc{depth}` with `.conv0` and `.conv1`, `dec{l}.up`, `.conv0`,
  /// `.conv1`, `head`.
  public func makeNetwork() -> Network {
    var network = Network()
    var top = network.add("input", .input(channels: inputChannels))
    var channels = inputChannels
    var skips: [Int] = []
    for level in 0...depth {
      let outputs = width << level
      top = addPair(to: &network, "enc\(level)", from: top, channels, outputs)
      channels = outputs
      if level < depth {
        skips.append(top)
        top = network.add("enc\(level).pool", .maxPool2d, top)
      }
    }
    for level in (0..<depth).reversed() {
      let outputs = width << level
      let up = addUpsampling(to: &network, "dec\(level)", from: top, channels, outputs)
      let joined = network.add("dec\(level).concat", .concatenate, skips[level], up)
      top = addPair(to: &network, "dec\(level)", from: joined, 2 * outputs, outputs)
      channels = outputs
    }
    network.add(
      "head",
      .conv2d(
        Conv2d(
          inputChannels: channels, outputChannels: Self.classes, kernelSize: 1, hasReLU: false)),
      top)
    return network
  }

  private func addPair(
    to network: inout Network, _ name: String, from node: Int, _ inputs: Int, _ outputs: Int
  ) -> Int {
    let first = addConvolution(to: &network, name + ".conv0", from: node, inputs, outputs)
    return addConvolution(to: &network, name + ".conv1", from: first, outputs, outputs)
  }

  private func addConvolution(
    to network: inout Network, _ name: String, from node: Int, _ inputs: Int, _ outputs: Int
  ) -> Int {
    let layer = Conv2d(inputChannels: inputs, outputChannels: outputs, hasReLU: !hasBatchNorm)
    let convolution = network.add(name, .conv2d(layer), node)
    guard hasBatchNorm else { return convolution }
    return network.add(name + ".norm", .batchNorm2d(BatchNorm2d(channels: outputs)), convolution)
  }

  private func addUpsampling(
    to network: inout Network, _ name: String, from node: Int, _ inputs: Int, _ outputs: Int
  ) -> Int {
    switch upsampling {
    case .transposed:
      return network.add(
        name + ".up",
        .convTranspose2d(ConvTranspose2d(inputChannels: inputs, outputChannels: outputs)), node)
    case .nearest:
      let doubled = network.add(name + ".double", .upsampleNearest, node)
      return network.add(
        name + ".up",
        .conv2d(Conv2d(inputChannels: inputs, outputChannels: outputs, kernelSize: 2)), doubled)
    }
  }
}
