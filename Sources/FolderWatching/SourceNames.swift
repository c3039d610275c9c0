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
    } else if let code = ExtensionCode(of: name) {
      // Among what is not an image: `.part`, `.partial`, `.filepart`, `.crdownload`, `.tmp`, which
      // writers give to unfinished files, and `Thumbs.db`, `desktop.ini`.
      self = Self.imageExtensions.contains(code) ? .photograph : .ignored
    } else {
      self = .unknown
    }
  }

  /// Whether a sub-folder of this name belongs to users, and not to a program that keeps its own
  /// things there.
  public static func isUsersFolder(_ name: FileName) -> Bool { !isUnfinishedOrLitter(name) }

  /// JPEG and PNG, and the image formats that are not read: who drops a TIFF is told so.
  private static let imageExtensions = Set(
    [
      "jpg", "jpeg", "jpe", "jfif", "png",
      "tif", "tiff", "bmp", "gif", "webp", "heic", "heif", "avif", "jp2", "jxl", "dcm", "dng",
      "raw",
    ].compactMap { FileName("x." + $0).flatMap { ExtensionCode(of: $0) } })

  /// Names that network storage and file managers leave everywhere.
  private static let litter: Set<[UInt8]> = [
    Array("@eaDir".utf8), Array("@Recycle".utf8), Array("#recycle".utf8),
    Array("lost+found".utf8),
  ]

  private static func isUnfinishedOrLitter(_ name: FileName) -> Bool {
    // A leading dot: hidden files, rsync's `.name.XXXXXX`, macOS's `._name`, `.DS_Store`.
    name.bytes.first == UInt8(ascii: ".") || name.bytes.last == UInt8(ascii: "~")
      || litter.contains(name.bytes)
  }
}

/// A file name's extension in ASCII lower case as one number: a name is judged 100,000 times per
/// listing, without allocating.
private struct ExtensionCode: Hashable {
  private let code: UInt64

  /// Nil for a name without an extension; one code for all extensions that are longer than 7 bytes.
  init?(of name: FileName) {
    let bytes = name.bytes
    guard let dot = bytes.lastIndex(of: UInt8(ascii: ".")), dot > 0, dot < bytes.count - 1 else {
      return nil
    }
    let letters = bytes[(dot + 1)...]
    guard letters.count < 8 else {
      code = .max
      return
    }
    code = letters.reduce(0) { code, byte in
      code << 8 | UInt64((0x41...0x5a).contains(byte) ? byte | 0x20 : byte)
    }
  }
}
