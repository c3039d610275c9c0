import ArgumentParser
import Files
import ModelExchange
import ModelStore
import Settings
import SystemPackage
import UNets

/// `dermseg model import`
struct ModelImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import", abstract: "Makes a model file of another framework's weights.",
    discussion: """
      Reads a NumPy archive (numpy.savez, also compressed) or a safetensors file. The map, a JSON file, says \
      which network it is, what the tensors are called and how their axes lie; docs/model-format.md describes \
      it. Tensors that are not used are named.

      EXAMPLES
        dermseg model import weights.npz --map map.json --output mine.safetensors
        dermseg evaluate --model mine.safetensors --images I --masks M
        dermseg model promote ./mine.safetensors
      """)

  @Argument(help: "The file of weights, .npz or .safetensors.") var weights: String
  @Option(
    help: "The map of names, layouts and the network.", completion: .file(extensions: ["json"]))
  var map: String
  @Option(help: "The model file to write.", completion: .file(extensions: ["safetensors"]))
  var output: String
  @OptionGroup var quiet: QuietOption

  func run() throws {
    let bar = quiet.bar
    func show(_ done: Int) { bar.show("Importing", done: done, of: 4) }
    defer { bar.clear() }
    show(0)
    do {
      let bytes = try readRegularFile(
        at: FilePath(map), limitBytes: 4 << 20, followingLinks: true
      ).bytes
      let file = try readRegularFile(
        at: FilePath(weights), limitBytes: 2 << 30, followingLinks: true
      ).bytes
      show(1)
      let tensors = try WeightsFile.tensors(parsing: file)
      show(2)
      let imported = try ImportedModel(tensors, map: try NameMap(parsing: bytes))
      let model = imported.model.safetensors()
      show(3)
      try publish(model)
      if !imported.unused.isEmpty {
        Console.error("Not used: \(imported.unused.joined(separator: ", "))")
      }
      Console.print(
        "\(output): \(imported.model.architecture.parameterCount) parameters, SHA-256 \(sha256Hex(model))"
      )
    } catch let error as WeightsError {
      throw CommandFailure(message: "Not imported: \(weights): \(error)", exitCode: .dataError)
    } catch let error as FileError {
      throw CommandFailure(message: "Not imported: \(error)", exitCode: .unavailable)
    }
  }

  private func publish(_ bytes: [UInt8]) throws {
    do {
      try publishFile(bytes, at: FilePath(output))
    } catch {
      throw CommandFailure(message: "Not written: \(error)", exitCode: .cannotCreate)
    }
  }
}

/// `dermseg model export`
struct ModelExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Writes a model as ONNX.",
    discussion: """
      The file holds the normalisation, the network and the softmax. Its input is `image`, Floats from 0 to 255, \
      grey or RGB, of the model's input size; its outputs are `logits` and `probabilities` (of lesion). \
      docs/model-format.md says more.

      EXAMPLES
        dermseg model export --onnx unet.onnx
        dermseg model export unet-3f8a --onnx unet.onnx --layout nhwc
      """)

  @OptionGroup var storeOption: StoreOption
  @Argument(
    help: "A model of the store, a model file, or built-in. Default: what the daemon would use.")
  var model: String?
  @Option(
    help: ArgumentHelp("The ONNX file to write.", valueName: "file"),
    completion: .file(extensions: ["onnx"])) var onnx: String
  @Option(help: "The input's axes: nchw or nhwc.") var layout = "nchw"
  @OptionGroup var quiet: QuietOption

  func validate() throws {
    if ONNXExport.InputLayout(rawValue: layout) == nil {
      throw ValidationError("--layout \(layout): nchw or nhwc.")
    }
  }

  func run() async throws {
    let bar = quiet.bar
    func show(_ done: Int) { bar.show("Exporting", done: done, of: 3) }
    defer { bar.clear() }
    show(0)
    let loaded = try await loadModel(model, store: try await storeOption.store())
    show(1)
    do {
      let bytes = try ONNXExport.bytes(
        of: loaded.model, layout: ONNXExport.InputLayout(rawValue: layout) ?? .nchw, id: loaded.id,
        version: dermsegVersion)
      show(2)
      try publishFile(bytes, at: FilePath(onnx))
    } catch {
      throw CommandFailure(message: "Not exported: \(loaded.id): \(error)", exitCode: .cannotCreate)
    }
    Console.print("\(onnx): \(loaded.id)")
  }
}
