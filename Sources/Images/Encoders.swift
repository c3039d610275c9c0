/// Writes 8-bit grey or RGB PNG files.
public enum PNGEncoder {
  /// Encodes an image in memory.
  ///
  /// - Parameters:
  ///   - image: Grey or RGB. An orientation other than 1 is written as an eXIf chunk.
  ///   - text: Pairs that are written before the pixels.
  /// - Returns: The file.
  /// - Throws: ``ImageError/notEncoded(detail:)`` when a text has a keyword or value that PNG does not
  ///   allow, or there is no memory.
  public static func encode(_ image: Image, text: [PNGText] = []) throws(ImageError) -> [UInt8] {
    var extra: [UInt8] = []
    if image.orientation != 1 {
      extra += PNGChunks.chunk("eXIf", Orientation.tiff(image.orientation))
    }
    for pair in text {
      guard let chunk = pair.chunk else {
        throw .notEncoded(detail: "the text \"\(pair.keyword)\" is not allowed in a PNG file")
      }
      extra += chunk
    }
    // A mask is cheap to compress well; a photograph in PNG is a drawing that somebody waits for.
    let plain = try Encoder.png(level: image.channels == 1 ? 6 : 3).encodePixels(image)
    if extra.isEmpty { return plain }
    return Array(plain.prefix(PNGChunks.endOfHeader)) + extra
      + Array(plain.dropFirst(PNGChunks.endOfHeader))
  }
}

/// Writes 8-bit grey or YCbCr JPEG files.
public enum JPEGEncoder {
  /// Encodes an image in memory.
  ///
  /// - Parameters:
  ///   - image: Grey or RGB; no side longer than 65,500. An orientation other than 1 is written as
  ///     EXIF.
  ///   - quality: libjpeg's scale, 1...100.
  ///   - progressive: Whether to write several scans from coarse to fine.
  /// - Returns: The file.
  /// - Throws: ``ImageError/notEncoded(detail:)`` when the image is too large or there is no memory.
  public static func encode(
    _ image: Image, quality: Int = 90, progressive: Bool = false
  ) throws(ImageError) -> [UInt8] {
    let plain = try Encoder.jpeg(quality: quality, isProgressive: progressive).encodePixels(image)
    if image.orientation == 1 { return plain }
    return JPEGSegments.inserting(orientation: image.orientation, into: plain)
  }
}
