import Files
import Images
import Reports
import SystemPackage

/// The masks in a Results folder and below it, for commands that make something of them.
package struct ResultsListing {
  /// One of them.
  package struct Entry {
    package var place: SubfolderPath
    package var name: FileName
    package var record: MaskRecord
    /// Whole, and grey.
    package var mask: Image

    /// The photograph's path in the test folder.
    package var source: SourcePath { SourcePath(record.sourceName, in: place) }
  }

  package let results: DirectoryHandle
  /// Where the photographs are; nil if nobody knows.
  package let photographs: DirectoryHandle?
  /// Called before each file that is named as a mask, with how many are over, and how many there are.
  package var progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }

  package init(results: DirectoryHandle, photographs: DirectoryHandle?) {
    (self.results, self.photographs) = (results, photographs)
  }

  /// Calls `body` with each mask, by name; what is no whole mask of ours is passed over.
  ///
  /// - Throws: `FileError` when a folder cannot be listed, and what `body` throws.
  package func forEach(_ body: (Entry) throws -> Void) throws {
    var count = 0
    try forEachName(in: .top, results) { _, _, _ in count += 1 }
    var done = 0
    try forEachName(in: .top, results) { place, name, folder in
      progress(done, count)
      done += 1
      guard case .mask(let record, let mask) = VisibleFile(name, in: folder), mask.channels == 1
      else { return }
      try body(Entry(place: place, name: name, record: record, mask: mask))
    }
    progress(count, count)
  }

  /// Calls `body` with each file that is named as a mask.
  private func forEachName(
    in place: SubfolderPath, _ folder: DirectoryHandle,
    _ body: (SubfolderPath, FileName, DirectoryHandle) throws -> Void
  ) throws {
    var folders: [FileName] = []
    for name in try folder.names().sorted() where name.bytes.first != UInt8(ascii: ".") {
      guard let status = try folder.status(of: name) else { continue }
      if status.kind == .directory { folders.append(name) }
      guard status.kind == .regular, name.bytes.suffix(17).elementsEqual("_segmentation.png".utf8)
      else { continue }
      try body(place, name, folder)
    }
    for name in folders where place.names.count < TestFolderTree.deepest + 1 {
      try forEachName(in: place.appending(name), folder.openDirectory(name), body)
    }
  }

  /// The photograph that a mask was made from; nil if it is not there any more, or is another one by now.
  package func photograph(of entry: Entry) -> Image? {
    guard let folder = try? photographs?.openDirectory(entry.place),
      let bytes = FolderCheck.bytes(of: entry.record.sourceName, in: folder),
      sha256Hex(bytes) == entry.record.sourceSHA256,
      let image = try? ImageDecoder.decode(bytes), image.width == entry.mask.width,
      image.height == entry.mask.height
    else { return nil }
    return image
  }

  /// A file beside a mask; nil if there is none.
  package func companion(_ kind: CompanionKind, of entry: Entry) -> [UInt8]? {
    let folder = try? results.openDirectory(SubfolderPath([kind.folder] + entry.place.names))
    return try? folder?.readRegularFile(kind.name(beside: entry.name), limitBytes: 512 << 20).bytes
  }

  /// The report beside a mask, if it is whole and about this mask; else nil.
  package func report(of entry: Entry) -> ImageReport? {
    guard let report = companion(.report, of: entry).flatMap({ ImageReport($0) }),
      report.source.sha256 == entry.record.sourceSHA256,
      report.model.sha256 == entry.record.modelSHA256
    else { return nil }
    return report
  }
}
