import Files
import Images

/// A file that lies beside a mask, in a folder of its kind.
public enum CompanionKind: String, Sendable, CaseIterable {
  /// The photograph with the border drawn on it.
  case overlay
  /// The measurements.
  case report
  /// The probabilities behind the mask.
  case probabilities

  private static let maskSuffix = Array("_segmentation.png".utf8)

  /// The folder in the Results folder that mirrors its sub-folders.
  public var folder: FileName {
    switch self {
    case .overlay: fixedName("overlays")
    case .report: fixedName("reports")
    case .probabilities: fixedName("probabilities")
    }
  }

  private var suffix: [UInt8] {
    switch self {
    case .overlay: Array("_overlay.jpg".utf8)
    case .report: Array(".json".utf8)
    case .probabilities: Array("_probability.png".utf8)
    }
  }

  /// The name beside a mask; each mask has another one. Never longer than the mask's.
  public func name(beside mask: FileName) -> FileName {
    var bytes = mask.bytes
    if bytes.count > Self.maskSuffix.count, bytes.suffix(17).elementsEqual(Self.maskSuffix) {
      bytes.removeLast(Self.maskSuffix.count)
    }
    guard let name = FileName(bytes: bytes + suffix) else {
      preconditionFailure("part of a file name with a suffix is a file name")
    }
    return name
  }

  /// The mask that a file lies beside; nil if it has no such name.
  public func mask(of companion: FileName) -> FileName? {
    let bytes = companion.bytes
    guard bytes.count > suffix.count, bytes.suffix(suffix.count).elementsEqual(suffix) else {
      return nil
    }
    return FileName(bytes: bytes.dropLast(suffix.count) + Self.maskSuffix)
  }
}

/// What is wanted beside the masks.
public struct CompanionChoice: Sendable, Equatable {
  /// Which files.
  public var kinds: Set<CompanionKind>
  /// Whether there is a line in `results.csv`.
  public var table: Bool
  /// How large a pixel is, if somebody said so.
  public var millimetersPerPixel: Double?

  /// Makes a choice.
  public init(kinds: Set<CompanionKind>, table: Bool, millimetersPerPixel: Double? = nil) {
    (self.kinds, self.table) = (kinds, table)
    self.millimetersPerPixel = millimetersPerPixel
  }

  /// Whether there is nothing to do.
  public var isEmpty: Bool { kinds.isEmpty && !table }
}

/// The files of one mask, ready to be written.
public struct Companions: Sendable, Equatable {
  /// Their bytes.
  public var files: [CompanionKind: [UInt8]] = [:]
  /// The line of the table.
  public var row: ResultsRow?

  /// None.
  public init() {}

  /// Makes those that are wanted.
  ///
  /// - Parameters:
  ///   - photograph: as stored; nil if it is gone, then there is no overlay.
  ///   - mask: grey, of its size.
  ///   - probabilities: of any size, see ``SegmentedImage``; nil if they are not known.
  /// - Throws: ``ImageError/notEncoded(detail:)`` when there is no memory.
  public init(
    _ choice: CompanionChoice, _ subject: ImageReport.Subject, photograph: Image?, mask: Image,
    probabilities: FloatPlane?
  ) throws(ImageError) {
    if choice.isEmpty { return }
    let measurements = Measurements(photograph: photograph, mask: mask)
    let report = ImageReport(subject, mask: mask, measurements)
    if choice.kinds.contains(.report) { files[.report] = report.json() }
    if choice.table { row = ResultsRow(report) }
    if choice.kinds.contains(.overlay), let photograph {
      let picture = OverlayPicture.drawn(
        photograph, outline: measurements.outline, caption: report.caption,
        warning: report.warning)
      files[.overlay] = try JPEGEncoder.encode(picture, quality: 88)
    }
    if choice.kinds.contains(.probabilities), let probabilities {
      files[.probabilities] = try PNGEncoder.encode(
        probabilities.resized(width: mask.width, height: mask.height),
        orientation: mask.orientation)
    }
  }

  /// Writes the files, each whole or absent, and the line of the table.
  ///
  /// Nothing is synchronised: they can be made again from photograph and mask.
  ///
  /// - Parameters:
  ///   - mask: the mask's name.
  ///   - place: its sub-folder.
  ///   - results: the Results folder.
  ///   - table: that folder's.
  ///   - permissions: of the files, as for `open(2)`.
  public func write(
    beside mask: FileName, in place: SubfolderPath = .top, of results: DirectoryHandle,
    table: ResultsTable, permissions: UInt32 = 0o640
  ) throws(FileError) {
    for kind in CompanionKind.allCases {
      guard let bytes = files[kind] else { continue }
      try results.makeDirectory(SubfolderPath([kind.folder] + place.names))
        .replace(bytes, as: kind.name(beside: mask), permissions: permissions)
    }
    if let row { try table.add(row) }
  }
}
