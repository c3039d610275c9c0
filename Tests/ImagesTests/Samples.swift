import Images

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers in every run.
struct SplitMix64: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}

/// Random pixels.
func noise(width: Int, height: Int, channels: Int, seed: UInt64) -> Image {
  var random = SplitMix64(state: seed)
  var pixels = [UInt8](repeating: 0, count: width * height * channels)
  for index in pixels.indices { pixels[index] = UInt8.random(in: 0...255, using: &random) }
  return Image(width: width, height: height, channels: channels, pixels: pixels)
}

/// A smooth picture that JPEG keeps nearly as it is.
func gradient(width: Int, height: Int, channels: Int) -> Image {
  var pixels: [UInt8] = []
  pixels.reserveCapacity(width * height * channels)
  for y in 0..<height {
    for x in 0..<width {
      let values = [255 * x / width, 255 * y / height, 255 - 255 * (x + y) / (width + height)]
      for channel in 0..<channels { pixels.append(UInt8(values[channel])) }
    }
  }
  return Image(width: width, height: height, channels: channels, pixels: pixels)
}

/// The largest difference between two images of one size.
func largestDifference(_ left: Image, _ right: Image) -> Int {
  zip(left.pixels, right.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 255
}

/// The reason why `bytes` were not decoded, or nil.
func refusal(of bytes: [UInt8], limits: ImageLimits = .standard) -> ImageError? {
  do {
    _ = try ImageDecoder.decode(bytes, limits: limits)
    return nil
  } catch {
    return error
  }
}
