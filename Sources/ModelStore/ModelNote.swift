import Files

/// A file that is kept beside a model: how it was made and what it is worth.
public struct ModelNote: Sendable, Equatable {
  /// The folder within the model's folder, nil for that itself.
  public let folder: FileName?
  /// The file's name.
  public let name: FileName
  /// The whole content.
  public let bytes: [UInt8]

  /// Makes a note; nil unless `path` is `NAME` or `FOLDER/NAME`.
  ///
  /// - Parameters:
  ///   - path: within the model's folder.
  ///   - bytes: the whole content.
  public init?(_ path: String, _ bytes: [UInt8]) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
      .map { FileName(String($0)) }
    guard (1...2).contains(parts.count), let last = parts[parts.count - 1],
      last.bytes.count <= FileName.limitBytes
    else { return nil }
    if parts.count == 2 {
      guard let first = parts[0] else { return nil }
      folder = first
    } else {
      folder = nil
    }
    name = last
    self.bytes = bytes
  }

  func write(to directory: DirectoryHandle) throws(FileError) {
    let target: DirectoryHandle
    if let folder {
      target = try directory.makeDirectory(folder, permissions: 0o755)
    } else {
      target = directory
    }
    try target.publish(bytes, as: name, permissions: 0o644)
  }
}
