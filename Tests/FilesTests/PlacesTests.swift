import Files
import SystemPackage
import TemporaryFolders
import Testing

@Suite struct RealPlaceTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    folder.run(#"cd "$D"; mkdir -p a/b other; ln -s a link; ln -s "$D/a/b" other/deep"#)
  }

  private func place(_ text: String) -> RealPlace {
    RealPlace(of: FilePath(folder.path.string + "/" + text))
  }

  @Test(arguments: [
    "a", "a/b", "a/b/..", "link", "link/b", "other/deep", "a/missing", "link/missing/deeper",
    "other/../a", "a/./b/",
  ])
  func isInside(_ text: String) {
    #expect(place(text).isInside(place("a")))
  }

  @Test(arguments: ["", "other", "ab", "other/../other", "missing", "link/../other"])
  func isOutside(_ text: String) {
    #expect(!place(text).isInside(place("a")))
  }
}

@Suite struct StateFileTests {
  @Test func isReplacedInPlace() throws {
    let folder = try TemporaryFolder()
    let file = try StateFile(name("s"), in: folder.handle)
    #expect(try file.read().isEmpty)
    try file.replace(with: Array("long content".utf8))
    try file.replace(with: Array("short".utf8))
    #expect(try file.read() == Array("short".utf8))
    #expect(try StateFile(name("s"), in: folder.handle).read() == Array("short".utf8))
    try file.replace(with: [])
    #expect(try file.read().isEmpty)
    let status = try #require(try folder.handle.status(of: name("s")))
    #expect(status.permissions == 0o600)
  }

  @Test func isNeverReachedThroughALink() throws {
    let folder = try TemporaryFolder()
    folder.run(#"cd "$D"; : > target; ln -s target s"#)
    #expect(throws: FileError.self) { try StateFile(name("s"), in: folder.handle) }
  }
}
