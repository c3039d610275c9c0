import ManualPages
import Settings
import Testing

@Suite struct ManualPageTests {
  private static let json = #"""
    {"serializationVersion": 0, "command": {
      "commandName": "tool", "abstract": "Does a thing.", "discussion": "Of `one` kind,\nand more.\n\nEXAMPLES\n  tool a-b\n    deeper\n\nEXIT CODES\n  0 done,\n  1 not.",
      "arguments": [
        {"kind": "option", "names": [{"kind": "short", "name": "n"}, {"kind": "long", "name": "count"}],
         "valueName": "k", "isOptional": true, "isRepeating": false, "shouldDisplay": true,
         "abstract": "How many.", "defaultValue": "10"},
        {"kind": "flag", "names": [{"kind": "long", "name": "hidden"}], "isOptional": true,
         "isRepeating": false, "shouldDisplay": false},
        {"kind": "flag", "names": [{"kind": "long", "name": "help"}], "isOptional": true,
         "isRepeating": false, "shouldDisplay": true},
        {"kind": "positional", "valueName": "file", "isOptional": false, "isRepeating": true,
         "shouldDisplay": true, "abstract": "Files."}
      ]}}
    """#

  private func page(_ json: String) throws -> String {
    ManualPage(
      of: try ProgramDescription(json: Array(json.utf8)), section: 1, version: "dermseg 1.2.3",
      date: "2026-11-25", files: [("/etc/x", "It.")], seeAlso: ["dermsegd(8)"]
    ).text
  }

  @Test func aPageHasAllThatTheProgramSays() throws {
    let text = try page(Self.json)
    #expect(text.hasPrefix(".TH TOOL 1 2026-11-25 \"dermseg 1.2.3\" dermseg\n"))
    #expect(text.contains("\ntool \\- Does a thing\n"))
    #expect(text.contains("\n\\fBtool\\fR [\\fB\\-\\-count\\fR \\fIk\\fR] \\fIfile\\fR...\n"))
    #expect(text.contains("\nOf \\fBone\\fR kind, and more.\n"))
    #expect(
      text.contains(
        "\n\\fB\\-n\\fR, \\fB\\-\\-count\\fR \\fIk\\fR\nHow many. Default: \\fB10\\fR.\n"))
    #expect(text.contains(".SH \"EXAMPLES\"\n.RS \"4\"\n.nf\ntool a\\-b\n  deeper\n.fi\n.RE\n"))
    #expect(text.contains(".SH \"EXIT STATUS\"\n0 done, 1 not.\n"))
    #expect(text.contains("\\fBdermsegd\\fR(8)\n"))
    #expect(!text.contains("hidden") && !text.contains("\\-\\-help"))
  }

  @Test func everyCommandBelowHasItsPart() throws {
    let text = try page(
      #"""
      {"serializationVersion": 0, "command": {"commandName": "tool", "abstract": "Does.",
        "subcommands": [
          {"commandName": "model", "superCommands": ["tool"], "abstract": "Models.", "subcommands": [
            {"commandName": "list", "superCommands": ["tool", "model"], "abstract": "Lists."}]},
          {"commandName": "help", "superCommands": ["tool"]},
          {"commandName": "secret", "superCommands": ["tool"], "shouldDisplay": false}]}}
      """#)
    #expect(text.contains(".SS \"tool model\"\nModels.\n"))
    #expect(text.contains(".SS \"tool model list\"\n\\fBtool model list\\fR\n.PP\nLists.\n"))
    #expect(!text.contains("secret") && !text.contains("tool help"))
  }

  @Test func whatTheFormatterWouldMisreadIsEscaped() throws {
    let text = try page(
      #"""
      {"serializationVersion": 0, "command": {"commandName": "t", "abstract": ".it's a\\b ~^ ü."}}
      """#)
    #expect(text.contains("\n\\&.it\\(aqs a\\eb \\(ti\\(ha \\[u00FC].\n"))
  }

  @Test func somethingElseIsRefused() {
    #expect(throws: (any Error).self) { try ProgramDescription(json: Array("{}".utf8)) }
    #expect(throws: (any Error).self) {
      try ProgramDescription(
        json: Array(#"{"serializationVersion": 1, "command": {"commandName": "t"}}"#.utf8))
    }
  }

  @Test func thePageOfTheConfigurationHasEveryKey() {
    let text = SettingsPage(version: "dermseg 1.2.3", date: "2026-11-25").text
    for key in SettingKey.all {
      #expect(text.contains("\n\\fB\(key.name):\\fR "))
      #expect(text.contains(key.environmentVariable))
    }
  }
}
