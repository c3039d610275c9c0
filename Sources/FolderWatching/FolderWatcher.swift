import Files
import Synchronization
import SystemPackage

/// Says "look again" when something in a folder, or in folders below it, may have changed.
///
/// Events are ticks: what there is to do comes from looking, so that lost, doubled and merged events
/// need no code of their own. While nothing happens it costs nothing.
public final class FolderWatcher: Sendable {
  /// One element for one or more changes since the last element was taken; for one consumer.
  public let ticks: AsyncStream<Void>

  private let continuation: AsyncStream<Void>.Continuation
  private let state = Mutex(State())

  private struct State {
    var instance: WatchInstance?
    var folders: [Int32: SubfolderPath] = [:]
    var watches: [SubfolderPath: Int32] = [:]
    var observations = WatchObservations()

    mutating func forget(_ folder: SubfolderPath) {
      guard let watch = watches.removeValue(forKey: folder) else { return }
      // A folder that moved has the watch under its new path by now.
      guard folders[watch] == folder else { return }
      folders[watch] = nil
      instance?.unwatch(watch)
    }
  }

  /// Creates a watcher of nothing.
  public init() {
    (ticks, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  deinit { detachAll() }

  /// Yields a tick for a reason of the caller's own, such as a timer.
  public func tick() { continuation.yield() }

  /// Begins to watch a folder, in place of what was watched under the same path before.
  ///
  /// Watch first, then list: what comes between the two is then seen twice rather than never. And close
  /// the folder while there is nothing to do: an open one cannot be unmounted, and the kernel does
  /// not tell of its deletion.
  ///
  /// - Parameters:
  ///   - folder: The folder, open.
  ///   - path: What observations call it.
  ///   - tellingOfNewFolders: Whether a folder that is made in it is told.
  /// - Returns: Whether changes will be told, or why the caller has to look by itself.
  public func attach(
    to folder: DirectoryHandle, as path: SubfolderPath = .top, tellingOfNewFolders: Bool = false
  ) -> WatchMode {
    if case .remote(let name) = folder.fileSystem {
      detach(path)
      return .polling(.remoteFileSystem(name: name))
    }
    // Under the lock, so that no event of the new watch is read before its folder is known.
    return state.withLock { state in
      state.forget(path)
      do throws(Errno) {
        let watch = try instance(&state).watch(
          folder.path, tellingOfNewFolders: tellingOfNewFolders)
        state.folders[watch] = path
        state.watches[path] = watch
        return .inotify
      } catch .tooManyOpenFiles {
        return .polling(.noInstances)
      } catch .noSpace {
        return .polling(.noWatches)
      } catch {
        return .polling(.refused(error))
      }
    }
  }

  private func instance(_ state: inout State) throws(Errno) -> WatchInstance {
    if let instance = state.instance { return instance }
    let instance = try WatchInstance { [weak self] in self?.note($0) }
    state.instance = instance
    return instance
  }

  /// Stops watching a folder.
  public func detach(_ path: SubfolderPath) { state.withLock { $0.forget(path) } }

  /// Stops watching everything; no more ticks than the one that may be waiting.
  public func detachAll() {
    state.withLock { state in
      state.instance?.end()
      state.instance = nil
      (state.folders, state.watches) = ([:], [:])
    }
  }

  /// What happened since the last call.
  public func takeObservations() -> WatchObservations {
    state.withLock { state in
      defer { state.observations = WatchObservations() }
      return state.observations
    }
  }

  private func note(_ happening: WatchInstance.Happening) {
    switch happening {
    case .events(let buffer, let count):
      state.withLock { state in
        WatchEvent.forEach(in: buffer, count: count) { event in
          guard let event else { return state.observations.addOverflow() }
          // Of a watch that was ended in the meantime: nobody asks any more.
          guard let folder = state.folders[event.watch] else { return }
          state.observations.add(event, in: folder)
          if event.watchEnded {
            state.folders[event.watch] = nil
            state.watches[folder] = nil
          }
        }
      }
    case .mountsChanged:
      state.withLock { $0.observations.addMountChange() }
    case .pause:
      if state.withLock({ $0.observations != WatchObservations() }) { continuation.yield() }
    }
  }
}
