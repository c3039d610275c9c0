import Datasets
import Images
import Testing

@Suite("Synthetic dermoscopy") struct SyntheticDermoscopyTests {
  @Test("the same arguments give the same picture, others another") func deterministic() {
    let first = SyntheticDermoscopy.image(seed: 4, index: 2, width: 64, height: 48)
    let again = SyntheticDermoscopy.image(seed: 4, index: 2, width: 64, height: 48)
    #expect(first.image == again.image)
    #expect(first.mask == again.mask)
    let nextIndex = SyntheticDermoscopy.image(seed: 4, index: 3, width: 64, height: 48)
    let nextSeed = SyntheticDermoscopy.image(seed: 5, index: 2, width: 64, height: 48)
    #expect(nextIndex.image != first.image)
    #expect(nextSeed.image != first.image)
  }

  @Test("sizes and values are as promised", arguments: [(64, 48), (48, 64), (16, 16), (200, 16)])
  func shape(width: Int, height: Int) {
    for index in 0..<4 {
      let picture = SyntheticDermoscopy.image(seed: 1, index: index, width: width, height: height)
      #expect(picture.image.width == width)
      #expect(picture.image.height == height)
      #expect(picture.image.channels == 3)
      #expect(picture.mask.width == width)
      #expect(picture.mask.height == height)
      #expect(picture.mask.channels == 1)
      #expect(picture.mask.pixels.allSatisfy { $0 == 0 || $0 == 255 })
    }
  }

  @Test("every picture shows a lesion darker than the skin around it") func lesion() {
    for index in 0..<60 {
      let (image, mask) = SyntheticDermoscopy.image(seed: 2, index: index, width: 96, height: 72)
      let inside = mask.pixels.count { $0 == 255 }
      let fraction = Double(inside) / Double(mask.pixels.count)
      #expect(fraction > 0.005 && fraction < 0.75, "picture \(index) covers \(fraction)")
      // The middle ninth of the picture's height and width around the lesion is free of rims.
      let grey = image.converted(toChannels: 1)
      var sums = (lesion: 0, skin: 0, skinCount: 0)
      for y in 14..<58 {
        for x in 19..<77 {
          let value = Int(grey.pixels[y * 96 + x])
          if mask.pixels[y * 96 + x] == 255 { continue }
          sums.skin += value
          sums.skinCount += 1
        }
      }
      for (value, label) in zip(grey.pixels, mask.pixels) where label == 255 {
        sums.lesion += Int(value)
      }
      guard sums.skinCount > 0 else { continue }
      let difference =
        Double(sums.skin) / Double(sums.skinCount) - Double(sums.lesion) / Double(inside)
      #expect(difference > 5, "picture \(index) differs by \(difference)")
    }
  }

  @Test("pictures differ in tone, size of the lesion and its place") func variety() {
    var coverages: [Double] = []
    var tones: [Int] = []
    for index in 0..<40 {
      let (image, mask) = SyntheticDermoscopy.image(seed: 3, index: index, width: 48, height: 36)
      coverages.append(Double(mask.pixels.count { $0 == 255 }) / Double(48 * 36))
      tones.append(image.pixels.reduce(0) { $0 + Int($1) } / image.pixels.count)
    }
    #expect((coverages.min() ?? 1) < 0.06)
    #expect((coverages.max() ?? 0) > 0.25)
    #expect((tones.max() ?? 0) - (tones.min() ?? 0) > 60)
  }
}
