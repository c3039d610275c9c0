import Files
import SystemPackage
import TemporaryFolders
import Testing

@Suite struct DirectoryPublishingTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  @Test func aFolderAppearsWholeWithWhatWasPutIntoIt() throws {
    try directory.handle.publishDirectory(as: name("m")) { folder throws(FileError) in
      try folder.publish([1, 2], as: name("a"))
      try folder.makeDirectory(name("inner")).publish([3], as: name("b"))
      // Nobody outside sees it yet.
      #expect((try? directory.handle.status(of: name("m"))) == .some(nil))
    }
    #expect(directory.run(#"cd "$D"; test "$(ls -A)" = m -a -f m/a -a -f m/inner/b"#) == 0)
  }

  @Test func afterAnErrorNothingIsLeft() throws {
    let error = #expect(throws: FileError.self) {
      try directory.handle.publishDirectory(as: name("m")) { folder throws(FileError) in
        try folder.publish([1], as: name("a"))
        try folder.publish([1], as: name(String(repeating: "x", count: 256)))
      }
    }
    #expect(error?.errno == .fileNameTooLong)
    #expect(try directory.handle.names().isEmpty)
  }

  @Test func aFolderThatIsThereIsNotReplaced() throws {
    directory.run(#"mkdir "$D/m"; touch "$D/m/old""#)
    #expect(throws: FileError.self) {
      try directory.handle.publishDirectory(as: name("m")) { folder throws(FileError) in
        try folder.publish([1], as: name("new"))
      }
    }
    #expect(directory.run(#"cd "$D"; test "$(ls -A)" = m -a "$(ls -A m)" = old"#) == 0)
  }

  @Test func removingFollowsNoLink() throws {
    directory.run(
      #"cd "$D"; mkdir -p m/a/b keep; touch m/a/b/c keep/k; ln -s ../keep m/link; ln -s ../../keep m/a/x"#
    )
    try directory.handle.removeDirectory(name("m"))
    #expect(directory.run(#"cd "$D"; test "$(ls -A)" = keep -a -f keep/k"#) == 0)
    // That it is not there is no error.
    try directory.handle.removeDirectory(name("m"))
    directory.run(#"cd "$D"; ln -s keep link"#)
    #expect(throws: FileError.self) { try directory.handle.removeDirectory(name("link")) }
    #expect(directory.run(#"test -f "$D/keep/k""#) == 0)
  }

  @Test func theSweepRemovesOnlyWhatHasAPrivateName() throws {
    directory.run(
      #"cd "$D"; mkdir -p .dermseg-0123456789abcdef.part/x m .dermseg-012.part; touch .dermseg-0123456789abcdee.part .dermseg-0123456789abcdef.part/x/y; ln -s m .dermseg-0123456789abcded.part"#
    )
    #expect(try directory.handle.sweepParts() == 3)
    #expect(try directory.handle.names().sorted() == [name(".dermseg-012.part"), name("m")])
  }
}
