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
  /// Removes part files that a killed process left behind.
  ///
  /// Only for the holder of the directory's lock: another process's part file would be lost.
  ///
  /// - Returns: How many were removed.
  @discardableResult
  public func sweepPartFiles() throws(FileError) -> Int {
    var count = 0
    for name in try names() where PartFile.isOne(name) {
      guard try status(of: name)?.kind == .regular else { continue }
      try remove(name)
      count += 1
    }
    return count
  }
}
