import Daemon
import Images
import Masks
import Segmentation
import Testing
import UNets

@Suite struct SharedSegmenterTests {
  /// Without the turns one photograph would get another's mask.
  @Test func severalThreadsTakeTurns() async throws {
    let model = try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 4, depth: 2), inputSize: 64, seed: 1)
    let alone = try Segmenter(model: model, threadCount: 1)
    let shared = SharedSegmenter(try Segmenter(model: model, threadCount: 2))
    let images = (0..<4).map { index in
      var image = Image(width: 64, height: 64, channels: 1)
      for pixel in image.pixels.indices {
        let value: Int = pixel * (7 + index) / 64
        image.pixels[pixel] = UInt8(truncatingIfNeeded: value)
      }
      return image
    }
    let expected = try images.map { try alone.segment($0).probabilities }
    #expect(expected[0] != expected[1])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (image, expected) in zip(images, expected) {
        group.addTask {
          for _ in 0..<20 {
            let found = try shared.segment([image], .standard)[0].get().probabilities
            #expect(zip(found.values, expected.values).allSatisfy { abs($0 - $1) < 1e-5 })
          }
        }
      }
      try await group.waitForAll()
    }
  }
}
