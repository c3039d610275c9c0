import Daemon
import Files
import Settings
import SystemPackage

/// Looks at the folders as the user that the daemon runs as.
struct FolderFindings {
  let settings: Settings
  let user: ServiceUser
  let configFile: FilePath
  private(set) var findings: [Finding] = []

  init(_ settings: Settings, _ user: ServiceUser, configFile: FilePath) {
    (self.settings, self.user, self.configFile) = (settings, user, configFile)
    if !user.canBeActed {
      add(
        .warning,
        "Folders are looked at as \(user.actor), not as \(user.name), whom the service runs as.",
        remedy: askAsRoot(configFile))
    }
    lookAtTestFolder()
    lookAtWritten(settings.resultsFolder, "Results folder", mode: "2775")
    lookAtWritten(settings.stateDirectory, "state directory", mode: "0750")
    lookAtModelStore()
    do {
      try FolderPlacement.check(settings)
    } catch {
      add(.bad, "\(error)", remedy: edit(configFile, "resultsFolder: and stateDirectory:"))
    }
  }

  private mutating func add(
    _ severity: Finding.Severity, _ message: String, remedy: String? = nil
  ) {
    findings.append(Finding(.folders, severity, message, remedy: remedy))
  }

  /// What the service cannot do, or what whoever asks may not look at.
  private mutating func addFailure(
    _ role: String, _ done: String, _ error: FileError, _ path: FilePath, mode: String = "2775"
  ) {
    if !user.canBeActed, error.errno == .permissionDenied {
      return add(
        .warning,
        "Whether the \(role) \(path.displayed) can be \(done) by \(user.name), \(user.actor) may not see.",
        remedy: askAsRoot(configFile))
    }
    add(
      .bad, "The \(role) cannot be \(done) by \(user.actor): \(error)",
      remedy: mend(error, path, mode: mode))
  }

  private func make(_ path: FilePath, mode: String) -> String {
    let quoted = shellQuoted(path.string)
    let isLink = ((try? fileStatus(at: path)) ?? nil)?.kind == .symbolicLink
    return "install -d -o \(user.name) -g \(groupOfUser) -m \(mode) "
      // Not the link, but the folder that it names.
      + (isLink ? "\"$(readlink -m \(quoted))\"" : quoted)
  }

  private var groupOfUser: String { user.name == "root" ? "root" : user.name }

  // MARK: - Folders

  private mutating func lookAtTestFolder() {
    let path = settings.testFolder
    let found = user.act { () -> Result<(names: Int, unreadable: FileError?), FileError> in
      do throws(FileError) {
        let folder = try DirectoryHandle(opening: path)
        let names = try folder.names()
        return .success((names.count, Self.firstUnreadable(names, in: folder)))
      } catch {
        return .failure(error)
      }
    }
    switch found {
    case .failure(let error):
      addFailure("test folder", "read", error, path)
    case .success(let (count, nil)):
      add(
        .good,
        "Test folder \(path.displayed): \(user.actor) can read it; \(count) names in it\(place(path))."
      )
    case .success(let (count, _?)) where !user.canBeActed:
      add(
        .warning,
        "Whether the \(count) files in the test folder can be read by \(user.name), \(user.actor) may not see.",
        remedy: askAsRoot(configFile))
    case .success(let (_, error?)):
      add(
        .bad, "A file in the test folder cannot be read by \(user.actor): \(error)",
        remedy: "chmod g+r \(shellQuoted(path.string))/*")
    }
    guard case .success = found else { return }
    lookAtMount(path, "test folder", isWritten: false)
    guard let status = try? DirectoryHandle(opening: path).status() else { return }
    if status.permissions & 0o2020 != 0o2020 {
      add(
        .warning,
        "Only its owner can put photographs into the test folder, or their group is not handed on: "
          + "it is \(owned(status)).",
        remedy: "chmod 2775 \(shellQuoted(path.string))")
    }
  }

  private static func firstUnreadable(_ names: [FileName], in folder: DirectoryHandle) -> FileError?
  {
    for name in names.sorted().prefix(50) {
      do throws(FileError) {
        guard try folder.status(of: name)?.kind == .regular else { continue }
        _ = try folder.readRegularFile(name, limitBytes: 64 << 20)
      } catch {
        if error.errno == .permissionDenied { return error }
      }
    }
    return nil
  }

  /// A folder of which the daemon makes files, writes them to disk, renames and removes them.
  private mutating func lookAtWritten(_ path: FilePath, _ role: String, mode: String) {
    let failure = user.act { () -> FileError? in
      do throws(FileError) {
        try DirectoryHandle(opening: path).tryWriting(bytes: 4096)
        return nil
      } catch {
        return error
      }
    }
    guard let failure else {
      add(
        .good,
        "The \(role) \(path.displayed): \(user.actor) can write, rename and remove there\(place(path))."
      )
      return lookAtMount(path, role, isWritten: true)
    }
    if failure.errno == .noSuchFileOrDirectory,
      user.act({ (try? requirePublishable(at: path)) != nil })
    {
      return add(
        .good, "The \(role) \(path.displayed) is not there yet; the daemon makes it\(place(path)).")
    }
    addFailure(role, "written", failure, path, mode: mode)
    lookAtMount(path, role, isWritten: true)
  }

