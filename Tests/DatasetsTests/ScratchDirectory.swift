import Glibc
import SystemPackage
import Testing

/// Runs `body` with a directory of its own that is removed afterwards with everything in it.
func withTemporaryDirectory(_ body: (FilePath) throws -> Void) throws {
  var template = Array("/tmp/dermseg-datasets.XXXXXX".utf8CString)
  let isMade = unsafe template.withUnsafeMutableBufferPointer { name in
    guard let start = name.baseAddress else { return false }
    return unsafe mkdtemp(start) != nil
  }
  try #require(isMade)
  let path = FilePath(
    String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
  defer { _ = unsafe system("rm -rf '\(path)'") }
  try body(path)
}
