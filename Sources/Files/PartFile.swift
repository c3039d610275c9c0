import SystemPackage

/// The private names that files have while they are written.
public enum PartFile {
  private static let prefix = Array(".dermseg-".utf8)
  private static let suffix = Array(".part".utf8)
  private static let digitCount = 16

  /// A fresh name: `.dermseg-<16 hexadecimal digits>.part`.
  static func randomName() -> FileName {
    let digits = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    let padded = String(repeating: "0", count: digitCount - digits.count) + digits
    guard let name = FileName(bytes: prefix + Array(padded.utf8) + suffix) else {
      preconditionFailure("a part file's name has no slash and no NUL")
    }
    return name
  }

  /// Whether a name is one that ``DirectoryHandle/publish(_:as:permissions:)`` could have made.
  public static func isOne(_ name: FileName) -> Bool {
    let bytes = name.bytes
    guard bytes.count == prefix.count + digitCount + suffix.count, bytes.starts(with: prefix),
      bytes.suffix(suffix.count).elementsEqual(suffix)
    else { return false }
    return bytes.dropFirst(prefix.count).prefix(digitCount).allSatisfy {
      (0x30...0x39).contains($0) || (0x61...0x66).contains($0)
    }
  }
}

extension DirectoryHandle {
  /// Removes part files that a killed process left behind here and in the folders below.
  ///
  /// Only for the holder of the directory's lock: another process's part file would be lost.
  ///
  /// - Parameter depth: How many levels of folders below this one; symbolic links are not followed.
  /// - Returns: How many were removed.
  @discardableResult
  public func sweepPartFiles(depth: Int = 0) throws(FileError) -> Int {
    var parts: [FileName] = []
    var folders: [FileName] = []
    try forEachEntry { name, kind in
      if PartFile.isOne(name) { parts.append(name) }
      if kind == .directory || kind == nil { folders.append(name) }
    }
    var count = 0
    for name in parts {
      guard try status(of: name)?.kind == .regular else { continue }
      try remove(name)
      count += 1
    }
    for name in folders where depth > 0 {
      // One that is no folder, or that we may not look into, has none of ours.
      guard let folder = try? openDirectory(name) else { continue }
      count += try folder.sweepPartFiles(depth: depth - 1)
    }
    return count
  }

  /// Throws what ``publish(_:as:permissions:)`` would throw, as far as can be told by doing it with a
  /// file of some size, which is removed again.
  public func tryWriting(bytes: Int) throws(FileError) {
    let name = PartFile.randomName()
    try publish([UInt8](repeating: 0, count: bytes), as: name)
    try remove(name)
  }
}
