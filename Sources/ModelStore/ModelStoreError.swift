/// Why a model was not loaded or not published.
public enum ModelStoreError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file that was named is not there.
  case noModel(lookedFor: String)
  /// A model's file cannot be read.
  case unreadable(path: String, reason: String)
  /// A model's file was read and is not a sound model.
  case unsound(path: String, reason: String)
  /// The bytes in the file are not those that were published.
  case checksumDiffers(path: String, expected: String, found: String)
  /// `current` does not name a model of the store.
  case badCurrent(path: String, reason: String)
  /// The store could not be written.
  case notPublished(model: String, reason: String)
  /// There is no directory where the store should be.
  case noStore(path: String)
  /// The store has no model of this name.
  case unknownModel(String, known: [String])
  /// Several models' names begin like this.
  case ambiguousModel(String, fitting: [String])
  /// No model is known that was in service before.
  case noEarlierModel(store: String, current: String)
  /// Another process is changing the store.
  case locked(path: String, holder: Int32?)
  /// The store, or which model is in service, could not be changed.
  case notChanged(reason: String)

  /// One line for the user, to be put behind what was not done.
  public var description: String {
    switch self {
    case .noModel(let path):
      return
        "no model found: looked for \(path), which the setting `model` or --model names. Train one "
        + "(dermseg train --help) and name it there, or leave the setting out: then the model store's "
        + "current model is used, and the default model that comes with dermseg if there is none."
    case .unreadable(let path, let reason):
      return "\(path): \(reason)"
    case .unsound(let path, let reason):
      return "\(path): \(reason). Copy it again, restore it from a backup, or train anew."
    case .checksumDiffers(let path, let expected, let found):
      return
        "\(path): checksum differs: \(found.prefix(12)) instead of \(expected.prefix(12)). "
        + "Restore the file from a backup, or remove the link `current` beside its folder."
    case .badCurrent(let path, let reason):
      return "\(path): \(reason) Make it a link to the folder of a model beside it, or remove it."
    case .notPublished(let model, let reason):
      return "\(model): \(reason)"
    case .noStore(let path):
      return
        "\(path): there is no model store. The trainer makes one; name another with --model-store."
    case .unknownModel(let text, let known):
      let list = known.isEmpty ? "It is empty." : "It has \(known.joined(separator: ", "))."
      return "\(text): the store has no such model. \(list)"
    case .ambiguousModel(let text, let fitting):
      return
        "\(text): \(fitting.count) models fit: \(fitting.joined(separator: ", ")). Give more of the name."
    case .noEarlierModel(let store, let current):
      return
        "\(store): no model is known that was in service before \(current) and is still there. Choose one "
        + "with `dermseg model list` and `dermseg model promote`."
    case .locked(let path, let holder):
      let who = holder.map { "process \($0)" } ?? "another process"
      return "\(path): \(who) is changing the store. Try again in a moment."
    case .notChanged(let reason):
      return reason
    }
  }
}
