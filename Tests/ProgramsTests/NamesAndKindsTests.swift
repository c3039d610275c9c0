import Daemon
import Files
import Glibc
import Images
import SystemPackage
import TemporaryFolders
import TestScaffold
import Testing

/// Sixty names and kinds of file in one folder, and the daemon between them.
@Suite(.timeLimit(.minutes(5))) struct NamesAndKindsTests {
  /// What becomes of an entry of the test folder.
  enum Outcome: Equatable {
    case mask
    /// A note whose reason holds these words.
    case note(String)
    case ignored
  }

  /// Files with a photograph's bytes, or others; every one a regular file.
  static let files: [(name: [UInt8], content: Content, outcome: Outcome)] = [
    (Array("plain.jpg".utf8), .jpeg, .mask), (Array("plain.png".utf8), .png, .mask),
    (Array("UPPER.JPEG".utf8), .jpeg, .mask), (Array("case.jpg".utf8), .jpeg, .mask),
    (Array("Case.jpg".utf8), .jpeg, .mask), (Array("CASE.JPG".utf8), .jpeg, .mask),
    (Array("same.jpg".utf8), .jpeg, .mask), (Array("same.png".utf8), .png, .mask),
    (Array("same".utf8), .jpeg, .mask), (Array("-rf.jpg".utf8), .jpeg, .mask),
    (Array("a\nb.jpg".utf8), .jpeg, .mask), (Array("\u{1B}[2J.jpg".utf8), .jpeg, .mask),
    (Array("%s%n.jpg".utf8), .jpeg, .mask), (Array("$(id).jpg".utf8), .jpeg, .mask),
    (Array("`id`.jpg".utf8), .jpeg, .mask), (Array("\";x.jpg".utf8), .jpeg, .mask),
    (Array("it's.jpg".utf8), .jpeg, .mask), (Array("back\\slash.jpg".utf8), .jpeg, .mask),
    (Array(" leading.jpg".utf8), .jpeg, .mask), (Array("*?[x].jpg".utf8), .jpeg, .mask),
    (Array("a:b|c<d>.jpg".utf8), .jpeg, .mask), (Array("~x.jpg".utf8), .jpeg, .mask),
    (Array("x".utf8), .jpeg, .mask), (Array("tabs\tand\r.jpg".utf8), .jpeg, .mask),
    ([0xFF, 0xFE] + Array(".jpg".utf8), .jpeg, .mask),
    ([0xC0, 0xAF] + Array(".jpg".utf8), .jpeg, .mask),
    ([0xED, 0xA0, 0x80] + Array(".jpg".utf8), .jpeg, .mask),
    (Array("\u{E9}.jpg".utf8), .jpeg, .mask), (Array("e\u{301}.jpg".utf8), .jpeg, .mask),
    (Array("\u{202E}gpj.jpg".utf8), .jpeg, .mask), (Array("\u{1F600}.jpg".utf8), .jpeg, .mask),
    (Array("\u{2028}\u{FEFF}.jpg".utf8), .jpeg, .mask),
    (Array((String(repeating: "n", count: 251) + ".jpg").utf8), .jpeg, .mask),
    (Array(String(repeating: "o", count: 255).utf8), .jpeg, .mask),
    (Array((String(repeating: "\u{E9}", count: 125) + ".jpg").utf8), .jpeg, .mask),
    (Array("a.tar.jpg".utf8), .jpeg, .mask), (Array("png-inside.jpg".utf8), .png, .mask),
    (Array("jpeg-inside.png".utf8), .jpeg, .mask), (Array("failed".utf8), .jpeg, .mask),
    (Array("x_segmentation.png".utf8), .png, .mask), (Array("taken.jpg".utf8), .jpeg, .mask),
    (Array("linked.jpg".utf8), .jpeg, .mask), (Array("foreign.jpg".utf8), .jpeg, .mask),
    (Array("picture.jpg".utf8), .jpeg, .mask),
    (Array("text.png".utf8), .text, .note("text")),
    (Array("slide.tif".utf8), .tiff, .note("a TIFF image")),
    (Array("empty.jpg".utf8), .nothing, .note("empty")),
    (Array("README".utf8), .text, .ignored), (Array("x.jpg.txt".utf8), .jpeg, .ignored),
    (Array("..jpg".utf8), .jpeg, .ignored), (Array("...".utf8), .jpeg, .ignored),
    (Array(".hidden.jpg".utf8), .jpeg, .ignored), (Array(".a.jpg.Ab12Cd".utf8), .jpeg, .ignored),
    (Array("a.jpg.part".utf8), .jpeg, .ignored), (Array("a.jpg.filepart".utf8), .jpeg, .ignored),
    (Array("a.jpg.crdownload".utf8), .jpeg, .ignored), (Array("a.jpg~".utf8), .jpeg, .ignored),
    (Array(".dermseg-0123456789abcdef.part".utf8), .jpeg, .ignored),
    (Array("._a.jpg".utf8), .jpeg, .ignored), (Array("Thumbs.db".utf8), .text, .ignored),
    (Array("desktop.ini".utf8), .text, .ignored),
  ]

  enum Content { case jpeg, png, text, tiff, nothing }

  /// Everything that is no regular file, or not an ordinary one.
  static let others: [(name: String, make: String, outcome: Outcome)] = [
    ("pipe.jpg", "mkfifo pipe.jpg", .note("named pipe")),
    ("folder.jpg", "mkdir folder.jpg; cp ../jpeg folder.jpg/a.jpg", .note("a folder")),
    ("inside.jpg", "ln -s plain.jpg inside.jpg", .note("symbolic link")),
    ("outside.jpg", "ln -s ../jpeg outside.jpg", .note("symbolic link")),
    ("shadow.jpg", "ln -s /etc/shadow shadow.jpg", .note("symbolic link")),
    ("dangling.jpg", "ln -s nothing dangling.jpg", .note("symbolic link")),
    ("loop.jpg", "ln -s loop.jpg loop.jpg", .note("symbolic link")),
    ("topipe.jpg", "ln -s pipe.jpg topipe.jpg", .note("symbolic link")),
    ("hard.jpg", "ln ../jpeg hard.jpg", .mask),
    ("setuid.jpg", "cp ../jpeg setuid.jpg; chmod 4755 setuid.jpg", .mask),
    ("readonly.jpg", "cp ../jpeg readonly.jpg; chmod 444 readonly.jpg", .mask),
    ("sparse.jpg", "truncate -s 1T sparse.jpg", .note("1099511627776 bytes, limit")),
    ("zeros.jpg", "truncate -s 100k zeros.jpg", .note("zeros")),
    ("@eaDir", "mkdir @eaDir; cp ../jpeg @eaDir/a.jpg", .ignored),
    (".~tmp~", "mkdir .~tmp~; cp ../jpeg .~tmp~/a.jpg", .ignored),
    ("plainfolder", "mkdir plainfolder; cp ../jpeg plainfolder/a.jpg", .ignored),
  ]

  private func bytes(_ content: Content) throws -> [UInt8] {
    let image = DrawnPair(index: 3, width: 64, height: 48).image
    switch content {
    case .jpeg: return try JPEGEncoder.encode(image)
    case .png: return try PNGEncoder.encode(image)
    case .text: return Array("just text".utf8)
    case .tiff: return Array("II*\0".utf8) + [8, 0, 0, 0]
    case .nothing: return []
    }
  }

  @Test("N: each of sixty names and kinds gets what it should, and none stops the others")
  func namesAndKinds() async throws {
    let run = try FaultRun(photographs: 0)
    let daemon = run.daemon
    try daemon.folder.handle.publish(try bytes(.jpeg), as: name("jpeg"))
    let folder = try DirectoryHandle(opening: daemon.folder.appending("test"))
    for file in Self.files {
      try folder.publish(try bytes(file.content), as: try #require(FileName(bytes: file.name)))
    }
    for other in Self.others {
      #expect(daemon.folder.run("cd \"$D/test\"; \(other.make)") == 0, "\(other.name)")
    }
    var expected = Self.files.map { (FileName(bytes: $0.name)?.description ?? "", $0.outcome) }
    expected += Self.others.map { ($0.name, $0.outcome) }
    // What not every machine lets us make.
    for (name, make, reason) in [
      ("device.jpg", "mknod device.jpg c 1 5", "a device"),
      ("disk.jpg", "mknod disk.jpg b 7 99", "a device"),
      ("immutable.jpg", "cp ../jpeg immutable.jpg && chattr +i immutable.jpg", ""),
    ] where daemon.folder.run("cd \"$D/test\"; { \(make); } 2> /dev/null") == 0 {
      expected.append((name, reason.isEmpty ? .mask : .note(reason)))
    }
    defer { daemon.folder.run(#"chattr -i "$D/test/immutable.jpg" 2> /dev/null"#) }
    let socket = try DatagramSocket(at: "\(daemon.folder.appending("test/socket.jpg"))")
    defer { withExtendedLifetime(socket) {} }
    expected.append(("socket.jpg", .note("a socket")))
    // What stands where masks would go.
    daemon.folder.run(
      """
      cd "$D"; mkdir -p Results/taken_segmentation.png; echo secret > secret; \
      ln -s ../secret Results/linked_segmentation.png; echo mine > Results/foreign_segmentation.png; \
      cp test/plain.png Results/picture_segmentation.png
      """)
    try run.noteSources()

    try run.start(FaultPlan())
    let masks = expected.count { $0.1 == .mask }
    let notes = expected.count { if case .note = $0.1 { true } else { false } }
    try await daemon.until("an outcome for each", seconds: 60) {
      daemon.log.count(of: "\"message\":\"Segmented: ") >= masks
        && daemon.log.count(of: "\"message\":\"Not segmented: ") >= notes
    }
    try run.drop("last.jpg", index: 9)
    try await daemon.until("the next good one") {
      daemon.exists("Results/last_segmentation.png")
    }
    expected.append(("last.jpg", .mask))
    try await daemon.stop()
    run.expectPromises("sixty names and kinds")
    try expect(expected, in: run)

    // Nothing was opened that is no regular file, and the log holds no raw control character.
    let special = expected.filter {
      if case .note(let words) = $0.1 { isKind(words) } else { false }
    }
    for (name, _) in special {
      #expect(!run.calls.contains { $0.name == "open" && $0.path.hasSuffix("/test/\(name)") })
    }
    #expect(daemon.log.unicodeScalars.allSatisfy { $0.value >= 0x20 || $0 == "\n" })
    #expect(daemon.log.count(of: "\"message\":\"Segmented: ") == masks + 1, "one entry each")
    #expect(daemon.log.count(of: "\"message\":\"Not segmented: ") == notes, "one entry each")
    #expect(
      daemon.folder.run(
        """
        cd "$D"; test "$(cat secret)" = secret && test -L Results/linked_segmentation.png && \
        test "$(cat Results/foreign_segmentation.png)" = mine && \
        cmp -s test/plain.png Results/picture_segmentation.png
        """) == 0, "what was there before is as it was")
  }

  private func isKind(_ words: String) -> Bool {
    ["named pipe", "a folder", "symbolic link", "a device", "a socket"].contains(words)
  }

  /// Compares the Results folder with what was expected.
  private func expect(_ expected: [(String, Outcome)], in run: FaultRun) throws {
    let results = try DirectoryHandle(opening: run.daemon.folder.appending("Results"))
    // By bytes: for a String two ways to write an accent are equal.
    var masked: Set<[UInt8]> = []
    for name in try results.names() {
      guard let bytes = try? results.readRegularFile(name, limitBytes: 1 << 20).bytes,
        let record = MaskRecord(PNGText.read(from: bytes))
      else { continue }
      #expect(
        masked.insert(Array(record.sourceName.description.utf8)).inserted, "two masks: \(name)")
    }
    var reasons: [String: String] = [:]
    let failed = try results.openDirectory(name("failed"))
    for name in try failed.names() {
      let bytes = try failed.readRegularFile(name, limitBytes: 1 << 16).bytes
      let source = try #require(FailedNote(bytes)).sourceName
      reasons[source.description] = String(decoding: bytes, as: UTF8.self)
    }
    for (name, outcome) in expected {
      let hasMask = masked.contains(Array(name.utf8))
      switch outcome {
      case .mask: #expect(hasMask && reasons[name] == nil, "\(name)")
      case .note(let words):
        #expect(!hasMask && reasons[name]?.contains(words) == true, "\(name)")
      case .ignored: #expect(!hasMask && reasons[name] == nil, "\(name)")
      }
    }
    #expect(masked.count == expected.count { $0.1 == .mask })
    #expect(expected.count >= 75)
  }
}
