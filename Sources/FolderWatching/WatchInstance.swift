import CLinux
import Dispatch
import Files
import Glibc
import SystemPackage

/// One inotify instance, and a thread that waits for its events and for changes of the mounts.
///
/// The thread sleeps in poll(2): while nothing happens it costs nothing. Mounts are waited for because
/// inotify says nothing when something is mounted over a watched folder.
final class WatchInstance: Sendable {
  private let inotify: Int32
  private let mounts: Int32
  private let wake: Int32

  /// What was waited for.
  enum Happening {
    /// Bytes of inotify, as read(2) gave them.
    case events([UInt8], count: Int)
    case mountsChanged
    /// All waiting events were read.
    case pause
  }

  /// - Parameter tell: Called on the thread.
  init(_ tell: @escaping @Sendable (Happening) -> Void) throws(Errno) {
    inotify = clinux_inotify_open()
    guard inotify >= 0 else { throw Errno(rawValue: errno) }
    wake = clinux_wake_open()
    guard wake >= 0 else {
      let error = Errno(rawValue: errno)
      close(inotify)
      throw error
    }
    // Without it a mount over the folder is found at the next rescan.
    mounts = unsafe open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC)
    let (inotify, mounts, wake) = (inotify, mounts, wake)
    DispatchQueue(label: "dermseg.folder-watcher").async {
      Self.wait(inotify: inotify, mounts: mounts, wake: wake, tell)
      for descriptor in [inotify, mounts, wake] where descriptor >= 0 { close(descriptor) }
    }
  }

  /// Ends the thread, which closes everything.
  func end() { _ = clinux_wake(wake) }

  /// Adds a watch, or finds the one that the same folder has already.
  func watch(_ folder: FilePath, tellingOfNewFolders: Bool) throws(Errno) -> Int32 {
    let watch = unsafe folder.withPlatformString {
      unsafe clinux_inotify_watch(inotify, $0, tellingOfNewFolders ? 1 : 0)
    }
    guard watch >= 0 else { throw Errno(rawValue: errno) }
    return watch
  }

  func unwatch(_ watch: Int32) { _ = clinux_inotify_unwatch(inotify, watch) }

  private static func wait(
    inotify: Int32, mounts: Int32, wake: Int32, _ tell: (Happening) -> Void
  ) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let what = clinux_wait(inotify, mounts, wake)
      if what < 0 || what & Int32(CLINUX_WAIT_WAKE) != 0 { return }
      if what & Int32(CLINUX_WAIT_MOUNTS) != 0 { tell(.mountsChanged) }
      while true {
        let count = unsafe read(inotify, &buffer, buffer.count)
        if count < 0 && errno == EINTR { continue }
        guard count > 0 else { break }
        tell(.events(buffer, count: count))
      }
      tell(.pause)
    }
  }
}
