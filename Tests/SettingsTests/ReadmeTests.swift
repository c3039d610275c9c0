import Files
import Settings
import SystemPackage
import Testing

@Suite("README") struct ReadmeTests {
  /// The page as it is in the repository.
  static func text() throws -> String {
    let root = FilePath(#filePath).removingLastComponent().removingLastComponent()
      .removingLastComponent()
    let bytes = try readRegularFile(at: root.appending("README.md"), limitBytes: 1 << 20).bytes
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("the table of settings is the one in the program") func settings() throws {
    let lines = try Self.text().split(separator: "\n").map(String.init)
    let rows = lines.filter { line in
      SettingKey.all.contains { line.hasPrefix("| `\($0.name)` |") }
    }
    let expected = SettingKey.all.map { key in
      let fallback = key.defaultText.isEmpty ? "" : "`\(key.defaultText)`"
      return "| `\(key.name)` | \(key.summary) | \(fallback) |"
    }
    #expect(rows == expected)
  }
}
