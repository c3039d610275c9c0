import Files
import Glibc
import SystemPackage

/// A folder of its own for one test, removed with everything in it.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let path: FilePath
  /// It, open.
  public let handle: DirectoryHandle

  /// Makes a folder below /tmp.
  public init() throws {
    path = FilePath("/tmp/dermseg-test-\(String(UInt64.random(in: 0...UInt64.max), radix: 16))")
    guard unsafe path.withPlatformString({ unsafe mkdir($0, 0o700) }) == 0 else {
      throw Errno(rawValue: errno)
    }
    handle = try DirectoryHandle(opening: path)
  }

  deinit { run(#"chmod -R u+rwX "$D"; rm -rf "$D""#) }

  /// The path of an entry.
  public func appending(_ text: String) -> FilePath { path.appending(text) }

  /// Runs a shell command with `$D` naming the folder.
  ///
  /// - Returns: Its exit status.
  @discardableResult
  public func run(_ command: String) -> Int32 {
    let status = unsafe system("D='\(path)'; export D; \(command)")
    return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
  }
}

/// A name that the test knows to be one.
public func name(_ text: String) -> FileName {
  guard let name = FileName(text) else { preconditionFailure("\(text) is no name") }
  return name
}
