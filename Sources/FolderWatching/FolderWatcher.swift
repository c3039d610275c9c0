import CLinux
import Dispatch
import Files
import Glibc
import Synchronization
import SystemPackage

/// Says "look again" when something in a folder may have changed.
///
/// Events are ticks without content: what there is to do comes from a listing, so that lost,
/// doubled and merged events need no code of their own. While nothing happens it costs nothing.
public final class FolderWatcher: Sendable {
  /// One element for one or more changes since the last element was taken; for one consumer.
  public let ticks: AsyncStream<Void>

  private let continuation: AsyncStream<Void>.Continuation
  private let queue = DispatchQueue(label: "dermseg.folder-watcher")
  private let state = Mutex(State())

  private struct State {
    var reader: (any DispatchSourceRead)?
    var observations = WatchObservations()
  }

  /// Creates a watcher of nothing.
  public init() {
    (ticks, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  deinit { detach() }

  /// Yields a tick for a reason of the caller's own, such as a timer.
  public func tick() { continuation.yield() }

  /// Begins to watch a folder, in place of what was watched before.
  ///
  /// Watch first, then list: what comes between the two is then seen twice rather than never. And close
  /// the folder while there is nothing to do: an open one cannot be unmounted, and the kernel does
  /// not tell of its deletion.
  ///
  /// - Returns: Whether changes will be told, or why the caller has to look by itself.
  public func attach(to folder: DirectoryHandle) -> WatchMode {
    detach()
    if case .remote(let name) = folder.fileSystem { return .polling(.remoteFileSystem(name: name)) }
    let inotify = clinux_inotify_open()
    guard inotify >= 0 else { return .polling(reason(errno, full: EMFILE, .noInstances)) }
    let watch = unsafe folder.path.withPlatformString { unsafe clinux_inotify_watch(inotify, $0) }
    guard watch >= 0 else {
      let reason = reason(errno, full: ENOSPC, .noWatches)
      close(inotify)
      return .polling(reason)
    }
    state.withLock { state in
      let reader = DispatchSource.makeReadSource(fileDescriptor: inotify, queue: queue)
      reader.setEventHandler { [weak self] in self?.drain(inotify) }
      reader.setCancelHandler { close(inotify) }
      reader.activate()
      state.reader = reader
    }
    return .inotify
  }

  /// Stops watching; no more ticks than the one that may be waiting.
  public func detach() {
    state.withLock { state in
      state.reader?.cancel()
      state.reader = nil
    }
  }

  /// What happened since the last call that a listing does not show.
  public func takeObservations() -> WatchObservations {
    state.withLock { state in
      defer { state.observations = WatchObservations() }
      return state.observations
    }
  }

  /// Reads all waiting events.
  private func drain(_ inotify: Int32) {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    var seen = WatchObservations()
    while true {
      let count = unsafe read(inotify, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { break }
      seen.add(buffer, count: count)
    }
    state.withLock { $0.observations.add(seen) }
    if seen.eventCount > 0 { continuation.yield() }
  }

  private func reason(_ error: Int32, full: Int32, _ used: PollingReason) -> PollingReason {
    error == full ? used : .refused(Errno(rawValue: error))
  }
}

/// What the kernel's events said beyond "look again".
public struct WatchObservations: Sendable, Equatable {
  /// Events read.
  public var eventCount = 0
  /// How often the kernel dropped events because its queue was full.
  public var overflowCount = 0
  /// Whether the watched folder itself was deleted, moved or unmounted.
  public var folderIsGone = false

  /// Nothing seen.
  public init() {}

  mutating func add(_ other: WatchObservations) {
    eventCount += other.eventCount
    overflowCount += other.overflowCount
    folderIsGone = folderIsGone || other.folderIsGone
  }

  /// Adds the events of a buffer that read(2) filled with `count` bytes.
  ///
  /// A malformed buffer counts as an overflow: both mean that something was missed.
  package mutating func add(_ buffer: [UInt8], count: Int) {
    var offset = 0
    while true {
      var what: UInt32 = 0
      let next = unsafe clinux_inotify_parse(buffer, min(count, buffer.count), offset, &what)
      if next == 0 { return }
      eventCount += 1
      if next < 0 {
        overflowCount += 1
        return
      }
      if what & UInt32(CLINUX_EVENT_OVERFLOW) != 0 { overflowCount += 1 }
      if what & UInt32(CLINUX_EVENT_DIRECTORY_GONE) != 0 { folderIsGone = true }
      offset = next
    }
  }
}
