import Files
import FolderWatching
import Images
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
    var masks: [FileName: MaskRecord] = [:]
    let notes = results.map { Notes(in: $0) } ?? Notes()
    if let results { masks = try check(masksIn: results, of: sources, notes, &report) }
    check(claims, masks, &report)
    if !isUnderWay {
      try check(sources, have: masks, or: notes, &report)
      try checkLeftovers(results, &report)
    }
    return report
  }

  // MARK: - Masks

  /// Checks every visible name; returns the masks that are whole and right.
  private func check(
    masksIn results: DirectoryHandle, of sources: DirectoryHandle, _ notes: Notes,
    _ report: inout FolderReport
  ) throws(FileError) -> [FileName: MaskRecord] {
    var masks: [FileName: MaskRecord] = [:]
    for name in try results.names().sorted() where name.bytes.first != UInt8(ascii: ".") {
      guard try results.status(of: name)?.kind == .regular else { continue }
      switch VisibleFile(name, in: results) {
      case .foreign: report.foreignCount += 1
      case .broken(let reason): report.add(.maskBroken, name.description, reason)
      case .mask(let record, let image):
        if let reason = try problem(with: image, record, named: name, sources, notes, &report) {
          report.add(.maskWrong, name.description, reason)
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
    with mask: Image, _ record: MaskRecord, named name: FileName, _ sources: DirectoryHandle,
    _ notes: Notes, _ report: inout FolderReport
  ) throws(FileError) -> String? {
    guard mask.channels == 1, mask.pixels.allSatisfy({ $0 == 0 || $0 == 255 }) else {
      return "it has other values than 0 and 255."
    }
    guard MaskName.candidates(for: record.sourceName).contains(name) else {
      return "it is the mask of \(record.sourceName), under a name that such a mask never has."
    }
    guard let bytes = Self.bytes(of: record.sourceName, in: sources) else {
      report.withoutSourceCount += 1
      return nil
    }
    guard sha256Hex(bytes) == record.sourceSHA256 else {
      report.outdatedCount += 1
      // What replaced the photograph was refused: the note says so, and the old mask stays.
      let status = try sources.status(of: record.sourceName)
      return isUnderWay || status.map { notes.explain(record.sourceName, $0) } == true
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
    guard let expected = try? model.segmenter.segment(photograph).mask else {
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

  // MARK: - The journal

  private func check(
    _ claims: [JournalClaim], _ masks: [FileName: MaskRecord], _ report: inout FolderReport
  ) {
    // As the log shows them, because a line of JSON holds no raw bytes; but compared by bytes, because
    // for a String two ways to write an accent are equal.
    let byText = Dictionary(masks.map { (Array($0.key.description.utf8), $0.value) }) { first, _ in
      first
    }
    var seen: Set<JournalClaim> = []
    for claim in claims where claim.isDone {
      report.claimCount += 1
      if !seen.insert(claim).inserted { report.repeatedCount += 1 }
      guard let record = byText[Array(claim.mask.utf8)] else {
        report.add(
          .doneWithoutMask, claim.file,
          "the journal says that it is done, but \(claim.mask) is not "
            + "there, or not whole and right.")
        continue
      }
      if !record.sourceName.description.utf8.elementsEqual(claim.file.utf8) {
        report.add(
          .doneWithoutMask, claim.file,
          "the journal says that \(claim.mask) is its mask, which is that of \(record.sourceName).")
      }
    }
  }

  // MARK: - Nothing is forgotten

  private func check(
    _ sources: DirectoryHandle, have masks: [FileName: MaskRecord], or notes: Notes,
    _ report: inout FolderReport
  ) throws(FileError) {
    let masked = Set(masks.values.map(\.sourceName))
    let refused = Set(claims.filter { !$0.isDone }.map { Array($0.file.utf8) })
    for name in try sources.names().sorted() where SourceName(name) != .ignored {
      guard let status = try sources.status(of: name) else { continue }
      report.sourceCount += 1
      if masked.contains(name) { continue }
      if notes.explain(name, status) || refused.contains(Array(name.description.utf8)) {
        report.refusedCount += 1
        continue
      }
      if SourceName(name) == .unknown, !Self.isImage(name, status, in: sources) { continue }
      report.add(.forgotten, name.description, "it has neither a mask nor a reason.")
    }
  }

  private static func isImage(
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

  private func checkLeftovers(_ results: DirectoryHandle?, _ report: inout FolderReport)
    throws(FileError)
  {
    var folders = [results].compactMap { $0 }
    if let results {
      for name in try results.names() where try results.status(of: name)?.kind == .directory {
        folders.append(try results.openDirectory(name))
      }
    }
    if let stateDirectory { folders.append(try DirectoryHandle(opening: stateDirectory)) }
    for folder in folders {
      for name in try folder.names() where PartFile.isOne(name) {
        report.add(.leftover, folder.path.appending(name).displayed, "it is a part of a file.")
      }
    }
  }
}
