import ArgumentParser
import SettingOptions
import Testing

@Suite struct GivenSettingsTests {
  struct Command: ParsableArguments {
    @Option var config: String?
    @Option(help: help("testFolder")) var testFolder: String?
    @OptionGroup var masks: MaskOptions
    @Flag var recursive = false
  }

  @Test func allThatAreSettingsArePassedOn() throws {
    let command = try Command.parse([
      "--config", "a.yaml", "--test-folder", "/in", "--threshold", "0.4", "--components", "all",
      "--fill-holes", "false", "--smallest-speck", "0.1", "--edges", "plain",
      "--hair-removal", "true", "--accuracy", "high",
      "--recursive",
    ])
    #expect(
      command.givenSettings == [
        "test-folder": "/in", "threshold": "0.4", "components": "all", "fill-holes": "false",
        "smallest-speck": "0.1", "edges": "plain", "hair-removal": "true", "accuracy": "high",
      ])
  }

  @Test func whatIsNotGivenIsNotPassedOn() throws {
    #expect(try Command.parse([]).givenSettings.isEmpty)
  }
}
