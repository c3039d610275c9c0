import Files
import FolderWatching
import Images
import Masks
import Reports
import Segmentation
import SystemPackage

/// Checks from outside that the daemon kept its promises about two folders.
///
/// It trusts nothing that the daemon remembers: masks are decoded, sources are read and compared with
/// what masks say about them, and every source must have a mask or a reason. After a kill, a power
/// cut, a full disk or any other fault this is what must hold.
///
/// Cost: every photograph and every mask is read and decoded once; with ``model``, every photograph is
/// segmented once.
package struct FolderCheck {
  package var testFolder: FilePath
  package var resultsFolder: FilePath
  /// Searched for leftovers; nil: not looked at.
  package var stateDirectory: FilePath?
  /// What was in the test folder before; nil: changes of sources are not looked for.
  package var manifest: SourceManifest?
  /// What the journal says was done.
  package var claims: [JournalClaim] = []
  /// Computes each mask that this model made once more, to be compared pixel by pixel.
  package var model: (sha256: String, segmenter: Segmenter)?
  /// Whether the daemon works or was killed and has not been started since: then a photograph may still
  /// be without a mask, a mask be that of a photograph that was replaced, and a part file be there.
  package var isUnderWay = false
  /// Whether sub-folders are watched, too.
  package var isRecursive = false
  /// What every mask must have beside it; nil: that is not looked at.
  package var companions: CompanionChoice?
  /// Called with how many names were looked at, of how many that are known of.
  package var progress: (_ done: Int, _ known: Int) -> Void = { _, _ in }

  private let tally = Tally()

  package init(testFolder: FilePath, resultsFolder: FilePath) {
    (self.testFolder, self.resultsFolder) = (testFolder, resultsFolder)
  }

  /// Looks at everything.
  ///
  /// - Throws: `FileError` when a folder cannot be listed.
  package func run() throws(FileError) -> FolderReport {
    var report = FolderReport()
    let sources = try DirectoryHandle(opening: testFolder)
    if let manifest {
      for (path, change) in manifest.differences(to: try SourceManifest(of: sources)) {
        report.add(.sourceChanged, path, change)
      }
    }
    var results: DirectoryHandle?
    do throws(FileError) {
      results = try DirectoryHandle(opening: resultsFolder)
    } catch .system(_, _, .noSuchFileOrDirectory) {
      // No daemon has run yet.
    }
    let notes = results.flatMap { try? $0.openDirectory(Self.failedName) }
    // By what the log calls them.
    var masks: [[UInt8]: MaskRecord] = [:]
    try check(
      Place(
        folder: .top, sources: sources, results: results, allResults: results,
        notes: Notes(in: notes)), notes, &masks, &report)
    check(claims, masks, &report)
    if !isUnderWay {
      if let results {
        try checkLeftovers(results, &report)
        for path in try CompanionCheck(results: results).withoutMask() {
          report.add(.companionWithoutMask, path, "its mask is not there.")
        }
      }
      if let stateDirectory {
        try checkLeftovers(DirectoryHandle(opening: stateDirectory), &report)
      }
    }
    return report
  }

  private static let failedName = fixedName("failed")

  /// How far the check is.
  private final class Tally { var (done, known) = (0, 0) }

  private func willLook(at count: Int) { tally.known += count }

  private func looked() {
    tally.done += 1
    progress(tally.done, tally.known)
  }

  /// The test folder or a sub-folder, with the folders of its masks and notes, where they are.
  private struct Place {
    var folder: SubfolderPath
    var sources: DirectoryHandle
    var results: DirectoryHandle?
    /// The Results folder itself.
    var allResults: DirectoryHandle?
    var notes: Notes

    /// "" or `sub/folder/`, escaped for display.
    var path: String { folder == .top ? "" : "\(folder)/" }
  }

  private func check(
    _ place: Place, _ notes: DirectoryHandle?, _ masks: inout [[UInt8]: MaskRecord],
    _ report: inout FolderReport
  ) throws(FileError) {
    let own = try check(masksOf: place, &report)
    for (name, record) in own { masks[Array("\(place.path)\(name)".utf8)] = record }
    check(companionsOf: own, in: place, &report)
    if !isUnderWay { try check(sourcesOf: place, have: own, &report) }
    guard isRecursive else { return }
    for name in try place.sources.names().sorted() where SourceName.isUsersFolder(name) {
      guard let sources = try? place.sources.openDirectory(name) else { continue }
      let inner = try? notes?.openDirectory(name)
      try check(
        Place(
          folder: place.folder.appending(name), sources: sources,
          results: try? place.results?.openDirectory(name), allResults: place.allResults,
          notes: Notes(in: inner)),
        inner, &masks, &report)
    }
  }

  // MARK: - Masks

  /// Checks every visible name; returns the masks that are whole and right.
  private func check(masksOf place: Place, _ report: inout FolderReport) throws(FileError)
    -> [FileName: MaskRecord]
  {
    guard let results = place.results else { return [:] }
    var masks: [FileName: MaskRecord] = [:]
    let names = try results.names().sorted()
    willLook(at: names.count)
    for name in names {
      defer { looked() }
      if name.bytes.first == UInt8(ascii: ".") { continue }
      if place.folder == .top, name == ResultsTable.name || name == ResultsTable.oldName {
        continue
      }
      guard try results.status(of: name)?.kind == .regular else { continue }
      switch VisibleFile(name, in: results) {
      case .foreign: report.foreignCount += 1
      case .broken(let reason): report.add(.maskBroken, place.path + name.description, reason)
      case .mask(let record, let image):
        if let reason = try problem(with: image, record, named: name, place, &report) {
          report.add(.maskWrong, place.path + name.description, reason)
        } else {
          report.maskCount += 1
          masks[name] = record
        }
      }
    }
    return masks
  }

  /// What is wrong with a whole mask, if something is.
  private func problem(
    with mask: Image, _ record: MaskRecord, named name: FileName, _ place: Place,
    _ report: inout FolderReport
  ) throws(FileError) -> String? {
    guard mask.channels == 1, mask.pixels.allSatisfy({ $0 == 0 || $0 == 255 }) else {
      return "it has other values than 0 and 255."
    }
    guard MaskName.candidates(for: record.sourceName).contains(name) else {
      return "it is the mask of \(record.sourceName), under a name that such a mask never has."
    }
    guard let bytes = Self.bytes(of: record.sourceName, in: place.sources) else {
      report.withoutSourceCount += 1
      return nil
    }
    guard sha256Hex(bytes) == record.sourceSHA256 else {
      report.outdatedCount += 1
      // What replaced the photograph was refused: the note says so, and the old mask stays.
      let status = try place.sources.status(of: record.sourceName)
      return isUnderWay || status.map { place.notes.explain(record.sourceName, $0) } == true
        ? nil : "it was made from other bytes than \(record.sourceName) has now."
    }
    let photograph: Image
    do throws(ImageError) {
      photograph = try ImageDecoder.decode(bytes)
    } catch {
      return "its source \(record.sourceName) cannot be decoded: \(error)"
    }
    guard (mask.width, mask.height) == (photograph.width, photograph.height) else {
      return "it is \(mask.width) x \(mask.height), \(record.sourceName) is "
        + "\(photograph.width) x \(photograph.height)."
    }
    return difference(of: mask, record, from: photograph, &report)
  }

  private func difference(
    of mask: Image, _ record: MaskRecord, from photograph: Image, _ report: inout FolderReport
  ) -> String? {
    guard let model, model.sha256 == record.modelSHA256 else { return nil }
    guard let expected = try? model.segmenter.segment(photograph, record.settings ?? .plain).mask
    else {
      return "its source \(record.sourceName) cannot be segmented with this model."
    }
    report.recomputedCount += 1
    let count = zip(mask.pixels, expected.pixels).count { $0 != $1 }
    return count == 0
      ? nil : "\(count) of \(mask.pixels.count) pixels are others than computed now."
  }

  static func bytes(of name: FileName, in folder: DirectoryHandle) -> [UInt8]? {
    try? folder.readRegularFile(name, limitBytes: ImageLimits.standard.fileBytes).bytes
  }

  /// Checks that whole masks have what is wanted beside them.
  private func check(
    companionsOf masks: [FileName: MaskRecord], in place: Place, _ report: inout FolderReport
  ) {
    guard let wanted = companions, let results = place.allResults, !masks.isEmpty else { return }
    let check = CompanionCheck(results: results)
    let lines = wanted.table ? check.filesOfTable() : []
    for (mask, record) in masks.sorted(by: { $0.key < $1.key }) {
      let file = SourcePath(record.sourceName, in: place.folder).description
      if let reason = check.missing(beside: mask, in: place.folder, record, wanted.kinds) {
        report.add(.companionMissing, place.path + mask.description, reason)
      } else if wanted.table, !lines.contains(file) {
        report.add(.companionMissing, file, "it has no line in \(ResultsTable.name).")
      }
    }
  }

  // MARK: - The journal

  private func check(
    _ claims: [JournalClaim], _ masks: [[UInt8]: MaskRecord], _ report: inout FolderReport
  ) {
    // Names as the log shows them, because a line of JSON holds no raw bytes; but compared by bytes,
    // because for a String two ways to write an accent are equal.
    var seen: Set<JournalClaim> = []
    for claim in claims where claim.isDone {
      report.claimCount += 1
      if !seen.insert(claim).inserted { report.repeatedCount += 1 }
      guard let record = masks[Array(claim.mask.utf8)] else {
        report.add(
          .doneWithoutMask, claim.file,
          "the journal says that it is done, but \(claim.mask) is not "
            + "there, or not whole and right.")
        continue
      }
      let slash = claim.mask.utf8.lastIndex(of: UInt8(ascii: "/"))
      let path = slash.map { String(claim.mask[...$0]) } ?? ""
      if !(path + record.sourceName.description).utf8.elementsEqual(claim.file.utf8) {
        report.add(
          .doneWithoutMask, claim.file,
          "the journal says that \(claim.mask) is its mask, which is that of \(record.sourceName).")
      }
    }
  }

  // MARK: - Nothing is forgotten

  private func check(
    sourcesOf place: Place, have masks: [FileName: MaskRecord], _ report: inout FolderReport
  ) throws(FileError) {
    let masked = Set(masks.values.map(\.sourceName))
    let refused = Set(claims.filter { !$0.isDone }.map { Array($0.file.utf8) })
    let names = try place.sources.names().sorted()
    willLook(at: names.count)
    for name in names {
      defer { looked() }
      if SourceName(name) == .ignored { continue }
      guard let status = try place.sources.status(of: name) else { continue }
      // With sub-folders, a folder is not taken for a photograph, whatever its name.
      if isRecursive, status.kind == .directory { continue }
      report.sourceCount += 1
      if masked.contains(name) { continue }
      let path = place.path + name.description
      if place.notes.explain(name, status) || refused.contains(Array(path.utf8)) {
        report.refusedCount += 1
        continue
      }
      if SourceName(name) == .unknown, !Self.isImage(name, status, in: place.sources) { continue }
      report.add(.forgotten, path, "it has neither a mask nor a reason.")
    }
  }

  static func isImage(
    _ name: FileName, _ status: FileStatus, in sources: DirectoryHandle
  ) -> Bool {
    guard status.kind == .regular, let bytes = bytes(of: name, in: sources) else { return false }
    do throws(ImageError) {
      _ = try ImageDecoder.decode(bytes)
      return true
    } catch {
      if case .notAnImage = error { return false }
      return true
    }
  }

  private func checkLeftovers(_ folder: DirectoryHandle, _ report: inout FolderReport)
    throws(FileError)
  {
    for name in try folder.names() {
      if PartFile.isOne(name) {
        report.add(.leftover, folder.path.appending(name).displayed, "it is a part of a file.")
      }
      guard try folder.status(of: name)?.kind == .directory else { continue }
      try checkLeftovers(folder.openDirectory(name), &report)
    }
  }
}
