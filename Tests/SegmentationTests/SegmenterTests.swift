import Images
import Masks
import NeuralNetworks
import Segmentation
import Testing
import UNets

@Suite struct SegmenterTests {
  /// A real network whose head is set so that a pixel is lesion exactly where it is dark: enc0's first
  /// channel carries 1 - grey through the skip to the head, everything else is 0.
  static func darkIsLesion(channels: Int, inputSize: Int = 64) throws -> UNetModel {
    let architecture = UNetArchitecture(inputChannels: channels, width: 4, depth: 2)
    let start = try UNetModel.initialized(
      architecture: architecture, inputSize: inputSize, seed: 1)
    var parameters = start.parameters.mapValues { Tensor(zeros: $0.shape) }
    func set(_ name: String, _ index: [Int], _ value: Float) {
      guard let tensor = parameters[name] else { return }
      var offset = 0
      for (axis, i) in index.enumerated() { offset = offset * tensor.shape[axis] + i }
      parameters[name]?.values[offset] = value
    }
    for channel in 0..<channels {
      set("enc0.conv0.weight", [1, 1, channel, 0], -1 / Float(channels))
    }
    set("enc0.conv0.bias", [0], 1)
    set("enc0.conv1.weight", [1, 1, 0, 0], 1)
    set("dec0.conv0.weight", [1, 1, 0, 0], 1)
    set("dec0.conv1.weight", [1, 1, 0, 0], 1)
    set("head.weight", [0, 0, 0, 1], 20)
    set("head.bias", [1], -10)
    return try UNetModel(
      architecture: architecture, inputSize: inputSize, normalization: start.normalization,
      parameters: parameters)
  }

  /// A light picture with a dark disc.
  static func disc(width: Int, height: Int, channels: Int) -> Image {
    var image = Image(width: width, height: height, channels: channels, filledWith: 220)
    for y in 0..<height {
      for x in 0..<width where isInside(x, y, width, height) {
        for c in 0..<channels { image.pixels[(y * width + x) * channels + c] = 30 }
      }
    }
    return image
  }

  static func isInside(_ x: Int, _ y: Int, _ width: Int, _ height: Int) -> Bool {
    let dx = (Double(x) + 0.5) / Double(width) - 0.55
    let dy = (Double(y) + 0.5) / Double(height) - 0.4
    return dx * dx + dy * dy < 0.06
  }

  @Test(arguments: [1, 2, 3, 9])
  func severalShareTheThreadsAndFindTheSame(_ threads: Int) throws {
    let model = try Self.darkIsLesion(channels: 3)
    let segmenters = try Segmenter.several(model: model, threadCount: threads)
    #expect(segmenters.count == min(threads, 8))
    let image = Self.disc(width: 90, height: 70, channels: 3)
    let expected = try Segmenter(model: model, threadCount: 1).segment(image).mask
    for segmenter in segmenters { #expect(try segmenter.segment(image).mask == expected) }
  }

  @Test(arguments: [(1, 4, 32), (3, 16, 48), (3, 16, 192)])
  func photographsOfOneComputationDoNotMindEachOther(
    _ channels: Int, _ width: Int, _ inputSize: Int
  ) throws {
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(
        inputChannels: channels, width: width, depth: inputSize == 192 ? 5 : 3),
      inputSize: inputSize, seed: 3)
    let images = (0..<5).map { Self.disc(width: 80 + 9 * $0, height: 70, channels: 3) }
    let alone = try Segmenter(model: model, threadCount: 1)
    let together = try Segmenter(model: model, threadCount: 1, batchLimit: 4)
    for count in 1...4 {
      let some = Array(images.suffix(count))
      for (image, result) in zip(some, together.segment(some)) {
        let (found, expected) = (try result.get(), try alone.segment(image))
        #expect(found.probabilities == expected.probabilities)
        #expect(found.mask == expected.mask)
      }
    }
  }

