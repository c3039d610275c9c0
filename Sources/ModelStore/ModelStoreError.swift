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
      return "\(path): \(reason) Train it again, or restore the file from a backup."
    case .checksumDiffers(let path, let expected, let found):
      return
        "\(path): checksum differs: \(found.prefix(12)) instead of \(expected.prefix(12)). "
        + "Restore the file from a backup, or remove the link `current` beside its folder."
    case .badCurrent(let path, let reason):
      return "\(path): \(reason) Make it a link to the folder of a model beside it, or remove it."
    case .notPublished(let model, let reason):
      return "\(model): \(reason)"
    }
  }
}
