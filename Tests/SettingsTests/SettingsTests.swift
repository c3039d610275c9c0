import Glibc
import Settings
import SystemPackage
import Testing

@Suite struct SettingsTests {
  /// Loads settings from a file with `text`.
  private func load(
    _ text: String, options: [String: String] = [:], environment: [String: String] = [:]
  ) async throws -> Settings {
    let path = temporaryFile(text)
    defer { unsafe unlink(path) }
    return try await Settings.load(
      configFile: FilePath(path), options: options, environment: environment)
  }

  /// The message that loading a file with `text` ends in, with the file's name as FILE.
  private func message(
    _ text: String, options: [String: String] = [:], environment: [String: String] = [:]
  ) async -> String {
    let path = temporaryFile(text)
    defer { unsafe unlink(path) }
    do {
      _ = try await Settings.load(
        configFile: FilePath(path), options: options, environment: environment)
      return "no error"
    } catch {
      return error.description.replacing(path, with: "FILE")
    }
  }

  private func temporaryFile(_ text: String) -> String {
    var template = Array("/tmp/dermseg-settings.XXXXXX".utf8CString)
    let descriptor = unsafe mkstemp(&template)
    let bytes = Array(text.utf8)
    #expect(unsafe write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
    return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  @Test func defaultsAreThoseOfTheDesign() async throws {
    let settings = try await load("")
    #expect(settings.testFolder == "/srv/dermseg/test")
    #expect(settings.resultsFolder == "/srv/dermseg/Results")
    #expect(settings.trainingFolder == "/srv/dermseg/training")
    #expect(settings.modelStore == "/var/lib/dermseg/models")
    #expect(settings.model == nil)
    #expect(settings.threads == nil)
    #expect(settings.settle == .seconds(1))
    #expect(settings.rescanInterval == .seconds(60))
    #expect(settings.failedNotes)
    #expect(settings.logFormat == .auto)
    #expect(settings.logLevel == .info)
    #expect(settings.training.preset == .standard)
    #expect(settings.training.width == nil)
    #expect(settings.training.minimumPairs == 10)
  }

  @Test func anOptionBeatsTheEnvironmentBeatsTheFileBeatsTheDefault() async throws {
    let text =
      "testFolder: /file/test\nresultsFolder: /file/Results\nmodelStore: \"/file/models\"\n"
    let settings = try await load(
      text, options: ["test-folder": "/option/test"],
      environment: [
        "DERMSEG_TEST_FOLDER": "/environment/test",
        "DERMSEG_RESULTS_FOLDER": "/environment/Results",
      ])
    #expect(settings.testFolder == "/option/test")
    #expect(settings.resultsFolder == "/environment/Results")
    #expect(settings.modelStore == "/file/models")
    #expect(settings.trainingFolder == "/srv/dermseg/training")
  }

  @Test func everyKeyCanBeGivenInEveryWay() async throws {
    let samples = [
      "threads": "3", "threshold": "0.25", "components": "all", "fillHoles": "false",
      "smallestSpeck": "1.5", "edges": "guided", "hairRemoval": "true",
      "accuracy": "high", "settle": "2s",
      "settleMax": "2min",
      "rescanInterval": "1h",
      "recursive": "true", "pollInterval": "250ms", "failedNotes": "false", "logFormat": "json",
      "logLevel": "debug", "overlays": "false", "reports": "false", "resultsTable": "false",
      "probabilities": "true", "scale": "50px/mm",
      "trainingPreset": "paper", "trainingWidth": "8", "trainingSize": "64",
      "trainingChannels": "3", "trainingEpochs": "7", "trainingBatchSize": "5",
      "trainingLeastSteps": "9",
      "trainingSeed": "18446744073709551615", "trainingMinimumPairs": "4",
      "trainingModelsKept": "3",
    ]
    for key in SettingKey.all {
      let sample = samples[key.name] ?? "/other"
      let plain = try await load("")
      let fromFile = try await load("\(key.name): \(sample)\n")
      let fromEnvironment = try await load("", environment: [key.environmentVariable: sample])
      let fromOption = try await load(
        "", options: [String(key.option.dropFirst(2)): sample])
      #expect(fromFile != plain, "\(key.name)")
      #expect(fromEnvironment == fromFile, "\(key.environmentVariable)")
      #expect(fromOption == fromFile, "\(key.option)")
    }
  }

  @Test func aScaleIsALengthOrARulersSpacing() {
    #expect(parseScale("0.02mm") == 0.02)
    #expect(parseScale("0.02 mm/px") == 0.02)
    #expect(parseScale("50px/mm") == 0.02)
    for text in ["", "50", "0mm", "-1mm", "nanmm", "infpx/mm", "1e9mm", "0.02 cm", "px/mm"] {
      #expect(parseScale(text) == nil, "\(text)")
    }
  }

  @Test func namesFollowOneRule() throws {
    let key = try #require(SettingKey.all.first { $0.name == "trainingBatchSize" })
    #expect(key.option == "--training-batch-size")
    #expect(key.environmentVariable == "DERMSEG_TRAINING_BATCH_SIZE")
  }

  @Test func anUnknownKeyIsAnErrorWithASuggestion() async {
    #expect(
      await message("# comment\n\ntest_folder: /a\n")
        == "FILE line 3: there is no key \"test_folder\". Did you mean \"testFolder\"?")
    #expect(
      await message("resultFolder: /a")
        == "FILE line 1: there is no key \"resultFolder\". Did you mean \"resultsFolder\"?")
    #expect(
      await message("colour: blue").hasPrefix(
        "FILE line 1: there is no key \"colour\". The keys are testFolder, "))
    #expect(
      await message("", options: ["test-dir": "/a"]).hasPrefix(
        "option --test-dir: there is no key \"test-dir\"."))
  }

  @Test(arguments: [
    ("threads: none", "FILE line 1: threads is \"none\", but must be a number from 1 to 1024, "),
    ("\nthreads: 0", "FILE line 2: threads is \"0\", but must be"),
    ("settle: soon", "FILE line 1: settle is \"soon\", but must be a time from 0.05s to 24h"),
    ("settle: 0s", "FILE line 1: settle is \"0s\""),
    ("settle: 25h", "FILE line 1: settle is \"25h\""),
    ("failedNotes: yes", "FILE line 1: failedNotes is \"yes\", but must be true or false."),
    ("logLevel: loud", "FILE line 1: logLevel is \"loud\", but must be debug, info, notice"),
    ("trainingChannels: 2", "FILE line 1: trainingChannels is \"2\", but must be 1 or 3."),
    ("testFolder: [a, b]", "FILE line 1: testFolder is \"a list\", but must be a folder."),
  ])
  func aValueThatIsNotAllowedIsNamedWithWhatIs(_ text: String, _ beginning: String) async {
    let message = await message(text)
    #expect(message.hasPrefix(beginning), "\(message)")
  }

  @Test func valuesFromOptionsAndEnvironmentNameTheirPlace() async {
    #expect(
      await message("", options: ["threads": "-1"]).hasPrefix(
        "option --threads: threads is \"-1\", but"))
    #expect(
      await message("", environment: ["DERMSEG_SETTLE": "x"]).hasPrefix(
        "environment variable DERMSEG_SETTLE: settle is \"x\", but"))
  }

  @Test(arguments: [
    ("testFolder", "FILE line 1: there is no \":\" in it. Write one"),
    ("a:\n  b: c", "FILE line 1: there is no key \"a\""),
    ("testFolder: /a\n  threads: 1", "FILE line 2: it is indented or in braces."),
    ("{testFolder: /a}", "FILE line 1: it is indented or in braces."),
    ("threads: 1\n\nthreads: 2", "FILE line 3: it gives threads a second time, after line 1."),
    ("threads: 1\ntestFolder: \"/a", "FILE line 2: the value of testFolder is no YAML."),
    ("threads: 1\ntestFolder: @a", "FILE line 2: the value of testFolder is no YAML."),
  ])
  func aFileThatIsNotOneKeyPerLineIsRefused(_ text: String, _ beginning: String) async {
    let message = await message(text)
    #expect(message.hasPrefix(beginning), "\(message)")
    #expect(message != "no error")
  }

  @Test func commentsQuotesAndEmptyValuesAreUnderstood() async throws {
    let settings = try await load(
      "---\r\n# a comment\r\ntestFolder: '/a b'   # why\r\nmodel:\r\n\"threads\": 2\r\n")
    #expect(settings.testFolder == "/a b")
    #expect(settings.model == nil)
    #expect(settings.threads == 2)
  }

  @Test func aFileOfCommentsIsAllDefaults() async throws {
    let settings = try await load("# nothing\n#testFolder: /a\n")
    #expect(settings.testFolder == "/srv/dermseg/test")
  }

  @Test func aCheckFindsEveryErrorAtOnce() async throws {
    let path = temporaryFile(
      "threads: none\ncolour: blue\nsettle: 2s\n  model: a\nfailedNotes: yes\ntestFolder: \"x\nsettle: 1s\n"
    )
    defer { unsafe unlink(path) }
    let (given, errors) = await Settings.check(FilePath(path))
    let messages = errors.map { $0.description.replacing(path, with: "FILE") }
    #expect(
      messages.map { String($0.prefix(12)) } == [1, 2, 4, 5, 6, 7].map { "FILE line \($0):" })
    #expect(given.map(\.name) == ["settle"] && given.map(\.value) == ["2s"])
  }

  @Test func aCheckPrintsWhatAFileGives() async throws {
    let path = temporaryFile("# a\nthreads: 2\nmodel:\ntestFolder: '/a b'\n")
    defer { unsafe unlink(path) }
    let (given, errors) = await Settings.check(FilePath(path))
    #expect(errors.isEmpty)
    #expect(given.map(\.name) == ["threads", "model", "testFolder"])
    #expect(given.map(\.value) == ["2", "", "/a b"])
    let missing = await Settings.check("/nonexistent/d.yaml")
    #expect(missing.errors.count == 1 && missing.given.isEmpty)
  }

  @Test(
    arguments: [
      ("DERMSEG_TESTFOLDER", "DERMSEG_TEST_FOLDER"),
      ("DERMSEG_RESULT_FOLDER", "DERMSEG_RESULTS_FOLDER"),
      ("DERMSEG_TEST_FOLDER", nil), ("DERMSEG_INSTRUCTIONS", nil), ("TEST_FOLDER", nil),
    ] as [(String, String?)])
  func aVariableThatMeansNothingIsToldWithTheOneMeant(_ name: String, _ meant: String?) {
    #expect(SettingKey.suggestion(forVariable: name) == meant)
  }

  @Test func anExplicitFileMustExist() async {
    let error = await #expect(throws: SettingsError.self) {
      try await Settings.load(configFile: "/nonexistent/d.yaml", options: [:], environment: [:])
    }
    #expect(
      error?.description.hasPrefix(
        "the configuration cannot be read: /nonexistent/d.yaml: cannot open it: No such file")
        == true)
  }

  @Test(arguments: [
    ("500ms", 500), ("1.5s", 1500), ("2", 2000), ("1 h", 3_600_000), ("2min", 120_000),
    ("0.05s", 50), ("24h", 86_400_000),
  ])
  func timesHaveUnits(_ text: String, _ milliseconds: Int) async throws {
    #expect(try await load("settle: \(text)").settle == .milliseconds(milliseconds))
  }
}
