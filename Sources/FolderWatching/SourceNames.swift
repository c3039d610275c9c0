import Files

/// What a name in a watched folder promises.
public enum SourceName: Sendable, Equatable {
  /// A photograph by its extension: it gets a mask or a reason.
  case photograph
  /// No extension: a photograph only if the first bytes say so.
  case unknown
  /// Another kind of file, an unfinished one, or litter: left alone.
  case ignored

  /// Judges a name.
  public init(_ name: FileName) {
    if Self.isUnfinishedOrLitter(name) {
      self = .ignored
    } else if name.lowercasedExtension.isEmpty {
      self = .unknown
    } else {
      self = Self.imageExtensions.contains(name.lowercasedExtension) ? .photograph : .ignored
    }
  }

  /// JPEG and PNG, and the image formats that are not read: who drops a TIFF is told so.
  private static let imageExtensions: Set<String> = [
    "jpg", "jpeg", "jpe", "jfif", "png",
    "tif", "tiff", "bmp", "gif", "webp", "heic", "heif", "avif", "jp2", "jxl", "dcm", "dng", "raw",
  ]

  /// Extensions that writers give to unfinished files, among them `.part` of browsers, `.filepart`
  /// of WinSCP and `.crdownload` of Chrome.
  private static let unfinishedExtensions: Set<String> = [
    "part", "partial", "filepart", "crdownload", "download", "tmp", "temp", "swp", "opdownload",
  ]

  /// Names that network storage and file managers leave everywhere.
  private static let litter: Set<[UInt8]> = [
    Array("Thumbs.db".utf8), Array("desktop.ini".utf8), Array("@eaDir".utf8),
    Array("@Recycle".utf8), Array("lost+found".utf8), Array("#recycle".utf8),
  ]

  private static func isUnfinishedOrLitter(_ name: FileName) -> Bool {
    // A leading dot: hidden files, rsync's `.name.XXXXXX`, macOS's `._name`, `.DS_Store`.
    name.bytes.first == UInt8(ascii: ".") || name.bytes.last == UInt8(ascii: "~")
      || unfinishedExtensions.contains(name.lowercasedExtension) || litter.contains(name.bytes)
  }
}
