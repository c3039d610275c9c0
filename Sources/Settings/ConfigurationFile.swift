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
    self.path = path
    let bytes: [UInt8]
    do {
      bytes = try readRegularFile(at: path, limitBytes: Self.limitBytes, followingLinks: true).bytes
    } catch .system(_, _, .noSuchFileOrDirectory) where optional {
      (values, lines) = (nil, [:])
      return
    } catch .empty {
      (values, lines) = (nil, [:])
      return
    } catch {
      throw .unreadable(error)
    }
    lines = try Self.keys(of: String(decoding: bytes, as: UTF8.self), in: path)
    // YAML calls a file of comments no mapping; for us it is a file without keys.
    values = lines.isEmpty ? nil : try Self.parse(bytes, path)
  }

  private static func parse(_ bytes: [UInt8], _ path: FilePath) throws(SettingsError)
    -> any ConfigSnapshot
  {
    do {
      return try unsafe YAMLSnapshot(
        data: bytes.span.bytes, providerName: path.displayed, parsingOptions: .default)
    } catch {
      let firstLine = String(describing: error).split(separator: "\n").first ?? "unreadable"
      throw .malformed(path, reason: "\(firstLine).")
    }
  }

  /// The keys at the beginning of lines, each with its line number from 1.
  ///
  /// The parser does not tell keys and lines, and a message without them does not help. Only the
  /// block style is read, one key per line, which is all that the file needs.
  private static func keys(of text: String, in path: FilePath) throws(SettingsError)
    -> [String: Int]
  {
    var lines: [String: Int] = [:]
    var number = 0
    // Unicode scalars: as a Character, "\r\n" is neither "\r" nor "\n".
    for line in text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      guard let first = line.first(where: { $0 != " " && $0 != "\r" && $0 != "\t" }),
        first != "#", !(line.starts(with: "---".unicodeScalars) && lines.isEmpty)
      else { continue }
      guard let colon = line.firstIndex(of: ":") else {
        throw .malformed(path, reason: "line \(number) has no \":\".")
      }
      let key = String(String.UnicodeScalarView(line[..<colon]))
      let name = key.filter { $0 != "\"" && $0 != "'" && $0 != " " && $0 != "\t" }
      guard key.first != " ", key.first != "\t", key.first != "{" else {
        throw .malformed(path, reason: "line \(number) is indented or in braces.")
      }
      guard SettingKey.all.contains(where: { $0.name == name }) else {
        throw .unknownKey(
          name, origin: .file(path, line: number), suggestion: suggestion(for: name))
      }
      guard lines.updateValue(number, forKey: name) == nil else {
        throw .malformed(path, reason: "line \(number) gives \(name) a second time.")
      }
    }
    return lines
  }
}

/// The key that was probably meant: the nearest one, if it is near.
func suggestion(for key: String) -> String? {
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
