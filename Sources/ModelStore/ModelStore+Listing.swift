import Files
import SystemPackage

/// A model of a store, as far as can be told without reading it.
public struct StoredModel: Sendable, Equatable {
  /// The folder's name.
  public var id: String
  /// Size of the model's file; nil if it is missing.
  public var sizeBytes: Int?
  /// When the model's file was written; nil if it is missing.
  public var written: FileTime?
  /// Whether it is the model in service.
  public var isCurrent: Bool
}

extension ModelStore {
  /// The models of the store, newest first; empty if there is no store.
  ///
  /// - Throws: `ModelStoreError.unreadable`, `.badCurrent`.
  public func list() throws(ModelStoreError) -> [StoredModel] {
    guard let store = try open() else { return [] }
    let current = try currentFolder(in: store)
    var models: [StoredModel] = []
    do throws(FileError) {
      for name in try store.names() where Self.isModelID(name.description) {
        guard try store.status(of: name)?.kind == .directory else { continue }
        let file = try store.openDirectory(name).status(of: Self.modelName)
        models.append(
          StoredModel(
            id: name.description, sizeBytes: file?.identity.sizeBytes,
            written: file?.identity.modified, isCurrent: name == current))
      }
    } catch {
      throw .unreadable(path: error.path.displayed, reason: error.reason)
    }
    let never = FileTime(seconds: Int.min, nanoseconds: 0)
    return models.sorted { ($0.written ?? never, $0.id) > ($1.written ?? never, $1.id) }
  }

  /// Whether a name is one that models have: something, a minus, 12 hexadecimal digits. Whatever else lies
  /// in the store is nobody's business here.
  static func isModelID(_ name: String) -> Bool {
    let digits = name.suffix(12)
    return digits.count == 12 && digits.allSatisfy { $0.isHexDigit && !$0.isUppercase }
      && name.dropLast(12).last == "-" && name.count > 13 && name.first != "."
  }

  /// The one model whose id is `text` or begins with it, or has the checksum that begins with it.
  ///
  /// - Throws: `ModelStoreError.unknownModel`, `.ambiguousModel`.
  public func id(for text: String) throws(ModelStoreError) -> String {
    let ids = try list().map(\.id)
    if ids.contains(text) { return text }
    let found =
      text.isEmpty
      ? [] : ids.filter { $0.hasPrefix(text) || $0.suffix(12).hasPrefix(text) }
    guard let first = found.first else { throw .unknownModel(text, known: ids) }
    guard found.count == 1 else { throw .ambiguousModel(text, fitting: found) }
    return first
  }

  /// What is kept beside a model under a name such as `metrics.json`; nil if there is no such file.
  ///
  /// - Throws: `ModelStoreError.unreadable`.
  public func note(_ name: String, of id: String) throws(ModelStoreError) -> [UInt8]? {
    guard let folder = FileName(id), let file = FileName(name), let store = try open() else {
      return nil
    }
    do throws(FileError) {
      let handle = try store.openDirectory(folder)
      guard try handle.status(of: file) != nil else { return nil }
      return try handle.readRegularFile(file, limitBytes: 64 << 20).bytes
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .unreadable(path: error.path.displayed, reason: error.reason)
    }
  }

  /// Removes old models: all but the newest ones, the one in service and the one that `rollback` would
  /// choose.
  ///
  /// - Parameters:
  ///   - count: how many of the newest to keep.
  ///   - noteName: only models that have a note of this name are counted and removed; nil for all.
  ///   - isRehearsal: whether to remove nothing and only say what would be removed.
  /// - Returns: the ids of what was removed.
  /// - Throws: `ModelStoreError.notChanged`.
  @discardableResult
  public func prune(
    keeping count: Int, having noteName: String? = nil, isRehearsal: Bool = false
  ) throws(ModelStoreError) -> [String] {
    try changing { store throws(ModelStoreError) in
      let models = try list()
      let current = models.first(where: \.isCurrent)?.id
      let ids = Set(models.map(\.id))
      let earlier = try earlierModels().last { $0 != current && ids.contains($0) }
      var eligible: [String] = []
      for model in models {
        guard let noteName else {
          eligible.append(model.id)
          continue
        }
        if try note(noteName, of: model.id) != nil { eligible.append(model.id) }
      }
      let removed = eligible.dropFirst(max(0, count)).filter { $0 != current && $0 != earlier }
      guard !isRehearsal else { return removed }
      for id in removed {
        do throws(FileError) {
          try store.removeDirectory(Self.fixedName(id))
        } catch {
          throw .notChanged(reason: error.description)
        }
      }
      return removed
    }
  }
}
