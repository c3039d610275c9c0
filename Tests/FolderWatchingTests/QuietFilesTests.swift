import Files
import FolderWatching
import TemporaryFolders
import Testing

@Suite struct QuietFilesTests {
  let start = ContinuousClock.now

  private func identity(_ sizeBytes: Int, seconds: Int = 0) -> FileIdentity {
    FileIdentity(
      sizeBytes: sizeBytes, modified: FileTime(seconds: seconds, nanoseconds: 0), inode: 1,
      device: 1)
  }

  @Test func aFileIsQuietAfterTheWholeTime() throws {
    var files = QuietFiles<FileName>(settle: .seconds(1))
    files.observe(name("a"), identity(5), at: start)
    #expect(files.nextInstant == start + .seconds(1))
    #expect(files.takeQuiet(at: start + .milliseconds(999)).isEmpty)
    let quiet = files.takeQuiet(at: start + .seconds(1))
    #expect(quiet.map(\.name) == [name("a")])
    #expect(quiet.map(\.identity) == [identity(5)])
    #expect(quiet.map(\.since) == [start])
    #expect(files.takeQuiet(at: start + .seconds(9)).isEmpty, "only once")
    #expect(files.nextInstant == nil)
  }

  @Test func everyChangeStartsTheTimeAnew() throws {
    var files = QuietFiles<FileName>(settle: .seconds(1))
    // A slow writer: a piece every 200 ms for 5 s.
    for step in 0...25 {
      let now = start + .milliseconds(200 * step)
      files.observe(name("a"), identity(step * 1000), at: now)
      #expect(files.takeQuiet(at: now).isEmpty)
    }
    #expect(files.takeQuiet(at: start + .milliseconds(5999)).isEmpty)
    #expect(files.takeQuiet(at: start + .seconds(6)).map(\.identity.sizeBytes) == [25_000])
  }

  @Test func seeingTheSameStateAgainChangesNothing() throws {
    var files = QuietFiles<FileName>(settle: .seconds(1))
    files.observe(name("a"), identity(5), at: start)
    files.observe(name("a"), identity(5), at: start + .milliseconds(900))
    #expect(files.takeQuiet(at: start + .seconds(1)).count == 1)
  }

  @Test func aModificationTimeSetBackIsAChange() throws {
    var files = QuietFiles<FileName>(settle: .seconds(1))
    files.observe(name("a"), identity(5, seconds: 2_000_000_000), at: start)
    files.observe(name("a"), identity(5, seconds: 1), at: start + .milliseconds(500))
    #expect(files.takeQuiet(at: start + .seconds(1)).isEmpty)
    #expect(files.takeQuiet(at: start + .milliseconds(1500)).count == 1)
  }

  @Test func aForgottenFileIsNotWaitedFor() throws {
    var files = QuietFiles<FileName>(settle: .seconds(1))
    files.observe(name("a"), identity(5), at: start)
    files.observe(name("b"), identity(5), at: start + .milliseconds(1))
    files.forget(name("a"))
    #expect(!files.contains(name("a")))
    #expect(files.nextInstant == start + .milliseconds(1001))
    #expect(files.takeQuiet(at: start + .seconds(2)).map(\.name) == [name("b")])
  }

  @Test func manyFilesComeOutInTheOrderTheyCameIn() throws {
    var files = QuietFiles<FileName>(settle: .seconds(1))
    let names = (0..<1000).map { name("f\($0)") }
    for (index, name) in names.enumerated() {
      files.observe(name, identity(1), at: start + .milliseconds(index))
    }
    var taken: [FileName] = []
    for step in stride(from: 0, through: 2000, by: 7) {
      taken += files.takeQuiet(at: start + .milliseconds(step)).map(\.name)
    }
    taken += files.takeQuiet(at: start + .seconds(3)).map(\.name)
    #expect(taken == names)
    #expect(files.count == 0)
  }
}

@Suite struct SourceNameTests {
  @Test(arguments: [
    "a.jpg", "A.JPEG", "x.y.png", "-rf.jpg", "a b.jpg", "x.tif", "皮.PNG", "%s%n.jpg",
  ])
  func photographs(_ text: String) throws {
    #expect(SourceName(name(text)) == .photograph)
  }

  @Test(arguments: [
    ".a.jpg", ".a.jpg.Xy12Zz", "a.jpg.part", "a.jpg.partial", "a.jpg.filepart", "a.crdownload",
    "a.jpg.tmp", "a.jpg~", "._a.jpg", ".DS_Store", "Thumbs.db", "@eaDir", "readme.txt", "data.csv",
    ".dermseg-0123456789abcdef.part", "..jpg", "...",
  ])
  func leftAlone(_ text: String) throws {
    #expect(SourceName(name(text)) == .ignored)
  }

  @Test func withoutAnExtensionTheBytesDecide() throws {
    #expect(SourceName(name("IMG_0001")) == .unknown)
  }
}
