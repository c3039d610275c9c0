import SystemPackage

/// A photograph and the mask that an expert drew for it.
public struct TrainingPair: Sendable, Hashable {
  /// The photograph's file name without its extension, for example `ISIC_0000000`.
  public let name: String
  /// The photograph, JPEG or PNG.
  public let imagePath: FilePath
  /// Its mask, of the same width and height.
  public let maskPath: FilePath

  /// Makes a pair; nothing is read.
  public init(name: String, imagePath: FilePath, maskPath: FilePath) {
    self.name = name
    self.imagePath = imagePath
    self.maskPath = maskPath
  }
}

/// A file that takes no part in training, and why.
public struct SkippedPair: Sendable, Hashable, CustomStringConvertible {
  /// The file's or the pair's name.
  public let name: String
  /// One sentence without the name: why, with numbers, and what to do.
  public let reason: String

  /// Makes a note of a skipped pair.
  public init(name: String, reason: String) {
    self.name = name
    self.reason = reason
  }

  /// `name: reason`
  public var description: String { "\(name): \(reason)" }
}

/// What went wrong with a training folder as a whole. A single bad pair is skipped instead.
public enum DatasetError: Error, Sendable, Equatable, CustomStringConvertible {
  /// A folder cannot be listed.
  case unreadableFolder(path: String, reason: String)
  /// A file with a list of names cannot be read.
  case unreadableList(path: String, reason: String)
  /// The folders hold fewer usable pairs than a training and a validation part need.
  case tooFewPairs(usable: Int, needed: Int, folders: String, skipped: [SkippedPair])
  /// A list of names to hold out names none of the pairs, or all of them.
  case badList(path: String, names: Int, pairs: Int, heldOut: Int)

  /// One line for the user, to be put behind what was not done.
  public var description: String {
    switch self {
    case .unreadableFolder(let path, let reason):
      return "\(path): \(reason)"
    case .unreadableList(let path, let reason):
      return "\(path): \(reason)"
    case .tooFewPairs(let usable, let needed, let folders, let skipped):
      var text = "\(folders): \(usable) usable pair\(usable == 1 ? "" : "s") of image and mask, "
      text += "\(needed) needed."
      if let first = skipped.first {
        text += " Skipped: \(skipped.count), the first is \(first)."
      }
      return text + " Put X.jpg into the image folder and X_segmentation.png into the mask folder."
    case .badList(let path, let names, let pairs, let heldOut):
      return
        "\(path): its \(names) names hold out \(heldOut) of \(pairs) pairs. "
        + "Write one image name per line, of some of the pairs."
    }
  }
}
