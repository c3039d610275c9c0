/// The numbers that describe a stride-1 convolution whose output has the input's height and width.
///
/// Weights are `[kernelSize, kernelSize, inputChannels, outputChannels]`, output channels innermost.
/// With p for `padding` and zeros outside the image:
/// `out[y, x, o] = bias[o] + Σ in[y + dy - p, x + dx - p, i] · weight[dy, dx, i, o]`
public struct ConvolutionGeometry: Sendable, Equatable {
  /// Side of the square kernel.
  public var kernelSize: Int
  /// Channels read.
  public var inputChannels: Int
  /// Channels written.
  public var outputChannels: Int
  /// Zero rows above and columns to the left; 1 for 3x3, 0 for 1x1 and for the 2x2 of up-sampling.
  public var padding: Int
  /// Whether negative outputs become 0.
  public var hasReLU: Bool

  /// A same-sized convolution; `padding` nil means `(kernelSize - 1) / 2`.
  public init(
    kernelSize: Int, inputChannels: Int, outputChannels: Int, padding: Int? = nil, hasReLU: Bool
  ) {
    self.kernelSize = kernelSize
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.padding = padding ?? (kernelSize - 1) / 2
    self.hasReLU = hasReLU
  }

  /// Floats of the weight.
  public var weightCount: Int { kernelSize * kernelSize * inputChannels * outputChannels }

  /// Floating-point operations of one forward pass over `pixels` pixels, padding counted as work.
  public func operations(pixels: Int) -> Double { 2 * Double(pixels) * Double(weightCount) }

  /// For a tap `delta` steps from the first one: the outputs 0 ..< length it reaches, and the input
  /// of the first.
  @inline(__always)
  func reach(_ delta: Int, _ length: Int) -> (first: Int, count: Int, input: Int) {
    let offset = delta - padding
    let first = max(0, -offset)
    let end = min(length, length - offset)
    return (first, max(0, end - first), first + offset)
  }
}
