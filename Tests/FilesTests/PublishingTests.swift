import Files
import Glibc
import SystemPackage
import TemporaryFolders
import Testing

@Suite struct AtomicPublishingTests {
  let directory: TemporaryFolder

  init() throws { directory = try TemporaryFolder() }

  private func content(_ text: String) throws -> String {
    String(
      decoding: try directory.handle.readRegularFile(name(text), limitBytes: 10_000_000).bytes,
      as: UTF8.self)
  }

  @Test func publishesWholeAndLeavesNothingBehind() throws {
    let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
    try directory.handle.publish(bytes, as: name("mask.png"))
    #expect(
      try directory.handle.readRegularFile(name("mask.png"), limitBytes: 4_000_000).bytes == bytes)
    #expect(try directory.handle.names() == [name("mask.png")])
    let status = try #require(try directory.handle.status(of: name("mask.png")))
    #expect(status.permissions & 0o137 == 0, "no one but owner and group, nothing executable")
  }

  @Test func replacesAFile() throws {
    try directory.handle.publish(Array("old".utf8), as: name("m"))
    let old = try directory.handle.status(of: name("m"))
    try directory.handle.publish(Array("new".utf8), as: name("m"))
    #expect(try content("m") == "new")
    #expect(try directory.handle.status(of: name("m"))?.identity.inode != old?.identity.inode)
  }

  @Test func replacesASymbolicLinkItselfNotItsTarget() throws {
    directory.run(#"cd "$D"; printf secret > target; ln -s target m"#)
    try directory.handle.publish(Array("mask".utf8), as: name("m"))
    #expect(try content("target") == "secret")
    #expect(try content("m") == "mask")
  }

  @Test func nothingIsAppendedThroughASymbolicLink() throws {
    directory.run(#"cd "$D"; printf secret > target; ln -s target m"#)
    let error = #expect(throws: FileError.self) {
      try directory.handle.append(Array("line".utf8), to: name("m"))
    }
    #expect(error?.errno == .tooManySymbolicLinkLevels)
    #expect(try content("target") == "secret")
  }

  @Test func aDirectoryOfThatNameStaysAndIsReported() throws {
    directory.run(#"mkdir "$D/m"; touch "$D/m/inside""#)
    let error = #expect(throws: FileError.self) {
      try directory.handle.publish([1], as: name("m"))
    }
    #expect(error == .system(.rename, directory.path.appending(name("m")), .isDirectory))
    #expect(try directory.handle.names() == [name("m")], "no part file stays")
  }

  @Test func aTooLongNameIsReportedAndLeavesNothing() throws {
    let long = name(String(repeating: "x", count: 256))
    let error = #expect(throws: FileError.self) { try directory.handle.publish([1], as: long) }
    #expect(error?.errno == .fileNameTooLong)
    #expect(error?.isTransient == false)
    #expect(try directory.handle.names().isEmpty)
  }

  @Test func sweepRemovesOnlyPartFiles() throws {
    directory.run(
      #"""
      cd "$D"; touch .dermseg-0123456789abcdef.part .dermseg-0123456789abcdeg.part a.part
      touch .dermseg-0123456789abcdef.part2 .dermseg-0123.part; mkdir .dermseg-ffffffffffffffff.part
      """#)
    #expect(try directory.handle.sweepPartFiles() == 1)
    #expect(
      try directory.handle.names().sorted() == [
        name(".dermseg-0123.part"), name(".dermseg-0123456789abcdef.part2"),
        name(".dermseg-0123456789abcdeg.part"), name(".dermseg-ffffffffffffffff.part"),
        name("a.part"),
      ])
  }

  @Test func removingWhatIsAbsentIsNoError() throws {
    try directory.handle.remove(name("absent"), durably: true)
    try directory.handle.publish([1], as: name("f"))
    try directory.handle.remove(name("f"), durably: true)
    #expect(try directory.handle.status(of: name("f")) == nil)
  }

  @Test func makesADirectoryOnceAndOpensIt() throws {
    let first = try directory.handle.makeDirectory(name("failed"))
    try first.publish([1], as: name("x"))
    #expect(try directory.handle.makeDirectory(name("failed")).names() == [name("x")])
    directory.run(#"rm -r "$D/failed"; ln -s /tmp "$D/failed""#)
    #expect(throws: FileError.self) { try directory.handle.makeDirectory(name("failed")) }
  }
}

@Suite struct DirectoryLockTests {
  @Test func onlyOneHoldsIt() throws {
    let directory = try TemporaryFolder()
    var lock: DirectoryLock? = try DirectoryLock(directory.handle)
    directory.run(#"ln -s . "$D/link""#)
    let alias = try DirectoryHandle(opening: directory.path.appending(name("link")))
    let error = #expect(throws: FileError.self) { try DirectoryLock(alias) }
    guard case .locked(_, let holder)? = error else {
      Issue.record("not locked: \(String(describing: error))")
      return
    }
    #expect(holder == nil || holder == getpid())
    #expect(directory.run(#"flock -n "$D" true"#) != 0, "other processes see it too")
    _ = lock
    lock = nil
    #expect(throws: Never.self) { try DirectoryLock(alias) }
    #expect(directory.run(#"flock -n "$D" true"#) == 0)
  }

  /// A child between fork and exec holds copies of all descriptors, and with them the lock.
  @Test func aCopyOfTheDescriptorDoesNotKeepIt() throws {
    let directory = try TemporaryFolder()
    var lock: DirectoryLock? = try DirectoryLock(directory.handle)
    var copies: [Int32] = []
    for number in Int32(3)..<256 {
      var status = stat()
      if unsafe fstat(number, &status) == 0,
        try directory.handle.status().identity.inode == status.st_ino
      {
        copies.append(dup(number))
      }
    }
    defer { for copy in copies { close(copy) } }
    #expect(copies.count >= 2, "the folder's own descriptor and the lock's")
    _ = lock
    lock = nil
    #expect(throws: Never.self) { try DirectoryLock(directory.handle) }
  }
}
