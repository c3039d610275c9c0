import Files
import SystemPackage
import UNets

/// A directory of models, of which `current` names the one in service.
///
/// Each model has a folder of its own, `<id>/model.safetensors`, with its checksum in `<id>/model.sha256` in
/// the form that `sha256sum -c` reads, and beside them whatever was told about its making. A folder appears
/// whole, by one rename. `current` is a symbolic link to such a folder and is switched by one rename, when
/// everything it leads to is on disk. Published models are never changed.
public struct ModelStore: Sendable {
  /// The store's directory, for example `/var/lib/dermseg/models`.
  public let directory: FilePath

  /// Names the store; nothing is read or made yet.
  public init(directory: FilePath) {
    self.directory = directory
  }

  static let currentName = fixedName("current")
  static let modelName = fixedName("model.safetensors")
  static let checksumName = fixedName("model.sha256")

  /// The id of the model in service, without reading it; nil if there is no store or no `current`.
  ///
  /// - Throws: `ModelStoreError.unreadable`, `.badCurrent`.
  public func currentID() throws(ModelStoreError) -> String? {
    guard let store = try open() else { return nil }
    return try currentFolder(in: store)?.description
  }

  /// The model in service, verified against its checksum; nil if there is no store or no `current`.
  ///
  /// - Throws: `ModelStoreError` when there is one that cannot be used.
  public func current() throws(ModelStoreError) -> LoadedModel? {
    guard let store = try open(), let folder = try currentFolder(in: store) else { return nil }
    return try load(folder, from: store)
  }

  /// A model of the store, verified against its checksum.
  ///
  /// - Parameter id: the folder's name, whole.
  /// - Throws: `ModelStoreError`; `.unknownModel` when there is none of this name.
  public func model(_ id: String) throws(ModelStoreError) -> LoadedModel {
    guard let name = FileName(id), let store = try open(), try isThere(name, in: store) else {
      throw .unknownModel(id, known: try list().map(\.id))
    }
    return try load(name, from: store)
  }

  /// Adds a model, and puts it into service unless told otherwise.
  ///
  /// The bytes are parsed before anything is written, and read back and compared before `current` is
  /// switched. When this returns the model is on disk and in service; when it throws, `current` is as it was.
  /// The same model published again changes nothing in its folder.
  ///
  /// - Parameters:
  ///   - bytes: a whole model file.
  ///   - name: the model's name; the id is made of it and the checksum.
  ///   - notes: what is to be kept beside the model.
  ///   - isPromoted: whether it becomes the model in service.
  /// - Returns: the model.
  /// - Throws: `ModelStoreError.unsound`, `.notPublished`, or those of `current()`.
  public func publish(
    _ bytes: [UInt8], name: String, notes: [ModelNote] = [], isPromoted: Bool = true
  ) throws(ModelStoreError) -> LoadedModel {
    let parsed = try LoadedModel(parsing: bytes, name: name, origin: name)
    guard let folderName = FileName(parsed.id) else {
      throw .notPublished(model: parsed.id, reason: "not a file name.")
    }
    let store: DirectoryHandle
    let lock: DirectoryLock
    do throws(FileError) {
      store = try .openOrMake(directory)
      lock = try DirectoryLock(store)
      try store.sweepParts()
    } catch {
      if case .locked(let path, let holder) = error {
        throw .locked(path: path.displayed, holder: holder)
      }
      throw .notPublished(model: parsed.id, reason: error.description)
    }
    if try !isSound(folderName, in: store) {
      let checksum = Array("\(parsed.sha256)  \(Self.modelName)\n".utf8)
      do throws(FileError) {
        // What has the name is damaged; nobody could have loaded it.
        try store.removeDirectory(folderName)
        try store.publishDirectory(as: folderName) { folder throws(FileError) in
          for note in notes { try note.write(to: folder) }
          try folder.publish(bytes, as: Self.modelName, permissions: 0o644)
          try folder.publish(checksum, as: Self.checksumName, permissions: 0o644)
        }
      } catch {
        throw .notPublished(model: parsed.id, reason: error.description)
      }
    }
    let model = try load(folderName, from: store)
    if isPromoted { try putIntoService(folderName, in: store) }
    withExtendedLifetime(lock) {}
    return model
  }

  /// Adds a model from a file of any place and puts it into service.
  ///
  /// - Throws: as `publish(_:name:notes:isPromoted:)`, and `.noModel` or `.unreadable`.
  public func publish(file path: FilePath) throws(ModelStoreError) -> LoadedModel {
    try publish(try LoadedModel.bytes(of: path), name: path.stem ?? "model")
  }

  func load(_ folder: FileName, from store: DirectoryHandle) throws(ModelStoreError)
    -> LoadedModel
  {
    let path = store.path.appending(folder).appending(Self.modelName)
    let (bytes, checksum): ([UInt8], [UInt8])
    do throws(FileError) {
      let handle = try store.openDirectory(folder)
      bytes = try handle.readRegularFile(
        Self.modelName, limitBytes: LoadedModel.fileLimitBytes
      ).bytes
      checksum = try handle.readRegularFile(Self.checksumName, limitBytes: 4096).bytes
    } catch {
      throw .unreadable(path: error.path.displayed, reason: error.reason)
    }
    let found = sha256Hex(bytes)
    let expected = String(decoding: checksum.prefix(64), as: UTF8.self)
    guard found == expected else {
      throw .checksumDiffers(path: path.displayed, expected: expected, found: found)
    }
    guard folder.description.hasSuffix("-" + found.prefix(12)) else {
      throw .checksumDiffers(
        path: path.displayed, expected: String(folder.description.suffix(12)), found: found)
    }
    var model = try LoadedModel(parsing: bytes, name: "", origin: path.displayed)
    model.id = folder.description
    return model
  }

  func open() throws(ModelStoreError) -> DirectoryHandle? {
    do throws(FileError) {
      return try DirectoryHandle(opening: directory)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .unreadable(path: directory.displayed, reason: error.reason)
    }
  }

  func currentFolder(in store: DirectoryHandle) throws(ModelStoreError) -> FileName? {
    let path = store.path.appending(Self.currentName).displayed
    let target: [UInt8]?
    let status: FileStatus?
    do throws(FileError) {
      target = try store.symbolicLinkTarget(of: Self.currentName)
      status = try store.status(of: Self.currentName)
    } catch {
      throw .unreadable(path: path, reason: error.reason)
    }
    guard let target else {
      guard let status else { return nil }
      throw .badCurrent(path: path, reason: "it is \(status.kind), not a symbolic link.")
    }
    guard let folder = FileName(bytes: target) else {
      let text = String(decoding: target, as: UTF8.self)
      throw .badCurrent(path: path, reason: "it leads to \(text), out of the store.")
    }
    return folder
  }

  private func isThere(_ name: FileName, in store: DirectoryHandle) throws(ModelStoreError) -> Bool
  {
    do throws(FileError) {
      return try store.status(of: name)?.kind == .directory
    } catch {
      throw .unreadable(path: error.path.displayed, reason: error.reason)
    }
  }

  /// Whether the folder is there and its model can be loaded.
  private func isSound(_ name: FileName, in store: DirectoryHandle) throws(ModelStoreError) -> Bool
  {
    guard try isThere(name, in: store) else { return false }
    do throws(ModelStoreError) {
      _ = try load(name, from: store)
      return true
    } catch {
      return false
    }
  }

  static func fixedName(_ text: String) -> FileName {
    guard let name = FileName(text) else { preconditionFailure("\(text) is a file name") }
    return name
  }
}
