import Files
import Glibc
import SystemPackage

/// One of the package's programs, run to its end as a user runs it.
public struct ProgramRun: Sendable {
  /// What the process ended with; 128 + signal if a signal ended it.
  public let exitCode: Int
  /// Standard output.
  public let output: String
  /// Standard error.
  public let errors: String

  /// Runs a program in a directory.
  ///
  /// - Parameters:
  ///   - name: `dermseg`, `dermseg-trainer` or `dermsegd`.
  ///   - arguments: quoted here; no shell expands them.
  ///   - folder: the working directory; both outputs are kept in it as hidden files.
  ///   - prefix: shell words before the program, for example `timeout -s TERM 2`.
  public init(
    _ name: String, _ arguments: [String], in folder: ScratchDirectory, prefix: String = "env"
  ) throws {
    let quoted = ([Self.directory.appending(name).string] + arguments)
      .map { "'\($0)'" }.joined(separator: " ")
    let tag = String(UInt64.random(in: 0...UInt64.max), radix: 16)
    exitCode = Int(
      folder.shell("\(prefix) \(quoted) > .out-\(tag) 2> .err-\(tag) < /dev/null"))
    output = String(decoding: Self.contents(folder, ".out-\(tag)"), as: UTF8.self)
    errors = String(decoding: Self.contents(folder, ".err-\(tag)"), as: UTF8.self)
    folder.shell("rm -f .out-\(tag) .err-\(tag)")
  }

  /// Where the programs were built: beside the test program.
  public static var directory: FilePath {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe buffer.withUnsafeMutableBufferPointer { target -> Int in
      guard let base = target.baseAddress else { return 0 }
      return unsafe readlink("/proc/self/exe", base, 4095)
    }
    let path = buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
    return FilePath(String(decoding: path, as: UTF8.self)).removingLastComponent()
  }

  /// An empty file has no bytes to read.
  private static func contents(_ folder: ScratchDirectory, _ name: String) -> [UInt8] {
    (try? folder.read(name)) ?? []
  }
}
