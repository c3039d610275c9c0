import Files
import Settings
import SystemPackage

/// The folders that the daemon writes to, checked and locked.
struct OwnedFolders {
  let results: ResultsFolder
  let stateLock: DirectoryLock
  let poison: PoisonGuard

  init(_ settings: Settings) throws(DaemonError) {
    try Self.checkPlacement(settings)
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
    try Self.checkPlacement(settings)
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

  /// Masks must never be taken for photographs, nor a photograph be overwritten by a mask.
  private static func checkPlacement(_ settings: Settings) throws(DaemonError) {
    let test = RealPlace(of: settings.testFolder)
    let mounted = settings.recursive ? RealPlace.mounts(below: settings.testFolder) : []
    let written = [
      (settings.resultsFolder, "Results folder"), (settings.stateDirectory, "state directory"),
    ]
    for (path, role) in written {
      let own = RealPlace(of: path)
      if own.isInside(test) || mounted.contains(where: { own.overlaps($0.place) }) {
        throw .foldersOverlap(
          inner: path, innerRole: role, outer: settings.testFolder, outerRole: "test folder")
      }
      if test.isInside(own), role == "Results folder" {
        throw .foldersOverlap(
          inner: settings.testFolder, innerRole: "test folder", outer: path, outerRole: role)
      }
    }
  }
}
