import Files
import Reports
import Settings

extension MaskRecord {
  /// What a report says about the mask with this record.
  ///
  /// - Parameters:
  ///   - folder: the photograph's sub-folder.
  ///   - mask: the mask's name.
  package func subject(
    in folder: SubfolderPath, mask: FileName, threshold: Double? = nil,
    millimetersPerPixel: Double?
  ) -> ImageReport.Subject {
    ImageReport.Subject(
      file: SourcePath(sourceName, in: folder).description,
      mask: SourcePath(mask, in: folder).description, sha256: sourceSHA256,
      sizeBytes: sourceSizeBytes, modelID: modelID, modelSHA256: modelSHA256,
      threshold: threshold, software: "dermseg \(dermsegVersion)",
      millimetersPerPixel: millimetersPerPixel, pleaseLook: pleaseLook)
  }
}

extension CompanionChoice {
  /// What the settings want.
  package init(_ settings: CompanionSettings) {
    var kinds: Set<CompanionKind> = []
    if settings.overlays { kinds.insert(.overlay) }
    if settings.reports { kinds.insert(.report) }
    if settings.probabilities { kinds.insert(.probabilities) }
    self.init(
      kinds: kinds, table: settings.table, millimetersPerPixel: settings.millimetersPerPixel)
  }
}
