/// Text of a manual page in the macros of man(7).
struct Roff {
  /// The page.
  private(set) var text = ""

  /// A line that is a macro; its words are quoted where that is needed.
  mutating func macro(_ name: String, _ words: String...) {
    text += "." + name + words.map { " \"" + Self.escaped($0) + "\"" }.joined() + "\n"
  }

  /// The first line: a date keeps its plain minus signs.
  mutating func title(_ name: String, section: Int, date: String, version: String) {
    text += ".TH \(Self.escaped(name)) \(section) \(date) \"\(Self.escaped(version))\" dermseg\n"
  }

  /// A line of escaped text.
  mutating func line(_ escaped: String) {
    // A point or an apostrophe at the beginning would make a macro of it.
    let isMacro = escaped.hasPrefix(".") || escaped.hasPrefix("'")
    text += (isMacro ? "\\&" : "") + escaped + "\n"
  }

  /// Words between paragraphs, of which those in backquotes are bold.
  mutating func prose(_ words: String) {
    let parts = words.split(separator: "`", omittingEmptySubsequences: false)
    line(
      parts.enumerated().map { index, part in
        index % 2 == 1 && index < parts.count - 1
          ? Self.bold(String(part)) : Self.escaped(String(part))
      }.joined())
  }

  /// Lines as they are.
  mutating func verbatim(_ lines: [String]) {
    macro("RS", "4")
    text += ".nf\n"
    for words in lines { line(Self.escaped(words)) }
    text += ".fi\n"
    macro("RE")
  }

  static func bold(_ words: String) -> String { "\\fB\(escaped(words))\\fR" }

  static func italic(_ words: String) -> String { "\\fI\(escaped(words))\\fR" }

  /// Every character as itself, whatever the formatter would make of it; ASCII only.
  static func escaped(_ words: String) -> String {
    var result = ""
    for scalar in words.unicodeScalars {
      switch scalar {
      case "\\": result += "\\e"
      case "-": result += "\\-"
      case "'": result += "\\(aq"
      case "`": result += "\\(ga"
      case "^": result += "\\(ha"
      case "~": result += "\\(ti"
      case "\"": result += "\\(dq"
      case _ where scalar.isASCII: result.unicodeScalars.append(scalar)
      default:
        let digits = String(scalar.value, radix: 16, uppercase: true)
        result += "\\[u" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits + "]"
      }
    }
    return result
  }
}
