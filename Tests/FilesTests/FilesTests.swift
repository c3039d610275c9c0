import CLinux
import Files
import SystemPackage
import TemporaryFolders
import Testing

@Suite struct FileNameTests {
  @Test(arguments: ["", ".", "..", "a/b"])
  func refusesWhatIsNoName(_ text: String) {
    #expect(FileName(text) == nil)
  }

  @Test func refusesAZeroByte() {
    #expect(FileName(bytes: [0x61, 0, 0x62]) == nil)
  }

  @Test(arguments: [
    ("a.jpg", "a", "jpg"), ("A.b.JPG", "A.b", "jpg"), (".jpg", ".jpg", ""), ("noext", "noext", ""),
    ("..jpg", ".", "jpg"), ("a.", "a", ""),
  ])
  func splitsStemAndExtension(_ text: String, _ stem: String, _ ext: String) throws {
    let name = try #require(FileName(text))
    #expect(String(decoding: name.stem, as: UTF8.self) == stem)
    #expect(name.lowercasedExtension == ext)
  }

  @Test func keepsBytesThatAreNotText() throws {
    let name = try #require(FileName(bytes: [0xff, 0xfe, 0x2e, 0x6a]))
    #expect(name.bytes == [0xff, 0xfe, 0x2e, 0x6a])
    #expect(FilePath("/x").appending(name).displayed == "/x/\\xff\\xfe.j")
    #expect(FileName(lastComponentOf: FilePath("/x").appending(name)) == name)
  }

  @Test(arguments: [
    ("a\nPRIORITY=0.jpg", "a\\nPRIORITY=0.jpg"), ("\u{1b}[2J.jpg", "\\x1b[2J.jpg"),
    ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"), ("Läsion 1.jpg", "Läsion 1.jpg"),
    ("皮肤.png", "皮肤.png"), ("back\\slash", "back\\\\slash"), ("e\u{301}.jpg", "e\u{301}.jpg"),
    ("\u{85}x", "\\u{85}x"), ("a\u{2028}b", "a\\u{2028}b"),
  ])
  func showsItselfWithoutControlCharacters(_ text: String, _ shown: String) throws {
    #expect(try #require(FileName(text)).description == shown)
  }

  @Test func overlongAndCutUTF8AreEscapedByteByByte() throws {
    #expect(try #require(FileName(bytes: [0xc0, 0xaf, 0x61])).description == "\\xc0\\xafa")
    #expect(try #require(FileName(bytes: [0x61, 0xe7, 0x9a])).description == "a\\xe7\\x9a")
  }
}

@Suite struct DirectoryListingTests {
  @Test func listsEveryNameWithItsBytes() throws {
    let directory = try TemporaryFolder()
    directory.run(#"cd "$D"; touch a.jpg .hidden "$(printf 'x\ny')" "$(printf '\377')"; mkdir d"#)
    let names = try directory.handle.names().sorted()
    #expect(
      names == [
        name(".hidden"), name("a.jpg"), name("d"), name("x\ny"), FileName(bytes: [0xff])!,
      ])
    // A second listing starts from the beginning again.
    #expect(try directory.handle.names().count == 5)
  }

  @Test func saysWhatAnEntryIs() throws {
    let directory = try TemporaryFolder()
    directory.run(
      #"cd "$D"; printf abc > f; mkdir d; ln -s f l; mkfifo p; touch -d @1000.5 f; chmod 640 f"#)
    let status = try #require(try directory.handle.status(of: name("f")))
    #expect(status.kind == .regular)
    #expect(status.identity.sizeBytes == 3)
    #expect(status.identity.modified == FileTime(seconds: 1000, nanoseconds: 500_000_000))
    #expect(status.permissions == 0o640)
    #expect(try directory.handle.status(of: name("d"))?.kind == .directory)
    #expect(try directory.handle.status(of: name("l"))?.kind == .symbolicLink)
    #expect(try directory.handle.status(of: name("p"))?.kind == .namedPipe)
    #expect(try directory.handle.status(of: name("absent")) == nil)
  }

  @Test func noticesThatItsPathLeadsElsewhere() throws {
    let directory = try TemporaryFolder()
    let inner = try directory.handle.makeDirectory(name("inner"))
    #expect(inner.isStillAtItsPath)
    directory.run(#"mv "$D/inner" "$D/away""#)
    #expect(!inner.isStillAtItsPath)
    directory.run(#"mkdir "$D/inner""#)
    #expect(!inner.isStillAtItsPath)
  }

  @Test func anAbsentDirectoryIsAnErrorThatNamesIt() throws {
    let error = #expect(throws: FileError.self) {
      try DirectoryHandle(opening: "/nonexistent/folder")
    }
    #expect(
      error?.description
        == "/nonexistent/folder: cannot open it: No such file or directory (ENOENT). "
        + "Create it, or correct the path.")
  }
}

@Suite struct FileTimeTests {
  @Test func survivesBeingWritten() {
    for time in [
      FileTime(seconds: 0, nanoseconds: 0), FileTime(seconds: 1_700_000_000, nanoseconds: 7),
      FileTime(seconds: -5, nanoseconds: 999_999_999),
    ] {
      #expect(FileTime(time.description) == time)
    }
    #expect(FileTime("12") == nil)
    #expect(FileTime("12.5") == nil)
    #expect(FileTime("x.000000000") == nil)
  }
}

@Suite struct SHA256Tests {
  // The examples of FIPS 180-4.
  @Test func agreesWithTheStandard() {
    #expect(
      sha256Hex(Array("abc".utf8))
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      sha256Hex([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }
}

@Suite struct LinuxTests {
  @Test func thisProcessorIsSupported() {
    #expect(clinux_processor_is_supported() == 1)
    #expect(clinux_affinity_count() >= 1)
  }
}
