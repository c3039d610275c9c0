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

  @Test func aBindMountIsSeenThrough() throws {
    // Needs the right to mount; in a mount namespace of its own, so that nothing is left behind.
    let canMount =
      folder.run(#"unshare -rm sh -c 'mount --bind "$D/a" "$D/other"' 2>/dev/null"#) == 0
    guard canMount else { return }
    // The kernel's own account of such a mount, as this type reads it.
    #expect(
      folder.run(
        #"unshare -rm sh -c 'mount --bind "$D/a" "$D/other"; grep "$D/other" /proc/self/mountinfo' \"#
          + #"| awk -v d="$D" '{ exit !(substr($4, length($4) - 1) == "/a" && $5 == d "/other") }'"#
      )
        == 0)
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
