import Kernels
import ModelStore
import Segmentation
import SystemPackage

/// Loads the model named by `--model`, or else the one built into the program.
func loadModel(_ file: String?) throws -> LoadedModel {
  do {
    return try ModelLocator.load(explicitFile: file.map { FilePath($0) }, store: nil)
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
