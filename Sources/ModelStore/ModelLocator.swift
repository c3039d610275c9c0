import CDefaultModel
import SystemPackage

/// Finds the model to use.
public enum ModelLocator {
  /// Loads the first that is there of: the file that was named, the store's current model, the model that is
  /// compiled into the program.
  ///
  /// One that is there and cannot be used is an error and not passed over: who named it, or published it,
  /// must not get another model's masks without a word.
  ///
  /// - Parameters:
  ///   - explicitFile: the setting `model` or the option `--model`.
  ///   - store: the model store's directory.
  /// - Throws: `ModelStoreError`; `.noModel` says what was looked for and how to get one.
  public static func load(explicitFile: FilePath?, store: FilePath?) throws(ModelStoreError)
    -> LoadedModel
  {
    if let explicitFile { return try LoadedModel(file: explicitFile) }
    if let store, let model = try ModelStore(directory: store).current() { return model }
    return try LoadedModel.builtIn()
  }
}

extension LoadedModel {
  /// The default model, which is compiled into the programs.
  ///
  /// - Throws: `ModelStoreError.unsound` when the program was built with a damaged model.
  public static func builtIn() throws(ModelStoreError) -> LoadedModel {
    var count = 0
    let first = unsafe cdefaultmodel_bytes(&count)
    let bytes = unsafe Array(UnsafeBufferPointer(start: first, count: count))
    return try LoadedModel(parsing: bytes, name: "default", origin: "built in")
  }
}
