import Glibc
import ModelStore
import Segmentation
import Settings
import SystemPackage

/// Loads the model named by `--model`, or else what the daemon would use: the setting `model`, the store's
/// current one, the one built into the program.
func loadModel(_ file: String?) async throws -> LoadedModel {
  do {
    if let file { return try ModelLocator.load(explicitFile: FilePath(file), store: nil) }
    let settings = try await Settings.load(
      configFile: nil, options: [:], environment: processEnvironment())
    return try ModelLocator.load(explicitFile: settings.model, store: settings.modelStore)
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
