import Glibc
import Journal
import Testing

/// What `journalctl -x` says about each kind of message.
@Suite struct CatalogTests {
  /// The languages, as in the headers; the empty one is English.
  private static let languages = ["", "de", "fr", "zh"]

  private static let path =
    "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    + "/systemd/dermseg.catalog"

  private struct Entry {
    var identifier = ""
    var language = ""
    var headers: [String: String] = [:]
    var text: [String] = []
  }

  /// The entries of the file, in its order.
  private static func entries() -> [Entry] {
    var entries: [Entry] = []
    for line in contents(of: path).split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("#") { continue }
      if line.hasPrefix("-- ") {
        let words = line.dropFirst(3).split(separator: " ").map(String.init)
        entries.append(
          Entry(identifier: words.first ?? "", language: words.count > 1 ? words[1] : ""))
      } else if !entries.isEmpty {
        let colon = line.firstIndex(of: ":")
        if entries[entries.count - 1].text.isEmpty, let colon, line.contains(": "),
          ["Subject", "Defined-By"].contains(line[..<colon])
        {
          entries[entries.count - 1].headers[String(line[..<colon])] = String(
            line[colon...].dropFirst(2))
        } else if !line.isEmpty {
          entries[entries.count - 1].text.append(String(line))
        }
      }
    }
    return entries
  }

  private static func contents(of path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    defer { close(descriptor) }
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    let count = unsafe read(descriptor, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  @Test(arguments: MessageKind.allCases)
  func everyKindIsExplainedInEveryLanguage(_ kind: MessageKind) throws {
    let entries = Self.entries().filter { $0.identifier == kind.identifier }
    #expect(entries.map(\.language) == Self.languages)
    #expect(entries.allSatisfy { $0.headers["Defined-By"] == "dermseg" })
    #expect(entries.allSatisfy { !$0.text.isEmpty })
    let subjects = entries.compactMap { $0.headers["Subject"] }
    #expect(Set(subjects).count == Self.languages.count, "a translation, not a copy")
    #expect(Set(entries.map { variables(in: $0.text) }).count == 1, "the same fields in each")
  }

  @Test func nothingElseIsExplained() {
    let known = Set(MessageKind.allCases.map(\.identifier))
    #expect(Self.entries().allSatisfy { known.contains($0.identifier) })
    #expect(Self.entries().count == known.count * Self.languages.count)
  }

  /// What a message begins with stands beside the kind's name; Tests/System compares it with real entries.
  @Test(arguments: MessageKind.allCases)
  func everyKindSaysWhatItsMessagesBeginWith(_ kind: MessageKind) throws {
    let catalog = Self.contents(of: Self.path)
    let name = try #require(catalog.firstRange(of: "\n# \(kind.rawValue): "))
    let rest = catalog[name.upperBound...].split(separator: "\n").prefix(2)
    #expect(rest.last == "-- \(kind.identifier)")
  }

  @Test func theTableOfMessagesIsCurrent() {
    let root = Self.path.split(separator: "/").dropLast(2).joined(separator: "/")
    let status = unsafe system("cd '/\(root)' && scripts/messages | cmp - docs/messages.md")
    #expect(status == 0, "scripts/messages > docs/messages.md")
  }

  /// The fields that are filled in, in any order.
  private func variables(in text: [String]) -> Set<String> {
    let parts = text.joined(separator: "\n").split(separator: "@")
    return Set(parts.filter { $0.hasPrefix("DERMSEG_") }.map(String.init))
  }
}
