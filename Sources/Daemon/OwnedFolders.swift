import Files
import Settings
import SystemPackage

/// The folders that the daemon writes to, checked and locked.
struct OwnedFolders {
  let results: ResultsFolder
  let stateLock: DirectoryLock
  let poison: PoisonGuard

  init(_ settings: Settings) throws(DaemonError) {
    try FolderPlacement.check(settings)
    // The state directory first: a second daemon with the same configuration ends here.
    let state: DirectoryHandle
    do throws(FileError) {
      state = try DirectoryHandle.openOrMake(settings.stateDirectory)
      stateLock = try Self.lock(state)
    } catch {
      throw Self.refusal(error, role: "state directory")
    }
    do throws(FileError) {
      results = try ResultsFolder(settings.resultsFolder, keepsNotes: settings.failedNotes)
    } catch {
      throw Self.refusal(error, role: "Results folder")
    }
    // Made just now, perhaps inside the test folder.
    try FolderPlacement.check(settings)
    do throws(FileError) {
      try state.sweepPartFiles()
      poison = try PoisonGuard(state)
    } catch {
      throw .folder(error, role: "state directory")
    }
  }

  /// Locks the state directory and writes there who has it.
  ///
  /// The kernel's own list of locks is hidden in a sandbox (`ProcSubset=pid`).
  private static func lock(_ state: DirectoryHandle) throws(FileError) -> DirectoryLock {
    let lock: DirectoryLock
    do {
      lock = try DirectoryLock(state)
    } catch .locked(let path, nil) {
      let bytes = try? state.readRegularFile(processName, limitBytes: 32).bytes
      throw .locked(path, holder: Int32(String(decoding: bytes ?? [], as: UTF8.self)))
    }
    try StateFile(processName, in: state).replace(with: Array("\(processNumber())".utf8))
    return lock
  }

  private static let processName = fixedName("process")

  private static func refusal(_ error: FileError, role: String) -> DaemonError {
    if case .locked(let path, let holder) = error {
      return .alreadyServed(path, role: role, holder: holder)
    }
    return .folder(error, role: role)
  }
}
