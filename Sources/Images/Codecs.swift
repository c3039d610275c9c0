import CImageCodecs

/// The decoders of `CImageCodecs`.
///
/// All unsafe code of decoding and encoding is in this file.
enum Decoder {
  case jpeg
  case png

  /// Opens, reads and closes. The pixels are allocated only after the header has passed the limits.
  func decodePixels(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> Image {
    var cLimits = codec_limits(limits)
    var header = codec_header()
    var report = codec_report()
    var pixels: [UInt8] = []
    unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let reader = unsafe open(buffer, &cLimits, &header, &report) else { return }
      let count = Int(header.width) * Int(header.height) * Int(header.channels)
      pixels = unsafe [UInt8](unsafeUninitializedCapacity: count) { memory, initializedCount in
        if unsafe read(reader, memory, count, &report) == CODEC_OK { initializedCount = count }
      }
      unsafe close(reader)
    }
    if report.status != CODEC_OK {
      throw ImageError(report, header: header, limits: limits, fileBytes: bytes.count)
    }
    return Image(
      width: Int(header.width), height: Int(header.height), channels: Int(header.channels),
      pixels: pixels)
  }

  /// Width and height as the header says them; nil if it is refused.
  func size(of bytes: [UInt8], limits: ImageLimits) -> (width: Int, height: Int)? {
    var cLimits = codec_limits(limits)
    var header = codec_header()
    var report = codec_report()
    let isOpened = unsafe bytes.withUnsafeBufferPointer { buffer in
      guard let reader = unsafe open(buffer, &cLimits, &header, &report) else { return false }
      unsafe close(reader)
      return true
    }
    return isOpened ? (Int(header.width), Int(header.height)) : nil
  }

  private func open(
    _ bytes: UnsafeBufferPointer<UInt8>, _ limits: inout codec_limits, _ header: inout codec_header,
    _ report: inout codec_report
  ) -> OpaquePointer? {
    switch self {
    case .jpeg: unsafe codec_jpeg_open(bytes.baseAddress, bytes.count, &limits, &header, &report)
    case .png: unsafe codec_png_open(bytes.baseAddress, bytes.count, &limits, &header, &report)
    }
  }

  private func read(
    _ reader: OpaquePointer, _ memory: UnsafeMutableBufferPointer<UInt8>, _ count: Int,
    _ report: inout codec_report
  ) -> codec_status {
    switch self {
    case .jpeg: unsafe codec_jpeg_read(reader, memory.baseAddress, count, &report)
    case .png: unsafe codec_png_read(reader, memory.baseAddress, count, &report)
    }
  }

  private func close(_ reader: OpaquePointer) {
    switch self {
    case .jpeg: unsafe codec_jpeg_close(reader)
    case .png: unsafe codec_png_close(reader)
    }
  }
}

/// The encoders of `CImageCodecs`.
enum Encoder {
  case jpeg(quality: Int, isProgressive: Bool)
  case png

  /// Encodes and copies what was made.
  func encodePixels(_ image: Image) throws(ImageError) -> [UInt8] {
    guard image.pixels.count == image.width * image.height * image.channels else {
      throw .notEncoded(detail: "\(image.pixels.count) bytes are not [height, width, channels]")
    }
    let (width, height) = (UInt32(clamping: image.width), UInt32(clamping: image.height))
    let channels = UInt32(image.channels)
    var buffer = unsafe codec_buffer()
    var report = codec_report()
    let status = unsafe image.pixels.withUnsafeBufferPointer { pixels in
      switch self {
      case .jpeg(let quality, let isProgressive):
        unsafe codec_jpeg_encode(
          pixels.baseAddress, width, height, channels, Int32(min(max(quality, 1), 100)),
          isProgressive ? 1 : 0, &buffer, &report)
      case .png:
        unsafe codec_png_encode(
          pixels.baseAddress, width, height, channels, &buffer, &report)
      }
    }
    let bytes = unsafe [UInt8](UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
    unsafe codec_buffer_free(&buffer)
    if status != CODEC_OK { throw .notEncoded(detail: report.words) }
    return bytes
  }
}

/// Encodes samples `[H, W]` as grey PNG of 16 bits.
func encodeGray16(
  _ samples: [UInt16], width: Int, height: Int
) throws(ImageError) -> [UInt8] {
  var buffer = unsafe codec_buffer()
  var report = codec_report()
  let status = unsafe samples.withUnsafeBufferPointer { samples in
    unsafe codec_png_encode_16(
      samples.baseAddress, UInt32(clamping: width), UInt32(clamping: height), &buffer,
      &report)
  }
  let bytes = unsafe [UInt8](UnsafeBufferPointer(start: buffer.bytes, count: buffer.count))
  unsafe codec_buffer_free(&buffer)
  if status != CODEC_OK { throw .notEncoded(detail: report.words) }
  return bytes
}

extension codec_limits {
  init(_ limits: ImageLimits) {
    let (seconds, attoseconds) = limits.cpuTime.components
    self.init(
      minimum_side: UInt32(clamping: limits.minimumSide),
      maximum_side: UInt32(clamping: limits.maximumSide),
      pixels: UInt64(clamping: limits.pixels),
      memory_bytes: UInt64(clamping: limits.jpegMemoryBytes),
      scans: UInt32(clamping: limits.jpegScans),
      warnings: UInt32(clamping: limits.warnings),
      // At most a century, so that the product fits.
      cpu_nanoseconds: UInt64(min(max(seconds, 0), 3_200_000_000)) * 1_000_000_000
        + UInt64(clamping: attoseconds / 1_000_000_000))
  }
}

extension codec_report {
  /// The library's words.
  var words: String {
    unsafe withUnsafeBytes(of: message) { bytes in
      unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}

extension ImageError {
  init(_ report: codec_report, header: codec_header, limits: ImageLimits, fileBytes: Int) {
    let width = Int(header.width)
    let height = Int(header.height)
    switch report.status {
    case CODEC_TRUNCATED: self = .truncated(bytes: fileBytes, detail: report.words)
    case CODEC_UNSUPPORTED: self = .unsupported(detail: report.words)
    case CODEC_SIDE_TOO_SMALL:
      self = .sideTooSmall(width: width, height: height, limit: limits.minimumSide)
    case CODEC_SIDE_TOO_LARGE:
      self = .sideTooLarge(width: width, height: height, limit: limits.maximumSide)
    case CODEC_TOO_MANY_PIXELS:
      self = .tooManyPixels(width: width, height: height, limit: limits.pixels)
    case CODEC_TOO_MANY_SCANS:
      self = .tooManyScans(count: Int(clamping: report.value), limit: limits.jpegScans)
    case CODEC_TOO_MANY_WARNINGS:
      self = .tooManyWarnings(limit: limits.warnings, last: report.words)
    case CODEC_TOO_MUCH_MEMORY: self = .tooMuchMemory(limitBytes: limits.jpegMemoryBytes)
    case CODEC_TOO_SLOW: self = .tooSlow(limit: limits.cpuTime)
    case CODEC_BAD_ARGUMENT: self = .notEncoded(detail: report.words)
    default: self = .damaged(detail: report.words)
    }
  }
}