  private mutating func lookAtModelStore() {
    let path = settings.modelStore
    let failure = user.act { () -> FileError? in
      do throws(FileError) {
        _ = try DirectoryHandle(opening: path).names()
        return nil
      } catch {
        return error
      }
    }
    switch failure {
    case nil:
      add(.good, "Model store \(path.displayed): \(user.actor) can read it\(place(path)).")
    case let error? where error.errno == .noSuchFileOrDirectory:
      add(.good, "There is no model store \(path.displayed) yet; the trainer makes it.")
    case let error?:
      addFailure("model store", "read", error, path, mode: "0750")
    }
  }

  private func mend(_ error: FileError, _ path: FilePath, mode: String = "2775") -> String? {
    let quoted = shellQuoted(path.string)
    switch error.errno {
    case .noSuchFileOrDirectory?: return make(path, mode: mode)
    case .permissionDenied?, .notPermitted?:
      return "chown \(user.name):\(groupOfUser) \(quoted) && chmod \(mode) \(quoted)"
    case .readOnlyFileSystem?:
      return MountedFileSystem(of: path).map {
        "mount -o remount,rw \(shellQuoted($0.mountPoint.string))"
      }
    case .noSpace?, .diskQuotaExceeded?: return largest(on: path)
    case .notDirectory?:
      return "mv \(quoted) \(shellQuoted(path.string + ".file")) && \(make(path, mode: mode))"
    case .staleNFSFileHandle?, .hostIsDown?:
      return "umount -l \(quoted) && mount \(quoted)"
    default: return nil
    }
  }

  /// What takes the space; what of it can go only a person knows.
  private func largest(on path: FilePath) -> String {
    let top = MountedFileSystem(of: path)?.mountPoint ?? path
    return "du -xahd 3 \(shellQuoted(top.string)) | sort -h | tail  # and remove what is not needed"
  }

  // MARK: - File systems

  private func place(_ path: FilePath) -> String {
    MountedFileSystem(of: path).map { ", on \($0.type) at \($0.mountPoint.displayed)" } ?? ""
  }

  private func owned(_ status: FileStatus) -> String {
    "\(userName(of: status.owner)):\(groupName(of: status.group)) "
      + String(status.permissions, radix: 8)
  }

  private mutating func lookAtMount(_ path: FilePath, _ role: String, isWritten: Bool) {
    guard let folder = try? DirectoryHandle(opening: path) else { return }
    if case .remote(let name) = folder.fileSystem, !isWritten {
      add(
        .warning,
        "The \(role) is on \(name), where inotify is silent: it is looked at every "
          + "\(settings.pollInterval).",
        remedy: edit(configFile, "pollInterval: if that is too seldom or too often"))
    }
    guard isWritten, let mount = MountedFileSystem(of: path) else { return }
    if mount.isReadOnly {
      add(
        .bad, "The \(role) is on a file system that is mounted read-only.",
        remedy: "mount -o remount,rw \(shellQuoted(mount.mountPoint.string))")
    }
    if mount.type == "tmpfs" {
      add(.warning, "The \(role) is in memory (tmpfs): what is in it is gone after a restart.")
    }
    lookAtSpace(mount, path, role)
    lookAtDevice(folder, role)
  }

  private mutating func lookAtSpace(_ mount: MountedFileSystem, _ path: FilePath, _ role: String) {
    let free = "\(megabytes(mount.freeBytes)) free for the \(role)"
    let remedy = largest(on: path)
    if mount.freeBytes < 64 << 20 {
      add(.bad, "Only \(free): masks may not fit.", remedy: remedy)
    } else if mount.freeBytes < 1 << 30 {
      add(.warning, "Only \(free).", remedy: remedy)
    } else {
      add(.good, "\(free).")
    }
    if let files = mount.freeFiles, files < 1000 {
      add(
        files < 16 ? .bad : .warning, "Only \(files) more files can be made for the \(role).",
        remedy: "df -i \(shellQuoted(path.string))")
    }
  }

  /// Masks and notes are renamed within their own folders; sub-folders on other disks are legal, but
  /// nobody means them.
  private mutating func lookAtDevice(_ folder: DirectoryHandle, _ role: String) {
    guard role == "Results folder", let own = try? folder.status().identity.device,
      let notes = FileName("failed"), let status = try? folder.status(of: notes)
    else { return }
    if status.identity.device != own {
      add(
        .warning, "failed/ in the Results folder is another file system than the folder itself.",
        remedy: "umount \(shellQuoted(folder.path.appending(notes).string))")
    }
  }
}

/// Bytes for people.
func megabytes(_ bytes: UInt64) -> String {
  bytes >= 10 << 30 ? "\(bytes >> 30) GiB" : "\(bytes >> 20) MiB"
}
