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
    let plain = try Encoder.png.encodePixels(image)
    return try inserting(text, orientation: image.orientation, into: plain)
  }

  /// Encodes probabilities as grey of 16 bits: 0 is 0, 65,535 is 1.
  ///
  /// - Parameters:
  ///   - plane: 0...1.
  ///   - orientation: of the photograph.
  /// - Throws: ``ImageError/notEncoded(detail:)`` when there is no memory.
  public static func encode(_ plane: FloatPlane, orientation: UInt8) throws(ImageError) -> [UInt8] {
    let plain = try encodeGray16(
      plane.values.map { UInt16(min(max($0, 0), 1) * 65_535 + 0.5) }, width: plane.width,
      height: plane.height)
    return try inserting([], orientation: orientation, into: plain)
  }

  private static func inserting(
    _ text: [PNGText], orientation: UInt8, into plain: [UInt8]
  ) throws(ImageError) -> [UInt8] {
    var extra: [UInt8] = []
    if orientation != 1 { extra += PNGChunks.chunk("eXIf", Orientation.tiff(orientation)) }
    for pair in text {
      guard let chunk = pair.chunk else {
        throw .notEncoded(detail: "the text \"\(pair.keyword)\" is not allowed in a PNG file")
      }
      extra += chunk
    }
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
