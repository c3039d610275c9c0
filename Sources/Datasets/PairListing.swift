import Files
import SystemPackage

/// The training pairs found in folders, in ISIC naming.
///
/// `X.jpg`, `X.jpeg` or `X.png` in the image folder goes with `X_segmentation.png`, `X_Segmentation.png`,
/// `X_mask.png` or `X.png` in the mask folder, the first of these that is there. Extensions are compared
/// without case; what a file really is, its content decides later. Names that begin with a dot are not looked
/// at. Everything else that finds no partner is named in `skipped`.
public struct PairListing: Sendable, Equatable {
  /// Pairs by name; nothing is opened yet.
  public var pairs: [TrainingPair]
  /// Files without a partner, by name.
  public var skipped: [SkippedPair]

  /// Lists one image folder and its mask folder, which may be the same.
  ///
  /// - Throws: `DatasetError.unreadableFolder`.
  public init(images: FilePath, masks: FilePath) throws(DatasetError) {
    let imageNames = try Self.names(in: images)
    let maskNames = images == masks ? imageNames : try Self.names(in: masks)
    self.init(
      imageNames: imageNames, maskNames: maskNames, images: images, masks: masks)
  }

  /// Lists several folders one after the other; the first file of a name counts.
  ///
  /// - Parameter folders: image folders with their mask folders.
  /// - Throws: `DatasetError.unreadableFolder`.
  public init(folders: [(images: FilePath, masks: FilePath)]) throws(DatasetError) {
    pairs = []
    skipped = []
    var seen: [String: FilePath] = [:]
    for folder in folders {
      let listing = try PairListing(images: folder.images, masks: folder.masks)
      skipped += listing.skipped
      for pair in listing.pairs {
        if let first = seen[pair.name] {
          skipped.append(
            SkippedPair(
              name: pair.name,
              reason: "\(pair.imagePath.displayed) has the name of \(first.displayed). Rename one.")
          )
        } else {
          seen[pair.name] = pair.imagePath
          pairs.append(pair)
        }
      }
    }
    pairs.sort { $0.name < $1.name }
  }

  /// Pairs names; what the other initialisers do once they know what the folders hold.
  package init(imageNames: [FileName], maskNames: [FileName], images: FilePath, masks: FilePath) {
    let maskSet = Set(maskNames)
    let sameFolder = images == masks
    var used: Set<FileName> = []
    var byStem: [[UInt8]: FileName] = [:]
    pairs = []
    skipped = []
    for name in imageNames.sorted() where !(sameFolder && Self.isMaskByName(name)) {
      guard ["jpg", "jpeg", "png"].contains(name.lowercasedExtension) else {
        skip(name, "neither .jpg, .jpeg nor .png. Move it elsewhere.")
        continue
      }
      if let first = byStem[name.stem] {
        skip(name, "has the name of \(first). Rename one.")
        continue
      }
      let candidates = (Self.maskSuffixes + [""]).compactMap { suffix in
        FileName(bytes: name.stem + Array((suffix + ".png").utf8))
      }
      let mask = candidates.first { maskSet.contains($0) && !(sameFolder && $0 == name) }
      guard let mask else {
        let wanted = candidates.first.map(\.description) ?? "a mask of a shorter name"
        skip(name, "no mask. Put \(wanted) into \(masks.displayed).")
        continue
      }
      byStem[name.stem] = name
      used.insert(mask)
      pairs.append(
        TrainingPair(
          name: String(decoding: name.stem, as: UTF8.self), imagePath: images.appending(name),
          maskPath: masks.appending(mask)))
    }
    for name in maskNames.sorted() where !used.contains(name) {
      if sameFolder && !Self.isMaskByName(name) { continue }
      skip(name, "a mask without its image in \(images.displayed).")
    }
    skipped.sort { $0.name < $1.name }
  }

  private mutating func skip(_ name: FileName, _ reason: String) {
    skipped.append(SkippedPair(name: name.description, reason: reason))
  }

  private static let maskSuffixes = ["_segmentation", "_Segmentation", "_mask"]

  private static func isMaskByName(_ name: FileName) -> Bool {
    maskSuffixes.contains { name.stem.reversed().starts(with: $0.utf8.reversed()) }
  }

  static func names(in folder: FilePath) throws(DatasetError) -> [FileName] {
    do throws(FileError) {
      return try DirectoryHandle(opening: folder).names().filter { $0.bytes.first != 0x2E }
    } catch {
      throw .unreadableFolder(path: folder.displayed, reason: error.reason)
    }
  }
}

/// The photographs in a folder, by name: every file that ends in .jpg, .jpeg or .png and is not hidden.
///
/// - Throws: `DatasetError.unreadableFolder`.
public func photographFiles(in folder: FilePath) throws(DatasetError) -> [FilePath] {
  try PairListing.names(in: folder).sorted()
    .filter { ["jpg", "jpeg", "png"].contains($0.lowercasedExtension) }
    .map { folder.appending($0) }
}

/// Reads a list of names, one per line; empty lines and lines that begin with # are left out, and a file
/// name's extension is dropped.
///
/// - Throws: `DatasetError.unreadableList`.
public func readNameList(at path: FilePath) throws(DatasetError) -> Set<String> {
  let bytes: [UInt8]
  do {
    bytes = try readRegularFile(at: path, limitBytes: 16 << 20).bytes
  } catch {
    throw .unreadableList(path: path.displayed, reason: error.reason)
  }
  var names: Set<String> = []
  for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
    let text = line.drop(while: \.isWhitespace)
    guard !text.isEmpty, text.first != "#" else { continue }
    var name = String(text.reversed().drop(while: \.isWhitespace).reversed())
    for fileExtension in [".jpg", ".jpeg", ".png"] where name.lowercased().hasSuffix(fileExtension)
    {
      name.removeLast(fileExtension.count)
      break
    }
    names.insert(name)
  }
  return names
}
