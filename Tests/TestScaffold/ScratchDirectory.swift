import Files
import Glibc
import SystemPackage

/// A directory of its own for one test, removed with everything in it when the test lets go of it.
public final class ScratchDirectory: Sendable {
  /// Where it is.
  public let path: FilePath

  /// Makes the directory.
  public init() throws {
    var template = Array("/tmp/dermseg-test.XXXXXX".utf8CString)
    let isMade = unsafe template.withUnsafeMutableBufferPointer { name in
      guard let start = name.baseAddress else { return false }
      return unsafe mkdtemp(start) != nil
    }
    guard isMade else { throw Errno(rawValue: errno) }
    path = FilePath(
      String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
  }

  deinit { shell("chmod -R u+rwX .; rm -rf \"$PWD\"") }

  /// The path of an entry; directories on the way are made.
  public func callAsFunction(_ name: String) -> FilePath {
    let entry = path.appending(FilePath(name).components)
    shell("mkdir -p '\(entry.removingLastComponent())'")
    return entry
  }

  /// Makes a directory and returns its path.
  public func directory(_ name: String) -> FilePath {
    shell("mkdir -p '\(name)'")
    return path.appending(FilePath(name).components)
  }

  /// Writes a file.
  public func write(_ bytes: [UInt8], to name: String) throws {
    try publishFile(bytes, at: self(name))
  }

  /// Writes a text file.
  public func write(_ text: String, to name: String) throws {
    try write(Array(text.utf8), to: name)
  }

  /// The bytes of a file.
  public func read(_ name: String) throws -> [UInt8] {
    try readRegularFile(at: path.appending(FilePath(name).components), limitBytes: 1 << 30).bytes
  }

  /// Runs a shell command in the directory and returns its exit status.
  @discardableResult
  public func shell(_ command: String) -> Int32 {
    let status = unsafe system("cd '\(path)' && \(command)")
    return (status >> 8) & 0xFF
  }
}
