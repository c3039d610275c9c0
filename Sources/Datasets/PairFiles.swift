import Files
import Images
import SystemPackage

/// Why one pair of files is of no use.
struct PairFault: Error {
  /// One sentence: why, with numbers, and what to do.
  let reason: String
}

/// Reads and decodes the two files of a pair.
enum PairFiles {
  /// Larger files are not photographs; the decoder's own limits come on top.
  private static let fileLimitBytes = 64 << 20

  static func read(_ path: FilePath) throws(PairFault) -> [UInt8] {
    try readWithIdentity(path).bytes
  }

  /// - Returns: all bytes, and which state of the file they are.
  static func readWithIdentity(
    _ path: FilePath
  ) throws(PairFault) -> (bytes: [UInt8], identity: FileIdentity) {
    do throws(FileError) {
      return try readRegularFile(at: path, limitBytes: fileLimitBytes)
    } catch {
      throw PairFault(reason: error.description)
    }
  }

  /// - Returns: the photograph as stored, its mask as 0 and 255 in one channel, of the same size, and a
  ///   remark when the mask had to be interpreted.
  static func decode(imageBytes: [UInt8], maskBytes: [UInt8]) throws(PairFault) -> (
    image: Image, mask: Image, remark: String?
  ) {
    let image = try decode(imageBytes, as: "image")
    let mask = try decode(maskBytes, as: "mask").converted(toChannels: 1)
    guard image.width == mask.width, image.height == mask.height else {
      throw PairFault(
        reason: "the image is \(image.width)x\(image.height), its mask "
          + "\(mask.width)x\(mask.height). Draw the mask at the image's size.")
    }
    let (binary, remark) = binarized(mask)
    return (image, binary, remark)
  }

  static func decode(_ bytes: [UInt8], as role: String) throws(PairFault) -> Image {
    do throws(ImageError) {
      return try ImageDecoder.decode(bytes)
    } catch {
      throw PairFault(reason: "the \(role) was not decoded: \(error)")
    }
  }

  /// Makes a mask 0 and 255 only, at one half.
  private static func binarized(_ mask: Image) -> (Image, remark: String?) {
    let (grey, lesion) = counts(mask.pixels.span)
    if grey > 0 {
      var binary = mask
      binary.pixels = mask.pixels.map { $0 >= 128 ? 255 : 0 }
      return (
        binary, "\(grey) of \(mask.pixels.count) mask pixels are neither 0 nor 255: cut at 128."
      )
    }
    return (mask, lesion == 0 ? "the mask shows no lesion: used as healthy skin." : nil)
  }

  /// How many pixels are neither 0 nor 255, and how many are lesion; in pieces that a byte can count, of
  /// which the compiler makes vectors.
  private static func counts(_ pixels: Span<UInt8>) -> (grey: Int, lesion: Int) {
    var (grey, lesion) = (0, 0)
    for first in stride(from: 0, to: pixels.count, by: 128) {
      let piece = pixels.extracting(first..<min(first + 128, pixels.count))
      var (greys, lesions): (UInt8, UInt8) = (0, 0)
      for index in piece.indices {
        greys &+= piece[index] &+ 1 > 1 ? 1 : 0
        lesions &+= piece[index] >> 7
      }
      grey += Int(greys)
      lesion += Int(lesions)
    }
    return (grey, lesion)
  }
}
