import Configuration
import Files
import SystemPackage

/// A configuration file: its values, and on which line each key stands.
struct ConfigurationFile {
  let path: FilePath
  let values: (any ConfigSnapshot)?
  let lines: [String: Int]

  /// The most bytes that a configuration file may have.
  private static let limitBytes = 1 << 20

  /// Reads and checks a file.
  ///
  /// - Parameter optional: Whether an absent file is the same as an empty one.
  init(_ path: FilePath, optional: Bool) throws(SettingsError) {
    try self.init(text: Self.text(of: path, optional: optional), path: path)
  }

  /// Checks a file's text.
  ///
  /// - Parameter passingOver: Lines that are read as if they were empty.
  init(text: String, path: FilePath, passingOver: Set<Int> = []) throws(SettingsError) {
    self.path = path
    let kept = Self.lines(of: text, passingOver: passingOver)
    lines = try Self.keys(of: kept, in: path)
    // YAML calls a file of comments no mapping; for us it is a file without keys.
    values = lines.isEmpty ? nil : try Self.parse(kept, lines, path)
  }

  /// The text of a file; empty where it is absent and may be.
  static func text(of path: FilePath, optional: Bool) throws(SettingsError) -> String {
    do {
      let file = try readRegularFile(at: path, limitBytes: Self.limitBytes, followingLinks: true)
      return String(decoding: file.bytes, as: UTF8.self)
    } catch .system(_, _, .noSuchFileOrDirectory) where optional {
      return ""
    } catch .empty {
      return ""
    } catch {
      throw .unreadable(error)
    }
  }

  private static func lines(of text: String, passingOver: Set<Int>) -> [Substring.UnicodeScalarView]
  {
    // Unicode scalars: as a Character, "\r\n" is neither "\r" nor "\n".
    var lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    for number in passingOver { lines[number - 1] = Substring().unicodeScalars }
    return lines
  }

  private static func parse(
    _ lines: [Substring.UnicodeScalarView], _ keys: [String: Int], _ path: FilePath
  ) throws(SettingsError) -> any ConfigSnapshot {
    do {
      return try snapshot(lines, path)
    } catch {
      // The parser names no line of ours. One key stands on one line, so it is a line by itself that is
      // wrong, or else all of them together.
      for (key, number) in keys.sorted(by: { $0.value < $1.value }) {
        guard (try? snapshot([lines[number - 1]], path)) == nil else { continue }
        throw .malformed(
          path, line: number, reason: "the value of \(key) is no YAML. Quote it: \(key): \"...\"")
      }
      let firstLine = String(describing: error).split(separator: "\n").first ?? "unreadable"
      throw .malformed(path, line: nil, reason: "\(firstLine).")
    }
  }

  private static func snapshot(_ lines: [Substring.UnicodeScalarView], _ path: FilePath) throws
    -> any ConfigSnapshot
  {
    let bytes = lines.map { Array(String($0).utf8) }.joined(separator: [UInt8(ascii: "\n")])
    return try unsafe YAMLSnapshot(
      data: Array(bytes).span.bytes, providerName: path.displayed, parsingOptions: .default)
  }

  /// The keys at the beginning of lines, each with its line number from 1.
  ///
  /// The parser does not tell keys and lines, and a message without them does not help. Only the
  /// block style is read, one key per line, which is all that the file needs.
  private static func keys(of text: [Substring.UnicodeScalarView], in path: FilePath)
    throws(SettingsError) -> [String: Int]
  {
    var lines: [String: Int] = [:]
    var number = 0
    for line in text {
      number += 1
      guard let first = line.first(where: { $0 != " " && $0 != "\r" && $0 != "\t" }),
        first != "#", !(line.starts(with: "---".unicodeScalars) && lines.isEmpty)
      else { continue }
      guard let colon = line.firstIndex(of: ":") else {
        throw .malformed(path, line: number, reason: "there is no \":\" in it.")
      }
      let key = String(String.UnicodeScalarView(line[..<colon]))
      let name = key.filter { $0 != "\"" && $0 != "'" && $0 != " " && $0 != "\t" }
      guard key.first != " ", key.first != "\t", key.first != "{" else {
        throw .malformed(path, line: number, reason: "it is indented or in braces.")
      }
      guard SettingKey.all.contains(where: { $0.name == name }) else {
        throw .unknownKey(
          name, origin: .file(path, line: number), suggestion: nearestKey(to: name))
      }
      if let earlier = lines.updateValue(number, forKey: name) {
        throw .malformed(
          path, line: number, reason: "it gives \(name) a second time, after line \(earlier).")
      }
    }
    return lines
  }
}

/// The key that was probably meant: the nearest one, if it is near.
func nearestKey(to key: String) -> String? {
  let lowered = key.lowercased().filter { $0 != "_" && $0 != "-" }
  let distances = SettingKey.all.map {
    (name: $0.name, distance: editDistance(lowered, $0.name.lowercased()))
  }
  guard let nearest = distances.min(by: { $0.distance < $1.distance }) else { return nil }
  return nearest.distance <= max(2, nearest.name.count / 3) ? nearest.name : nil
}

/// Insertions, deletions and replacements between two words (Levenshtein 1966, Wagner-Fischer).
private func editDistance(_ first: String, _ second: String) -> Int {
  let target = Array(second)
  var row = Array(0...target.count)
  for character in first {
    var diagonal = row[0]
    row[0] += 1
    for column in target.indices {
      let replaced = diagonal + (character == target[column] ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
    }
  }
  return row[target.count]
}
