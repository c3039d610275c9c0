import FoundationEssentials

/// What a program says about its own command line: the JSON of `--experimental-dump-help`.
///
/// Source: `ToolInfo.swift` of swift-argument-parser, serialization version 0.
public struct ProgramDescription: Decodable, Sendable {
  /// A command with what is below it.
  struct Command: Decodable, Sendable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var shouldDisplay: Bool?
    var superCommands: [String]?
    var subcommands: [Command]?
    var arguments: [Argument]?

    /// The words that call it: `dermseg model list`.
    var words: String { ((superCommands ?? []) + [commandName]).joined(separator: " ") }

    /// Those below it that are for users, without the parser's own.
    var shownSubcommands: [Command] {
      (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
    }
  }

  /// An option, a flag or a value without a name.
  struct Argument: Decodable, Sendable {
    struct Name: Decodable, Sendable {
      var kind: String
      var name: String

      /// As it is typed.
      var typed: String { (kind == "long" ? "--" : "-") + name }
    }

    var kind: String
    var names: [Name]?
    var valueName: String?
    var isOptional: Bool
    var isRepeating: Bool
    var shouldDisplay: Bool
    var sectionTitle: String?
    var defaultValue: String?
    var allValues: [String]?
    var abstract: String?
    var discussion: String?
  }

  let command: Command
  private let serializationVersion: Int

  /// Reads the JSON.
  ///
  /// - Throws: `DecodingError` when it is something else.
  public init(json: [UInt8]) throws {
    self = try JSONDecoder().decode(ProgramDescription.self, from: Data(json))
    guard serializationVersion == 0 else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: "version \(serializationVersion), not 0"))
    }
  }
}
