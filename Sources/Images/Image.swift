import Glibc

/// Decoded pixels, 8 bits per channel.
public struct Image: Sendable, Equatable {
  /// Width in pixels, as stored in the file.
  public let width: Int
  /// Height in pixels, as stored in the file.
  public let height: Int
  /// 1 (grey) or 3 (red, green, blue).
  public let channels: Int
  /// `[H, W, C]`, row-major, channels innermost: `width * height * channels` bytes.
  public var pixels: [UInt8]
  /// The EXIF orientation, 1...8, of the stored pixels. The pixels are never turned: a mask has to
  /// fit the file as it is stored, and carries the same orientation.
  public var orientation: UInt8 = 1

  /// Wraps pixels.
  ///
  /// - Parameters:
  ///   - width: At least 1.
  ///   - height: At least 1.
  ///   - channels: 1 or 3.
  ///   - pixels: `[H, W, C]`; exactly `width * height * channels` bytes, otherwise the program stops.
  ///   - orientation: The EXIF orientation, 1...8.
  public init(width: Int, height: Int, channels: Int, pixels: [UInt8], orientation: UInt8 = 1) {
    precondition(width > 0 && height > 0, "an image has at least one pixel")
    precondition(channels == 1 || channels == 3, "an image has 1 or 3 channels")
    precondition(pixels.count == width * height * channels, "pixels are [height, width, channels]")
    precondition((1...8).contains(orientation), "EXIF orientations are 1...8")
    self.width = width
    self.height = height
    self.channels = channels
    self.pixels = pixels
    self.orientation = orientation
  }

  /// Makes an image of one value, by default black.
  public init(width: Int, height: Int, channels: Int, filledWith value: UInt8 = 0) {
    self.init(
      width: width, height: height, channels: channels,
      pixels: [UInt8](repeating: value, count: width * height * channels))
  }

  /// Whether two images are the same in every pixel and in all else.
  ///
  /// Cost: one `memcmp(3)`; what the compiler makes of comparing arrays takes ten times as long.
  public static func == (one: Image, other: Image) -> Bool {
    guard
      (one.width, one.height, one.channels, one.orientation, one.pixels.count)
        == (other.width, other.height, other.channels, other.orientation, other.pixels.count)
    else { return false }
    return unsafe one.pixels.withUnsafeBytes { ones in
      unsafe other.pixels.withUnsafeBytes { others in
        guard let first = ones.baseAddress, let second = others.baseAddress else { return true }
        return unsafe memcmp(first, second, ones.count) == 0
      }
    }
  }

  /// The same picture in grey or in RGB.
  ///
  /// RGB to grey is the luma of ITU-R BT.601, `0.299 R + 0.587 G + 0.114 B`, in 16-bit fixed point and
  /// rounded to the nearest. Grey to RGB repeats the value.
  ///
  /// - Parameter toChannels: 1 or 3.
  public func converted(toChannels: Int) -> Image {
    precondition(toChannels == 1 || toChannels == 3, "an image has 1 or 3 channels")
    if toChannels == channels { return self }
    let count = width * height
    let source = pixels
    var converted = [UInt8](repeating: 0, count: count * toChannels)
    if toChannels == 1 {
      for index in 0..<count {
        let red = UInt32(source[3 * index])
        let green = UInt32(source[3 * index + 1])
        let blue = UInt32(source[3 * index + 2])
        converted[index] = UInt8((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16)
      }
    } else {
      for index in 0..<count {
        converted[3 * index] = source[index]
        converted[3 * index + 1] = source[index]
        converted[3 * index + 2] = source[index]
      }
    }
    return Image(
      width: width, height: height, channels: toChannels, pixels: converted,
      orientation: orientation)
  }
}
