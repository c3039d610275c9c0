import Files
import SystemPackage
import TemporaryFolders
import Testing

@Suite struct RegularFileReadingTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  private func read(_ text: String, limitBytes: Int = 1000) throws -> [UInt8] {
    try directory.handle.readRegularFile(name(text), limitBytes: limitBytes).bytes
  }

  private func errorReading(_ text: String, limitBytes: Int = 1000) -> FileError? {
    do {
      _ = try directory.handle.readRegularFile(name(text), limitBytes: limitBytes)
      return nil
    } catch {
      return error
    }
  }

  @Test func readsAllBytesAndTheirIdentity() throws {
    directory.run(#"printf 'abcde' > "$D/f""#)
    let (bytes, identity) = try directory.handle.readRegularFile(name("f"), limitBytes: 5)
    #expect(bytes == Array("abcde".utf8))
    #expect(try identity == directory.handle.status(of: name("f"))?.identity)
    #expect(
      try readRegularFile(at: directory.path.appending(name("f")), limitBytes: 5).bytes == bytes)
  }

  @Test func refusesOneByteMoreThanTheLimit() {
    directory.run(#"printf 'abcdef' > "$D/f""#)
    #expect(
      errorReading("f", limitBytes: 5)
        == .tooLarge(directory.path.appending(name("f")), bytes: 6, limitBytes: 5))
  }

  @Test func neverReadsAHugeSparseFile() {
    directory.run(#"truncate -s 1T "$D/huge""#)
    #expect(errorReading("huge")?.reason == "1099511627776 bytes, limit 1000. Save it smaller.")
  }

  @Test func refusesWhatIsNotARegularFile() {
    directory.run(
      #"cd "$D"; mkdir d; ln -s /etc/passwd l; ln -s nowhere dangling; ln -s loop loop; mkfifo p"#)
    directory.run(
      #"python3 -c 'import socket,os; s=socket.socket(socket.AF_UNIX); s.bind(os.environ["D"]+"/s")'"#
    )
    for (entry, kind) in [
      ("d", FileKind.directory), ("l", .symbolicLink), ("dangling", .symbolicLink),
      ("loop", .symbolicLink), ("p", .namedPipe),
    ] {
      #expect(
        errorReading(entry) == .notRegular(directory.path.appending(name(entry)), kind), "\(entry)")
    }
  }

  @Test func aPathLeadsThroughALinkOnlyWhereThatIsWanted() throws {
    directory.run(#"cd "$D"; echo hello > f; ln -s f l"#)
    let link = directory.path.appending(name("l"))
    #expect(throws: FileError.notRegular(link, .symbolicLink)) {
      _ = try readRegularFile(at: link, limitBytes: 99)
    }
    let followed = try readRegularFile(at: link, limitBytes: 99, followingLinks: true)
    #expect(followed.bytes == Array("hello\n".utf8))
  }

  @Test func whatGrowsIsReadAsFarAsItWentWhenItWasOpened() async throws {
    let path = directory.path.appending(name("log"))
    let log = try AppendedFile(path)
    try log.append([UInt8](repeating: 0x61, count: 1 << 16))
    let writer = Task.detached { while !Task.isCancelled { try log.append([0x61]) } }
    var counts: [Int] = []
    // Long enough for many bytes to be added during the readings.
    repeat {
      let bytes = try readRegularFile(at: path, limitBytes: 1 << 24, growing: true).bytes
      #expect(bytes.allSatisfy { $0 == 0x61 })
      counts.append(bytes.count)
    } while counts[counts.count - 1] < 1 << 17
    writer.cancel()
    try await writer.value
    #expect(counts == counts.sorted() && counts[0] >= 1 << 16)
  }

  @Test func refusesAnEmptyFile() {
    directory.run(#": > "$D/e""#)
    #expect(errorReading("e") == .empty(directory.path.appending(name("e"))))
    #expect(errorReading("e")?.isTransient == false)
  }

  @Test func anAbsentFileIsTheKernelsError() {
    #expect(
      errorReading("no")
        == .system(.open, directory.path.appending(name("no")), .noSuchFileOrDirectory))
  }
}
