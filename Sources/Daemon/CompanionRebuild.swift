import Files
import Images
import Reports

/// Makes again what should lie beside the masks and is missing, and the table from all reports.
package struct CompanionRebuild {
  /// What was done.
  package struct Outcome: Sendable, Equatable {
    package var masks = 0
    /// Masks for which something was written.
    package var completed = 0
    /// Photographs that are not there any more, so that their overlay or colours cannot be made.
    package var withoutPhotograph: [String] = []
  }

  package let listing: ResultsListing
  /// Without probabilities, which only the network can make.
  package let wanted: CompanionChoice
  /// Whether also what is there is made anew.
  package var isForced = false

  package init(_ listing: ResultsListing, wanted: CompanionChoice) {
    self.listing = listing
    self.wanted = wanted
  }

  /// For the holder of the Results folder's lock.
  ///
  /// - Throws: `FileError`, `ImageError`.
  package func run() throws -> Outcome {
    var outcome = Outcome()
    var rows: [ResultsRow] = []
    let table = ResultsTable(in: listing.results)
    try listing.forEach { entry in
      outcome.masks += 1
      rows.append(try complete(entry, table, &outcome))
    }
    if wanted.table { try table.replace(with: rows) }
    return outcome
  }

  /// - Returns: the mask's line of the table.
  private func complete(
    _ entry: ResultsListing.Entry, _ table: ResultsTable, _ outcome: inout Outcome
  ) throws -> ResultsRow {
    var report = isForced ? nil : listing.report(of: entry)
    if let scale = wanted.millimetersPerPixel, report?.millimeters?.perPixel != scale {
      report = nil
    }
    var kinds: Set<CompanionKind> = []
    if wanted.kinds.contains(.report), report == nil { kinds.insert(.report) }
    if wanted.kinds.contains(.overlay), isForced || !hasWholeOverlay(entry) {
      kinds.insert(.overlay)
    }
    if let report, kinds.isEmpty { return ResultsRow(report) }
    let photograph = listing.photograph(of: entry)
    if photograph == nil { outcome.withoutPhotograph.append(entry.source.description) }
    let made = try Companions(
      CompanionChoice(kinds: kinds, table: true),
      entry.record.subject(
        in: entry.place, mask: entry.name,
        millimetersPerPixel: wanted.millimetersPerPixel ?? report?.millimeters?.perPixel),
      photograph: photograph, mask: entry.mask, probabilities: nil)
    guard let row = made.row else { preconditionFailure("a line was asked for") }
    if !made.files.isEmpty {
      var files = made
      files.row = nil
      try files.write(beside: entry.name, in: entry.place, of: listing.results, table: table)
      outcome.completed += 1
    }
    return row
  }

  private func hasWholeOverlay(_ entry: ResultsListing.Entry) -> Bool {
    guard let bytes = listing.companion(.overlay, of: entry) else { return false }
    return (try? ImageDecoder.decode(bytes)) != nil
  }
}
