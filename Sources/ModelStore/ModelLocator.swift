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
  /// - Throws: `ModelStoreError`; `.noModel` says all that was looked for.
  public static func load(explicitFile: FilePath?, store: FilePath?) throws(ModelStoreError)
    -> LoadedModel
  {
    if let explicitFile { return try LoadedModel(file: explicitFile) }
    var lookedFor: [String] = []
    if let store {
      if let model = try ModelStore(directory: store).current() { return model }
      lookedFor.append("\(store.appending("current").string) (no such link)")
    }
    lookedFor.append("a model built into the program (none)")
    throw .noModel(lookedFor: lookedFor)
  }
}
