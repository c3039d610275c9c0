import Files
import Glibc
import SystemPackage
import Testing

/// A directory of its own for one test, removed with everything in it.
final class TemporaryDirectory {
  let path: FilePath
  let handle: DirectoryHandle

  init() throws {
    var template = Array("/tmp/dermseg-files.XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { unsafe mkdtemp($0.baseAddress!) }
    path = FilePath(unsafe String(cString: try #require(unsafe made)))
    handle = try DirectoryHandle(opening: path)
  }

  deinit { run("chmod -R u+rwx '\(path)'; rm -rf '\(path)'") }

  /// Runs a shell command with `$D` naming the directory.
  @discardableResult
  func run(_ command: String) -> Int32 {
    unsafe system("D='\(path)'; export D; \(command)")
  }
}

func name(_ text: String) -> FileName { FileName(text)! }

func processIdentifier() -> Int32 { getpid() }