  @Test func aLargeNetworkIsThereOnce() throws {
    // 1024 x 1024 x 16 values, several times: more than a sixth of what all may take.
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 16, depth: 2), inputSize: 1024,
      seed: 1)
    let alone = try Segmenter(model: model, threadCount: 1).memoryBytes
    #expect(alone > 128 << 20)
    #expect(try Segmenter.several(model: model, threadCount: 4).count == 1)
  }

  @Test(arguments: [1, 3], [(64, 64), (200, 120), (31, 57), (8, 300)])
  func theMaskFitsThePhotograph(_ channels: Int, _ size: (Int, Int)) throws {
    let segmenter = try Segmenter(model: Self.darkIsLesion(channels: channels), threadCount: 2)
    for imageChannels in [1, 3] {
      let image = Self.disc(width: size.0, height: size.1, channels: imageChannels)
      let result = try segmenter.segment(image)
      #expect(result.mask.width == size.0)
      #expect(result.mask.height == size.1)
      #expect(result.mask.channels == 1)
      #expect(result.mask.pixels.allSatisfy { $0 == 0 || $0 == 255 })
      let inside = result.mask.pixels.filter { $0 == 255 }.count
      #expect(result.lesionFraction == Double(inside) / Double(size.0 * size.1))
      var wrong = 0
      for y in 0..<size.1 {
        for x in 0..<size.0 {
          let expected: UInt8 = Self.isInside(x, y, size.0, size.1) ? 255 : 0
          wrong += result.mask.pixels[y * size.0 + x] == expected ? 0 : 1
        }
      }
      #expect(Double(wrong) <= 0.05 * Double(size.0 * size.1), "\(wrong) pixels differ")
      #expect(inside > 0)
    }
  }

  @Test func theOrientationIsKept() throws {
    let segmenter = try Segmenter(model: Self.darkIsLesion(channels: 1), threadCount: 1)
    for orientation in UInt8(1)...8 {
      var image = Self.disc(width: 40, height: 20, channels: 3)
      image.orientation = orientation
      #expect(try segmenter.segment(image).mask.orientation == orientation)
    }
  }

  @Test(arguments: [UInt8(0), 127, 255]) func constantPicturesGiveMasks(_ value: UInt8) throws {
    let segmenter = try Segmenter(model: Self.darkIsLesion(channels: 3), threadCount: 2)
    let image = Image(width: 50, height: 30, channels: 3, filledWith: value)
    let result = try segmenter.segment(image)
    #expect(result.mask.pixels.allSatisfy { $0 == (value == 0 ? 255 : 0) || value == 127 })
  }

  @Test func sameImageSameMask() throws {
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 3, width: 8), inputSize: 64, seed: 3)
    let one = try Segmenter(model: model, threadCount: 1)
    let image = Self.disc(width: 90, height: 70, channels: 3)
    let first = try one.segment(image).probabilities
    for _ in 0..<3 { #expect(try one.segment(image).probabilities == first) }
    for threads in 2...4 {
      let other = try Segmenter(model: model, threadCount: threads).segment(image).probabilities
      let difference = zip(first.values, other.values).map { abs($0 - $1) }.max() ?? 1
      #expect(difference < 1e-5)
    }
  }

  @Test func fourMirroredLooksDoNotDependOnMirroring() throws {
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 3, width: 4, depth: 2), inputSize: 64, seed: 5)
    let segmenter = try Segmenter(model: model, threadCount: 1, batchLimit: 2)
    let image = Self.disc(width: 64, height: 64, channels: 3)
    var mirrored = image
    for y in 0..<64 {
      for x in 0..<64 {
        for c in 0..<3 {
          mirrored.pixels[(y * 64 + x) * 3 + c] = image.pixels[(y * 64 + 63 - x) * 3 + c]
        }
      }
    }
    func largestDifference(_ accuracy: MaskAccuracy) throws -> Float {
      let found = segmenter.segment([image, mirrored], MaskSettings(accuracy: accuracy))
      let (one, other) = (try found[0].get().probabilities, try found[1].get().probabilities)
      return (0..<4096).map { index in
        abs(one.values[index] - other.values[index / 64 * 64 + 63 - index % 64])
      }.max() ?? 1
    }
    #expect(try largestDifference(.high) < 1e-5)
    // A network that has learnt nothing sees mirrored pictures differently.
    #expect(try largestDifference(.normal) > 1e-4)
  }

  @Test func aMaskThatMayBeWrongSaysWhy() throws {
    let segmenter = try Segmenter(model: Self.darkIsLesion(channels: 3), threadCount: 1)
    func reasons(_ image: Image) throws -> [PleaseLook] { try segmenter.segment(image).pleaseLook }
    #expect(try reasons(Self.disc(width: 128, height: 128, channels: 3)) == [])
    #expect(try reasons(Image(width: 50, height: 30, channels: 3, filledWith: 255)) == [.noLesion])
    #expect(
      try reasons(Image(width: 50, height: 30, channels: 3, filledWith: 0)) == [.touchesBorder])
    // Half dark is half lesion.
    #expect(
      try reasons(Image(width: 50, height: 30, channels: 3, filledWith: 126))
        == [.touchesBorder, .unsureBorder])
  }

  @Test func mirroredLooksThatDisagreeAreTold() throws {
    let image = Self.disc(width: 64, height: 64, channels: 3)
    // A network that has learnt nothing: other pixels are above its mean in each look.
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 3, width: 4, depth: 2), inputSize: 64, seed: 5)
    let segmenter = try Segmenter(model: model, threadCount: 1)
    let found = try segmenter.segment(image).probabilities.values.sorted()
    let settings = MaskSettings(threshold: found[found.count / 2], accuracy: .high)
    #expect(try segmenter.segment(image, settings).pleaseLook.contains(.looksDisagree))
    // One that looks at each pixel by itself.
    let dark = try Segmenter(model: Self.darkIsLesion(channels: 3), threadCount: 1)
    #expect(try dark.segment(image, MaskSettings(accuracy: .high)).pleaseLook == [])
  }

  @Test func hugeWeightsAreAnErrorAndNotAMask() throws {
    var model = try Self.darkIsLesion(channels: 1)
    var parameters = model.parameters
    for name in ["enc0.conv0.weight", "enc0.conv1.weight", "dec0.conv0.weight"] {
      parameters[name] = parameters[name].map {
        Tensor(shape: $0.shape, values: [Float](repeating: 3e38, count: $0.count))
      }
    }
    model = try UNetModel(
      architecture: model.architecture, inputSize: 64, normalization: model.normalization,
      parameters: parameters)
    let segmenter = try Segmenter(model: model, threadCount: 1)
    #expect(throws: SegmentationError.notFinite) {
      _ = try segmenter.segment(Self.disc(width: 20, height: 20, channels: 1))
    }
  }
}
