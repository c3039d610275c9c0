import Masks
import Testing

@Suite struct MaskPixelsTests {
  /// Runs of any length at any place, in ranges of any length, against a look at each pixel.
  @Test(arguments: 1...20) func theFirstPixelIsThatOfALookAtEach(_ seed: Int) {
    var dice = Dice(seed: UInt64(seed))
    var pixels: [UInt8] = []
    while pixels.count < 150 {
      let isLesion = dice.roll() < 0.5
      for _ in 0...Int(dice.roll() * 60) {
        pixels.append((isLesion ? 128 : 0) + UInt8(dice.roll() * 128))
      }
    }
    for start in pixels.indices {
      for end in [
        start, min(start + 20, pixels.count), min(start + 71, pixels.count), pixels.count,
      ] {
        for isLesion in [true, false] {
          let expected = (start..<end).first { (pixels[$0] >= 128) == isLesion } ?? end
          let found = unsafe pixels.span.bytes.firstIndex(isLesion: isLesion, in: start..<end)
          #expect(found == expected)
        }
      }
    }
  }
}
