import Files
import SystemPackage
import UNets

/// A directory of models, of which `current` names the one in service.
///
/// Each model has a folder of its own, `<id>/model.safetensors`, with its checksum in `<id>/model.sha256` in
/// the form that `sha256sum -c` reads. `current` is a symbolic link to such a folder and is switched by one
/// rename, when everything it leads to is on disk. Published models are never changed.
public struct ModelStore: Sendable {
  /// The store's directory, for example `/var/lib/dermseg/models`.
  public let directory: FilePath

  /// Names the store; nothing is read or made yet.
  public init(directory: FilePath) {
    self.directory = directory
  }

  private static let currentName = fixedName("current")
  private static let modelName = fixedName("model.safetensors")
  private static let checksumName = fixedName("model.sha256")

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

  /// Adds a model and puts it into service.
  ///
  /// The bytes are parsed before anything is written, and read back and compared before `current` is
  /// switched. When this returns the model is on disk and in service; when it throws, `current` is as it was.
  /// The same model published again changes nothing.
  ///
  /// - Parameters:
  ///   - bytes: a whole model file.
  ///   - name: the model's name; the id is made of it and the checksum.
  /// - Returns: the model in service.
  /// - Throws: `ModelStoreError.unsound`, `.notPublished`, or those of `current()`.
  public func publish(_ bytes: [UInt8], name: String) throws(ModelStoreError) -> LoadedModel {
    let parsed = try LoadedModel(parsing: bytes, name: name, origin: name)
    guard let folderName = FileName(parsed.id) else {
      throw .notPublished(model: parsed.id, reason: "not a file name.")
    }
    let store: DirectoryHandle
    let lock: DirectoryLock
    do throws(FileError) {
      store = try .openOrMake(directory)
      lock = try DirectoryLock(store)
      let folder = try store.makeDirectory(folderName, permissions: 0o755)
      try folder.publish(bytes, as: Self.modelName, permissions: 0o644)
      try folder.publish(
        Array("\(parsed.sha256)  \(Self.modelName)\n".utf8), as: Self.checksumName,
        permissions: 0o644)
    } catch {
      throw .notPublished(model: parsed.id, reason: error.description)
    }
    let model = try load(folderName, from: store)
    do throws(FileError) {
      try store.publishSymbolicLink(Self.currentName, to: folderName)
    } catch {
      throw .notPublished(model: parsed.id, reason: error.description)
    }
    withExtendedLifetime(lock) {}
    return model
  }

  private func load(_ folder: FileName, from store: DirectoryHandle) throws(ModelStoreError)
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

  private func open() throws(ModelStoreError) -> DirectoryHandle? {
    do throws(FileError) {
      return try DirectoryHandle(opening: directory)
    } catch {
      if error.errno == .noSuchFileOrDirectory { return nil }
      throw .unreadable(path: directory.displayed, reason: error.reason)
    }
  }

  private func currentFolder(in store: DirectoryHandle) throws(ModelStoreError) -> FileName? {
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

  private static func fixedName(_ text: String) -> FileName {
    guard let name = FileName(text) else { preconditionFailure("\(text) is a file name") }
    return name
  }
}
