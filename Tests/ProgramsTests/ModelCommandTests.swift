import Files
import FoundationEssentials
import TestScaffold
import Testing
import UNets

/// `dermseg model` as its users run it.
@Suite struct ModelCommandTests {
  private let folder: ScratchDirectory

  init() throws { folder = try ScratchDirectory() }

  private func model(_ arguments: [String]) throws -> ProgramRun {
    try ProgramRun("dermseg", ["model"] + arguments + ["--model-store", "models"], in: folder)
  }

  private func bytes(_ seed: UInt64) throws -> [UInt8] {
    try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 2, depth: 1), inputSize: 8,
      seed: seed
    ).safetensors()
  }

  /// Puts a model where `publish` would; the newest is the last one.
  private func store(_ seed: UInt64) throws -> String {
    let bytes = try bytes(seed)
    let id = "m-" + sha256Hex(bytes).prefix(12)
    try folder.write(bytes, to: "models/\(id)/model.safetensors")
    try folder.write("\(sha256Hex(bytes))  model.safetensors\n", to: "models/\(id)/model.sha256")
    folder.shell("touch -d @\(seed * 1000) 'models/\(id)/model.safetensors'")
    return id
  }

  /// As an administrator whose umask is strict: the service's user reads the store all the same.
  @Test func whatIsPromotedCanBeReadByTheService() throws {
    try folder.write(try bytes(3), to: "mine.safetensors")
    let run = try ProgramRun(
      "dermseg", ["model", "promote", "./mine.safetensors", "--model-store", "models"], in: folder,
      prefix: "umask 077;")
    #expect(run.exitCode == 0, "\(run.errors)")
    #expect(folder.shell("test -z \"$(find models -mindepth 1 ! -type l ! -perm -o+r)\"") == 0)
  }

  @Test func theStoreIsListedAndChanged() throws {
    #expect(try model(["list"]).output == "* built-in  the model in the programs\n")
    let (first, second) = (try store(1), try store(2))
    let promoted = try model(["promote", String(first.suffix(12).prefix(6))])
    #expect(promoted.output == "\(first) is in service now, instead of built-in.\n")
    #expect(try model(["promote", first]).output == "\(first) is in service already.\n")
    #expect(try model(["promote", second]).exitCode == 0)
    let lines = try model(["list"]).output.split(separator: "\n")
    #expect(lines.count == 2)
    #expect(lines[0].hasPrefix("* \(second)  1970-01-01T00:33:20Z  0.0 MB"))
    #expect(lines[1].hasPrefix("- \(first)  1970-01-01T00:16:40Z"))
    #expect(try model(["rollback"]).output == "\(first) is in service now.\n")
    struct Line: Decodable {
      var id: String
      var isCurrent: Bool
      var sizeBytes: Int
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let json = try decoder.decode(
      [Line].self, from: Data(Array(try model(["list", "--json"]).output.utf8)))
    #expect(json.map(\.id) == [second, first] && json.map(\.isCurrent) == [false, true])
    #expect(json.allSatisfy { $0.sizeBytes > 100 })
    #expect(try model(["prune", "--keep", "0", "--dry-run"]).output == "Would remove \(second)\n")
    #expect(try model(["prune", "--keep", "0"]).output == "Removed \(second)\n")
    #expect(try model(["prune", "--keep", "0"]).output == "Nothing to remove.\n")
    #expect(try model(["promote", "built-in"]).exitCode == 0)
    #expect(folder.shell("test ! -e models/current") == 0)
  }

  @Test func aFileIsPutIntoTheStore() throws {
    try folder.write(try bytes(4), to: "mine.safetensors")
    let id = "mine-" + sha256Hex(try bytes(4)).prefix(12)
    #expect(
      try model(["promote", "mine.safetensors"]).output
        == "\(id) is in service now, instead of built-in.\n")
    #expect(try folder.read("models/current/model.safetensors") == (try bytes(4)))
    #expect(
      try model(["promote", "./mine.safetensors"]).output == "\(id) is in service already.\n")
    #expect(try model(["promote", "./none.safetensors"]).exitCode == 78)
    try folder.write("text", to: "bad.safetensors")
    #expect(try model(["promote", "bad.safetensors"]).errors.hasPrefix("Not promoted: bad: "))
    #expect(try model(["rollback"]).output.hasSuffix("systemctl reload dermsegd\n"))
  }

  @Test func damageIsFound() throws {
    let (first, second) = (try store(1), try store(2))
    #expect(try model(["promote", second]).exitCode == 0)
    let sound = try model(["verify"])
    #expect(sound.exitCode == 0 && sound.output.contains("\(first): sound, SHA-256 "))
    #expect(sound.output.hasSuffix("current: \(second)\n"))
    folder.shell("echo x >> 'models/\(first)/model.safetensors'")
    let damaged = try model(["verify"])
    #expect(damaged.exitCode == 1)
    #expect(
      damaged.errors.contains("\(first): not usable: ") && damaged.errors.contains("checksum"))
    #expect(try model(["verify", second]).exitCode == 0)
    let refused = try model(["promote", first])
    #expect(refused.exitCode == 78 && refused.errors.hasPrefix("Not promoted: "))
    folder.shell("rm -r 'models/\(second)'; ln -sfn gone models/current")
    #expect(try model(["verify"]).errors.contains("current: not usable: "))
  }

  @Test func errorsHaveTheirExitCodes() throws {
    #expect(try model(["rollback"]).exitCode == 69)
    #expect(
      try model(["promote", "x"]).errors.contains("the store has no such model. It is empty."))
    let id = try store(1)
    let unknown = try model(["promote", "x"])
    #expect(unknown.exitCode == 69 && unknown.errors.contains("It has \(id)."))
    #expect(try model(["rollback"]).errors.contains("no model is known that was in service before"))
    #expect(try model(["prune", "--keep", "-1"]).exitCode == 2)
    #expect(try model(["prune"]).exitCode == 2)
    let lock = try DirectoryLock(DirectoryHandle(opening: folder.path.appending("models")))
    let busy = try model(["promote", id])
    #expect(busy.exitCode == 75 && busy.errors.contains("is changing the store"))
    withExtendedLifetime(lock) {}
  }

  @Test func showHasTheLayersAndTheCount() throws {
    let paper = try model(["show", "--preset", "paper"]).output
    #expect(paper.contains("\ninput       512x512x1\n"))
    #expect(
      paper.contains(
        "\nenc4.conv1   convolution 3x3, ReLU                 32x32x1024    9,438,208\n"))
    #expect(paper.hasSuffix("31,030,658\n"))
    for (width, count) in [("32", "7,759,554"), ("16", "1,940,834")] {
      let shown = try model([
        "show", "--preset", "paper", "--width", width, "--upsampling", "nearest",
      ])
      #expect(shown.output.hasSuffix("\(count)\n"))
    }
    try folder.write(try bytes(3), to: "mine.safetensors")
    let id = try store(1)
    #expect(try model(["show", "mine.safetensors"]).output.hasPrefix("model       mine-"))
    #expect(try model(["show", id]).output.hasPrefix("model       \(id)\n"))
    #expect(try model(["show"]).output.hasPrefix("model       default-"))
    struct Shown: Decodable {
      struct Layer: Decodable { var parameters: Int }
      var parameterCount: Int
      var layers: [Layer]
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    for name in [id, "built-in"] {
      let shown = try decoder.decode(
        Shown.self, from: Data(Array(try model(["show", name, "--json"]).output.utf8)))
      #expect(shown.layers.reduce(0) { $0 + $1.parameters } == shown.parameterCount)
    }
    #expect(try model(["show", "none"]).exitCode == 78)
    #expect(try model(["show", "--preset", "none"]).exitCode == 2)
    #expect(try model(["show", "--preset", "paper", "--size", "100"]).exitCode == 2)
    #expect(try model(["show", "--width", "8"]).exitCode == 2)
  }

  @Test func weightsComeInAndOnnxGoesOut() throws {
    // Our own file is in our own layouts.
    try folder.write(try bytes(5), to: "w.safetensors")
    let map = """
      {"architecture": {"width": 2, "depth": 1}, "input": {"size": 8},
       "layouts": {"conv2d": "HWIO", "convTranspose2d": "HWIO"}}
      """
    try folder.write(map, to: "map.json")
    func imported(_ weights: String, _ output: String = "m.safetensors") throws -> ProgramRun {
      try ProgramRun(
        "dermseg", ["model", "import", weights, "--map", "map.json", "--output", output],
        in: folder)
    }
    let run = try imported("w.safetensors")
    #expect(run.exitCode == 0 && run.output.hasPrefix("m.safetensors: "))
    #expect(
      try UNetModel(safetensors: try folder.read("m.safetensors")).parameters
        == UNetModel(safetensors: try bytes(5)).parameters)
    let exported = try model(["export", "m.safetensors", "--onnx", "m.onnx"])
    #expect(exported.exitCode == 0 && exported.output.hasPrefix("m.onnx: m-"))
    #expect(try folder.read("m.onnx").count > 1000)

    #expect(try imported("map.json").exitCode == 65)
    #expect(try imported("none.npz").exitCode == 69)
    #expect(try imported("w.safetensors", "none/m.safetensors").exitCode == 73)
    try folder.write(map.replacing("\"width\": 2", with: "\"width\": 3"), to: "map.json")
    let wrong = try imported("w.safetensors")
    #expect(
      wrong.exitCode == 65 && wrong.errors.hasPrefix("Not imported: w.safetensors: enc0.conv0"))
    #expect(try model(["export", "--onnx", "m.onnx", "--layout", "chw"]).exitCode == 2)
    #expect(try model(["export", "--onnx", "none/m.onnx"]).exitCode == 73)
  }
}
