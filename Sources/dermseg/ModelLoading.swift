import Files
import Glibc
import ModelStore
import Segmentation
import Settings
import SystemPackage

/// Loads the model named by `--model`, or else what the daemon would use: the setting `model`, the store's
/// current one, the one built into the program.
///
/// - Parameters:
///   - name: a model of the store, a model file, or `built-in`; nil for what the daemon would use.
///   - given: the store named on the command line; nil for the settings'.
func loadModel(_ name: String?, store given: ModelStore? = nil) async throws -> LoadedModel {
  do {
    if name == ModelStore.builtInID { return try LoadedModel.builtIn() }
    let settings = try await Settings.load(
      configFile: nil, options: [:], environment: processEnvironment())
    let store = given ?? ModelStore(directory: settings.modelStore)
    guard let name else {
      // Who names a store wants its model, whatever the settings say.
      let file = given == nil || given?.directory == settings.modelStore ? settings.model : nil
      return try ModelLocator.load(explicitFile: file, store: store.directory)
    }
    if !name.contains("/"), try fileStatus(at: FilePath(name)) == nil,
      let id = try? store.id(for: name)
    {
      return try store.model(id)
    }
    return try ModelLocator.load(explicitFile: FilePath(name), store: nil)
  } catch {
    throw CommandFailure(message: "Model not loaded: \(error)", exitCode: .badConfiguration)
  }
}

/// Makes the segmenter of a model.
func makeSegmenter(_ model: LoadedModel, threads: Int?) throws -> Segmenter {
  do {
    return try Segmenter(model: model.model, threadCount: threads)
  } catch {
    throw CommandFailure(
      message: "Model not usable: \(model.origin): \(error)", exitCode: .badConfiguration)
  }
}
