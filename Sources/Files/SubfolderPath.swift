/// A folder somewhere below another one: the names that lead there; none for that folder itself.
public struct SubfolderPath: Hashable, Sendable {
  /// The names, outermost first.
  public let names: [FileName]

  /// The folder itself that others are below.
  public static let top = SubfolderPath([])

  /// Creates a path from the names that lead to the folder.
  public init(_ names: [FileName]) { self.names = names }

  /// The folder `name` in this one.
  public func appending(_ name: FileName) -> SubfolderPath { SubfolderPath(names + [name]) }

  /// The names with `/` between them; empty for the top.
  public var bytes: [UInt8] { Array(names.map(\.bytes).joined(separator: [UInt8(ascii: "/")])) }
}

extension SubfolderPath: CustomStringConvertible {
  /// The path for people, escaped like ``FileName/description``.
  public var description: String { escapedForDisplay(bytes) }
}

/// A file in a folder or somewhere below it.
public struct SourcePath: Hashable, Sendable {
  /// The folder that the file is in.
  public let folder: SubfolderPath
  /// Its name there.
  public let name: FileName

  /// Creates the path of a file.
  public init(_ name: FileName, in folder: SubfolderPath = .top) {
    (self.folder, self.name) = (folder, name)
  }

  /// Creates a path from ``bytes``; nil if they are none.
  public init?(bytes: some Collection<UInt8>) {
    let parts = bytes.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
    let names = parts.compactMap { FileName(bytes: $0) }
    guard names.count == parts.count, let name = names.last else { return nil }
    self.init(name, in: SubfolderPath(names.dropLast()))
  }

  /// The names that lead to the file, with `/` between them.
  public var bytes: [UInt8] { folder.appending(name).bytes }
}

extension SourcePath: CustomStringConvertible {
  /// The path for people, escaped like ``FileName/description``.
  public var description: String { escapedForDisplay(bytes) }
}

extension DirectoryHandle {
  /// Opens a folder below this one, never through a symbolic link; the top is this handle itself.
  public func openDirectory(_ path: SubfolderPath) throws(FileError) -> DirectoryHandle {
    var handle = self
    for name in path.names { handle = try handle.openDirectory(name) }
    return handle
  }

  /// Opens a folder below this one and makes what is missing of it; what is made is on disk when this
  /// returns.
  public func makeDirectory(_ path: SubfolderPath, permissions: UInt32 = 0o775) throws(FileError)
    -> DirectoryHandle
  {
    var handle = self
    for name in path.names {
      do {
        handle = try handle.openDirectory(name)
      } catch .system(_, _, .noSuchFileOrDirectory) {
        handle = try handle.makeDirectory(name, permissions: permissions)
      }
    }
    return handle
  }
}
