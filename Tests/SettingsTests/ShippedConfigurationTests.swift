import Files
import Settings
import SystemPackage
import Testing

@Suite("The shipped dermseg.yaml") struct ShippedConfigurationTests {
  static let path = FilePath(#filePath).removingLastComponent().removingLastComponent()
    .removingLastComponent().appending("etc/dermseg/dermseg.yaml")

  @Test("says every key with its default, as a comment") func everyKey() throws {
    let bytes = try readRegularFile(at: Self.path, limitBytes: 1 << 20).bytes
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    let found = lines.filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") && $0 != "#" }
    let expected = SettingKey.all.map { key in
      "#\(key.name):" + (key.defaultText.isEmpty ? "" : " \(key.defaultText)")
    }
    #expect(found == expected)
    #expect(lines.allSatisfy { $0.hasPrefix("#") })
  }

  @Test("gives the same settings as no file") func same() async throws {
    let shipped = try await Settings.load(configFile: Self.path, options: [:], environment: [:])
    #expect(shipped.testFolder == FilePath("/srv/dermseg/test"))
    #expect(shipped.model == nil)
  }
}
