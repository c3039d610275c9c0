/// A stride-1 convolution that keeps height and width, with bias and an optional ReLU.
///
/// Weight `[kernelSize, kernelSize, inputChannels, outputChannels]`, bias `[outputChannels]`. Odd
/// kernels pad evenly; even ones pad right and bottom only (as Keras' `same` does for the 2x2 of
/// up-sampling).
public struct Conv2d: Sendable, Equatable {
  /// Channels read.
  public var inputChannels: Int
  /// Channels written.
  public var outputChannels: Int
  /// Side of the square kernel.
  public var kernelSize: Int
  /// Whether negative outputs become 0.
  public var hasReLU: Bool

  /// A convolution layer without its weights.
  public init(inputChannels: Int, outputChannels: Int, kernelSize: Int = 3, hasReLU: Bool = true) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.kernelSize = kernelSize
    self.hasReLU = hasReLU
  }
}

/// A transposed convolution, kernel 2x2 and stride 2: doubles height and width; no activation.
///
/// Weight `[2, 2, inputChannels, outputChannels]`, bias `[outputChannels]`.
public struct ConvTranspose2d: Sendable, Equatable {
  /// Channels read.
  public var inputChannels: Int
  /// Channels written.
  public var outputChannels: Int

  /// A transposed convolution layer without its weights.
  public init(inputChannels: Int, outputChannels: Int) {
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
  }
}

/// Batch normalisation with an optional ReLU: `y = weight · (x - mean) / sqrt(variance + ε) + bias`
/// per channel.
///
/// Training uses the batch's mean and variance and follows them with running ones, which everything
/// else uses; inference folds them into the convolution before. Parameters `weight`, `bias`, and
/// the state `runningMean` and `runningVariance`, `[channels]` each.
public struct BatchNorm2d: Sendable, Equatable {
  /// Channels read and written, a multiple of 8.
  public var channels: Int
  /// Whether negative outputs become 0.
  public var hasReLU: Bool

  /// ε: keeps the root away from zero.
  public static let epsilon: Float = 1e-5
  /// Share of the newest batch in the running statistics.
  public static let momentum: Float = 0.1

  /// A normalisation without its parameters.
  public init(channels: Int, hasReLU: Bool = true) {
    self.channels = channels
    self.hasReLU = hasReLU
  }
}

/// What a node of a network does with its inputs.
public enum Operation: Sendable, Equatable {
  /// The image, `[N, H, W, channels]`. A network has one.
  case input(channels: Int)
  /// A same-sized convolution of one input.
  case conv2d(Conv2d)
  /// Doubles height and width of one input, with weights.
  case convTranspose2d(ConvTranspose2d)
  /// Normalises each channel of one input.
  case batchNorm2d(BatchNorm2d)
  /// 2x2 max-pooling of stride 2.
  case maxPool2d
  /// Nearest x2 up-sampling: `out[y, x] = in[y / 2, x / 2]`.
  case upsampleNearest
  /// Bilinear x2 up-sampling, pixel centres aligned, edges repeated: along each axis
  /// `out[2i] = in[i - 1] / 4 + 3 in[i] / 4` and `out[2i + 1] = 3 in[i] / 4 + in[i + 1] / 4`.
  case upsampleBilinear
  /// The inputs' channels one after another; equal heights and widths.
  case concatenate
}
