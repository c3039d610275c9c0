import Files
import SystemPackage

// Which model is in service, and which were before it.
//
// `history.txt` holds the ids of the models that were in service before the current one, oldest first; the
// line `built-in` stands for the model in the programs. It is written before `current` is switched: if the
// process is killed in between, its last line is the current model itself, and `rollback` passes over it.

extension ModelStore {
  /// What stands for the model that is compiled into the programs, where ids of models stand.
  public static let builtInID = "built-in"

  static let historyName = fixedName("history.txt")
  /// More lines than that are of no use to anybody.
  private static let historyLimit = 100

  /// Puts a model of the store into service, or the built-in one by having no `current`.
  ///
  /// The model is verified first. What is in service already stays so.
  ///
  /// - Parameter id: the folder's name, or `builtInID`.
  /// - Returns: the id of the model that was in service before, or `builtInID`.
  /// - Throws: `ModelStoreError`; `current` is then as it was.
  @discardableResult
  public func promote(_ id: String) throws(ModelStoreError) -> String {
    try changing { store throws(ModelStoreError) in
      let before = try currentFolder(in: store)?.description ?? Self.builtInID
      if id == Self.builtInID {
        try leaveService(in: store)
      } else {
        let model = try model(id)
        try putIntoService(Self.fixedName(model.id), in: store)
      }
      return before
    }
  }

  /// Puts the model that was in service before the current one into service again.
  ///
  /// Models that are not there any more, or damaged, are passed over. Done again it goes back further.
  ///
  /// - Returns: the id of the model that is in service now, or `builtInID`, and those passed over.
  /// - Throws: `ModelStoreError.noEarlierModel` when none is known; `current` is then as it was.
  public func rollback() throws(ModelStoreError) -> (id: String, passedOver: [ModelStoreError]) {
    try changing { store throws(ModelStoreError) in
      let current = try currentFolder(in: store)?.description ?? Self.builtInID
      var history = try history(in: store)
      var passedOver: [ModelStoreError] = []
      while let id = history.popLast() {
        if id == current { continue }
        if id == Self.builtInID {
          try write(history, to: store)
          try switchCurrent(to: nil, in: store)
          return (id, passedOver)
        }
        do throws(ModelStoreError) {
          let model = try model(id)
          try write(history, to: store)
          try switchCurrent(to: Self.fixedName(model.id), in: store)
          return (id, passedOver)
        } catch {
          if case .notChanged = error { throw error }
          passedOver.append(error)
        }
      }
      throw .noEarlierModel(store: directory.displayed, current: current)
    }
  }

  /// The ids of the models that were in service before the current one, oldest first.
  ///
  /// - Throws: `ModelStoreError.unreadable`.
  public func earlierModels() throws(ModelStoreError) -> [String] {
    guard let store = try open() else { return [] }
    return try history(in: store)
  }

  /// Switches `current`, remembering what it was.
  func putIntoService(_ folder: FileName, in store: DirectoryHandle) throws(ModelStoreError) {
    let before = try folderInService(of: store)
    if before == folder.description { return }
    try remember(before ?? Self.builtInID, in: store)
    try switchCurrent(to: folder, in: store)
  }

  /// What `current` leads to. A link out of the store is nothing to go back to, and is replaced.
  private func folderInService(of store: DirectoryHandle) throws(ModelStoreError) -> String? {
    do throws(ModelStoreError) {
      return try currentFolder(in: store)?.description
    } catch {
      if case .badCurrent = error { return nil }
      throw error
    }
  }

  private func leaveService(in store: DirectoryHandle) throws(ModelStoreError) {
    guard let before = try currentFolder(in: store)?.description else { return }
    try remember(before, in: store)
    try switchCurrent(to: nil, in: store)
  }

  private func switchCurrent(
    to folder: FileName?, in store: DirectoryHandle
  ) throws(ModelStoreError) {
    do throws(FileError) {
      if let folder {
        try store.publishSymbolicLink(Self.currentName, to: folder)
      } else {
        try store.remove(Self.currentName, durably: true)
      }
    } catch {
      throw .notChanged(reason: error.description)
    }
  }

  private func remember(_ id: String, in store: DirectoryHandle) throws(ModelStoreError) {
    var lines = try history(in: store)
    if lines.last != id { lines.append(id) }
    try write(lines.suffix(Self.historyLimit), to: store)
  }

  private func write(
    _ lines: some Sequence<String>, to store: DirectoryHandle
  ) throws(ModelStoreError) {
    let text = lines.map { $0 + "\n" }.joined()
    do throws(FileError) {
      try store.publish(
        Array((text.isEmpty ? "\n" : text).utf8), as: Self.historyName, permissions: 0o644)
    } catch {
      throw .notChanged(reason: error.description)
    }
  }

  private func history(in store: DirectoryHandle) throws(ModelStoreError) -> [String] {
    do throws(FileError) {
      guard try store.status(of: Self.historyName) != nil else { return [] }
      let bytes = try store.readRegularFile(Self.historyName, limitBytes: 1 << 16).bytes
      // Lines that are no names of folders are somebody's mistake, and harm nothing.
      return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        .filter { FileName($0) != nil }
    } catch {
      if case .empty = error { return [] }
      throw .unreadable(path: error.path.displayed, reason: error.reason)
    }
  }

  /// Does something with the store while no other process changes it.
  func changing<Result>(
    _ body: (DirectoryHandle) throws(ModelStoreError) -> Result
  ) throws(ModelStoreError) -> Result {
    guard let store = try open() else { throw .noStore(path: directory.displayed) }
    let lock: DirectoryLock
    do throws(FileError) {
      lock = try DirectoryLock(store)
      try store.sweepParts()
    } catch {
      if case .locked(let path, let holder) = error {
        throw .locked(path: path.displayed, holder: holder)
      }
      throw .notChanged(reason: error.description)
    }
    defer { withExtendedLifetime(lock) {} }
    return try body(store)
  }
}
