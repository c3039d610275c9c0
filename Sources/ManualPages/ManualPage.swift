/// The manual page of a program, made of what the program says about itself.
public struct ManualPage {
  private var roff = Roff()
  /// The page's source, for `man`.
  public var text: String { roff.text }

  /// Makes the page.
  ///
  /// - Parameters:
  ///   - section: Of the manual: 1 for users' commands, 8 for those of the administrator.
  ///   - version: `dermseg 1.2.3`.
  ///   - date: `2026-11-25`.
  ///   - files: Paths that the program uses, with what they are.
  ///   - seeAlso: Other pages: `dermsegd(8)`.
  public init(
    of program: ProgramDescription, section: Int, version: String, date: String,
    files: [(path: String, what: String)], seeAlso: [String]
  ) {
    let command = program.command
    roff.title(
      command.commandName.uppercased(), section: section, date: date, version: version)
    roff.macro("SH", "NAME")
    roff.line(
      "\(Roff.escaped(command.commandName)) \\- \(Roff.escaped(Self.title(command.abstract)))")
    roff.macro("SH", "SYNOPSIS")
    let subcommands = command.shownSubcommands
    if subcommands.isEmpty {
      addSynopsis(of: command)
    } else {
      roff.line(
        "\(Roff.bold(command.commandName)) \(Roff.italic("COMMAND")) [\(Roff.italic("OPTION"))...]")
    }
    let blocks = Blocks(command.discussion)
    roff.macro("SH", "DESCRIPTION")
    roff.prose(command.abstract ?? "")
    addParagraphs(blocks.prose)
    if subcommands.isEmpty {
      roff.macro("SH", "OPTIONS")
      addArguments(of: command, isPage: true)
    } else {
      roff.macro("SH", "COMMANDS")
      roff.prose("Each command has `--help`.")
      for subcommand in subcommands { add(subcommand) }
    }
    for (title, lines) in blocks.titled { add(lines, titled: title, macro: "SH") }
    addEnd(files, seeAlso, command)
  }

  private mutating func addEnd(
    _ files: [(path: String, what: String)], _ seeAlso: [String],
    _ command: ProgramDescription.Command
  ) {
    if !files.isEmpty {
      roff.macro("SH", "FILES")
      for (path, what) in files {
        roff.macro("TP")
        roff.line(Roff.italic(path))
        roff.prose(what)
      }
    }
    roff.macro("SH", "ENVIRONMENT")
    roff.prose(
      "Every key of the configuration is also a variable, such as `DERMSEG_TEST_FOLDER`; dermseg.yaml(5) "
        + "names them. With `NO_COLOR` no colours are used.")
    roff.macro("SH", "SEE ALSO")
    roff.line(
      seeAlso.filter { !$0.hasPrefix(command.commandName + "(") }.map { page in
        let parts = page.split(separator: "(", maxSplits: 1)
        return parts.count == 2
          ? "\(Roff.bold(String(parts[0])))(\(parts[1])" : Roff.escaped(page)
      }.joined(separator: ", "))
  }

  // MARK: - Commands

  private mutating func add(_ command: ProgramDescription.Command) {
    let below = command.shownSubcommands
    roff.macro("SS", command.words)
    if below.isEmpty {
      addSynopsis(of: command)
      roff.macro("PP")
    }
    roff.prose(command.abstract ?? "")
    let blocks = Blocks(command.discussion)
    addParagraphs(blocks.prose)
    addArguments(of: command, isPage: false)
    for (title, lines) in blocks.titled { add(lines, titled: title, macro: nil) }
    for subcommand in below { add(subcommand) }
  }

  private mutating func addSynopsis(of command: ProgramDescription.Command) {
    var parts = [Roff.bold(command.words)]
    for argument in command.shownArguments {
      var text = argument.head(short: true)
      if argument.kind != "positional", argument.isOptional { text = "[\(text)]" }
      if argument.kind == "positional", argument.isOptional { text = "[\(text)]" }
      parts.append(text + (argument.isRepeating ? "..." : ""))
    }
    roff.line(parts.joined(separator: " "))
  }

