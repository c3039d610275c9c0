/// Reads JPEG and PNG files of any kind into 8-bit grey or RGB, under limits.
///
/// What the file is decides, never its name. JPEG: grey, YCbCr and RGB, and CMYK and YCCK converted to
/// RGB without a colour profile; baseline, progressive and arithmetic coding; 8 bits. PNG: all colour
/// types and depths; palettes become RGB, 16 bits are rounded to 8, transparency is laid over white, of
/// an animation the first picture is taken. Gamma and colour profiles are not applied.
///
/// A file that ends early is never a success: a JPEG has to reach its end-of-image marker without
/// invented pixels, a PNG its IEND chunk with every check sum right.
public enum ImageDecoder {
  /// Decodes a file that is in memory.
  ///
  /// Takes the pixels, `width * height * channels` bytes, and for a progressive JPEG at most
  /// `limits.jpegMemoryBytes` more.
  ///
  /// - Parameters:
  ///   - bytes: The whole file.
  ///   - limits: What the image may cost.
  /// - Returns: The pixels in stored order, with the file's EXIF orientation.
  /// - Throws: ``ImageError``; `isTruncated` when the file may still be in the making.
  public static func decode(
    _ bytes: [UInt8], limits: ImageLimits = .standard
  ) throws(ImageError) -> Image {
    if bytes.isEmpty { throw .empty }
    if bytes.count > limits.fileBytes {
      throw .fileTooLarge(bytes: bytes.count, limit: limits.fileBytes)
    }
    do throws(ImageError) {
      switch FileKind(of: bytes) {
      case .jpeg: return try decodeJPEG(bytes, limits: limits)
      case .png: return try decodePNG(bytes, limits: limits)
      case .beginning:
        throw ImageError.truncated(bytes: bytes.count, detail: "only the first bytes are there")
      case .zeros: throw ImageError.damaged(detail: "only zeros")
      case .other(let looksLike): throw ImageError.notAnImage(looksLike: looksLike)
      }
    } catch {
      if case .damaged(let detail) = error, endsInZeros(bytes) {
        // A copy that reserves the space first and fills it afterwards looks like this.
        throw .truncated(bytes: bytes.count, detail: "the rest is zeros; \(detail)")
      }
      throw error
    }
  }

  /// The size that ``decode(_:limits:)`` would give, from the header; nil if it would refuse that.
  public static func size(of bytes: [UInt8], limits: ImageLimits = .standard) -> (
    width: Int, height: Int
  )? {
    switch FileKind(of: bytes) {
    case .jpeg: Decoder.jpeg.size(of: bytes, limits: limits)
    case .png: PNGHeader.read(from: bytes).map { ($0.width, $0.height) }
    case .beginning, .zeros, .other: nil
    }
  }

  /// Whether the last 16 bytes are zero. Neither format ends so.
  private static func endsInZeros(_ bytes: [UInt8]) -> Bool {
    bytes.suffix(16).allSatisfy { $0 == 0 }
  }

  private static func decodeJPEG(
    _ bytes: [UInt8], limits: ImageLimits
  ) throws(ImageError) -> Image {
    do throws(ImageError) {
      var image = try Decoder.jpeg.decodePixels(bytes, limits: limits)
      image.orientation = JPEGSegments.orientation(of: bytes)
      return image
    } catch {
      if case .tooManyScans(let count, let limit) = error {
        // The decoder stops at the first scan too many; the user wants to know how many there are.
        throw .tooManyScans(count: max(count, JPEGSegments.scanCount(of: bytes)), limit: limit)
      }
      throw error
    }
  }

  private static func decodePNG(
    _ bytes: [UInt8], limits: ImageLimits
  ) throws(ImageError) -> Image {
    if let header = PNGHeader.read(from: bytes) {
      try limits.check(width: header.width, height: header.height)
    }
    var image = try Decoder.png.decodePixels(bytes, limits: limits)
    image.orientation = PNGChunks.orientation(of: bytes)
    return image
  }
}

/// What the first bytes of a file say.
enum FileKind: Equatable {
  case jpeg
  case png
  /// Fewer bytes than a signature, all of them right.
  case beginning
  case zeros
  case other(looksLike: String?)

  init(of bytes: [UInt8]) {
    let jpeg: [UInt8] = [0xFF, 0xD8, 0xFF]
    if bytes.starts(with: jpeg) {
      self = .jpeg
    } else if bytes.starts(with: PNGChunks.signature) {
      self = .png
    } else if jpeg.starts(with: bytes) || PNGChunks.signature.starts(with: bytes) {
      self = .beginning
    } else if bytes.prefix(4096).allSatisfy({ $0 == 0 }) {
      self = .zeros
    } else {
      self = .other(looksLike: FileKind.name(of: bytes))
    }
  }

  /// Kinds that people put in such a folder.
  private static func name(of bytes: [UInt8]) -> String? {
    let kinds: [(prefix: [UInt8], name: String)] = [
      (Array("GIF8".utf8), "a GIF image"),
      (Array("BM".utf8), "a BMP image"),
      (Array("II*\0".utf8), "a TIFF image"),
      (Array("MM\0*".utf8), "a TIFF image"),
      (Array("%PDF".utf8), "a PDF document"),
      (Array("PK\u{3}\u{4}".utf8), "a ZIP archive"),
      (Array("8BPS".utf8), "a Photoshop document"),
      ([0x1F, 0x8B], "a gzip archive"),
    ]
    for kind in kinds where bytes.starts(with: kind.prefix) { return kind.name }
    if bytes.starts(with: Array("RIFF".utf8)) && bytes.dropFirst(8).starts(with: Array("WEBP".utf8))
    {
      return "a WebP image"
    }
    if bytes.dropFirst(4).starts(with: Array("ftyp".utf8)) {
      return "a HEIF or AVIF image or a film"
    }
    if bytes.dropFirst(128).starts(with: Array("DICM".utf8)) { return "a DICOM file" }
    let isText = bytes.prefix(512).allSatisfy { $0 >= 0x20 && $0 < 0x7F || (9...13).contains($0) }
    return isText ? "text" : nil
  }
}