  private mutating func addArguments(of command: ProgramDescription.Command, isPage: Bool) {
    var title: String?
    for argument in command.shownArguments {
      if isPage, let section = argument.sectionTitle, section != title {
        roff.macro("SS", section)
      }
      title = argument.sectionTitle
      roff.macro("TP")
      roff.line(argument.head(short: false))
      roff.prose(argument.explanation)
    }
  }

  // MARK: - Text

  private mutating func addParagraphs(_ paragraphs: [String]) {
    for paragraph in paragraphs {
      roff.macro("PP")
      roff.prose(paragraph)
    }
  }

  private mutating func add(_ lines: [String], titled title: String, macro: String?) {
    if let macro {
      roff.macro(macro, title == "EXIT CODES" ? "EXIT STATUS" : title)
    } else {
      roff.macro("PP")
      roff.line(Roff.bold(title.prefix(1) + title.dropFirst().lowercased()))
    }
    if title == "EXAMPLES" {
      roff.verbatim(lines)
    } else {
      if macro == nil { roff.macro("RS", "4") }
      roff.prose(lines.map(Self.trimmed).joined(separator: " "))
      if macro == nil { roff.macro("RE") }
    }
  }

  /// The words after the name, as whatis(1) shows them.
  private static func title(_ abstract: String?) -> String {
    let words = abstract ?? ""
    return words.hasSuffix(".") ? String(words.dropLast()) : words
  }

  private static func trimmed(_ line: String) -> String { String(line.drop { $0 == " " }) }
}

/// A command's long text: paragraphs, and parts under a title in capitals.
struct Blocks {
  var prose: [String] = []
  var titled: [(title: String, lines: [String])] = []

  init(_ discussion: String?) {
    let lines = (discussion ?? "").split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    for block in lines.split(whereSeparator: \.isEmpty).map(Array.init) {
      if Self.isTitle(block[0]), block.count > 1 {
        titled.append((block[0], Self.withoutCommonIndent(Array(block.dropFirst()))))
      } else {
        prose.append(block.joined(separator: " "))
      }
    }
  }

  private static func isTitle(_ line: String) -> Bool {
    !line.isEmpty && line.unicodeScalars.allSatisfy { ("A"..."Z").contains($0) || $0 == " " }
  }

  private static func withoutCommonIndent(_ lines: [String]) -> [String] {
    let indent = lines.map { $0.prefix { $0 == " " }.count }.min() ?? 0
    return lines.map { String($0.dropFirst(indent)) }
  }
}

extension ProgramDescription.Command {
  /// The arguments for users, those without a name last, and without the parser's own.
  fileprivate var shownArguments: [ProgramDescription.Argument] {
    let shown = (arguments ?? []).filter { argument in
      argument.shouldDisplay
        && argument.names?.contains { $0.name == "help" || $0.name == "version" } != true
    }
    return shown.filter { $0.kind != "positional" } + shown.filter { $0.kind == "positional" }
  }
}

extension ProgramDescription.Argument {
  /// The name and its value; all names unless it is to be short.
  fileprivate func head(short: Bool) -> String {
    let value = valueName.map { Roff.italic($0) } ?? ""
    let names = (names ?? []).map(\.typed)
    guard !names.isEmpty else { return value }
    let longest = names.last { $0.hasPrefix("--") } ?? names[0]
    let shown = short ? [names.first { $0.hasPrefix("--") } ?? longest] : names
    let text = shown.map { Roff.bold($0) }.joined(separator: ", ")
    return kind == "option" ? "\(text) \(value)" : text
  }

  fileprivate var explanation: String {
    var text = abstract ?? ""
    if let discussion { text += " " + discussion }
    if let allValues, !allValues.isEmpty, kind != "flag" {
      text += " Allowed: \(allValues.joined(separator: ", "))."
    }
    if let defaultValue, !text.lowercased().contains("default") {
      text += " Default: `\(defaultValue)`."
    }
    return text
  }
}
