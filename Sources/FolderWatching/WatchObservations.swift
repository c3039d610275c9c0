import CLinux
import Files

/// What the kernel's events said about watched folders, as hints where to look first.
///
/// They are never what there is to do: an event may be lost, doubled or late.
public struct WatchObservations: Sendable, Equatable {
  /// Events read.
  public private(set) var eventCount = 0
  /// How often the kernel dropped events because its queue was full.
  public private(set) var overflowCount = 0
  /// The watched folders that were deleted, moved or unmounted, or are no longer watched, with how many
  /// events said so: watch them anew.
  public private(set) var endings: [SubfolderPath: Int] = [:]
  /// Names that changed, by their folder; meaningless if ``isIncomplete``.
  public private(set) var names: [SubfolderPath: Set<FileName>] = [:]
  /// Whether more changed than ``names`` says: only a listing tells.
  public private(set) var isIncomplete = false
  /// Whether a sub-folder of a watched folder was made, moved, changed or removed.
  public private(set) var foldersChanged = false
  /// Whether something was mounted or unmounted on this machine.
  public private(set) var mountsChanged = false

  /// More names than this are not kept: then a listing is cheaper.
  static let limitOfNames = 1000
  private var nameCount = 0

  /// Nothing seen.
  public init() {}

  mutating func addMountChange() { mountsChanged = true }

  /// Adds one event of a folder.
  package mutating func add(_ event: WatchEvent, in folder: SubfolderPath) {
    eventCount += 1
    if event.endsWatching {
      endings[folder, default: 0] += 1
    } else if event.isAboutFolder {
      foldersChanged = true
    } else if let name = event.name, nameCount < Self.limitOfNames {
      if names[folder, default: []].insert(name).inserted { nameCount += 1 }
    } else {
      isIncomplete = true
    }
  }

  /// Notes that the kernel dropped events.
  package mutating func addOverflow() {
    eventCount += 1
    overflowCount += 1
    isIncomplete = true
  }
}

/// One event as the kernel wrote it.
package struct WatchEvent: Sendable, Equatable {
  /// The watch it comes from.
  package var watch: Int32
  /// The name it is about; nil for the folder itself.
  package var name: FileName?
  /// Whether the name is that of a folder.
  package var isAboutFolder: Bool
  /// Whether the watched folder was deleted, moved or unmounted.
  package var folderIsGone: Bool
  /// Whether nothing more comes from this watch.
  package var watchEnded: Bool

  package var endsWatching: Bool { folderIsGone || watchEnded }

  /// Reads the events of a buffer that read(2) filled with `count` bytes.
  ///
  /// - Parameter body: Gets each event; nil for "events were lost", which a malformed buffer counts as.
  package static func forEach(
    in buffer: [UInt8], count: Int, _ body: (WatchEvent?) -> Void
  ) {
    let count = min(count, buffer.count)
    var offset = 0
    while true {
      var event = clinux_event()
      let next = unsafe clinux_inotify_parse(buffer, count, offset, &event)
      if next == 0 { return }
      guard next > 0 else { return body(nil) }
      offset = next
      func says(_ what: Int) -> Bool { event.what & UInt32(what) != 0 }
      if says(CLINUX_EVENT_OVERFLOW) {
        body(nil)
        continue
      }
      let bytes = buffer[event.name_offset..<(event.name_offset + event.name_length)]
      body(
        WatchEvent(
          watch: event.watch, name: FileName(bytes: bytes),
          isAboutFolder: says(CLINUX_EVENT_OF_DIRECTORY) && !bytes.isEmpty,
          folderIsGone: says(CLINUX_EVENT_DIRECTORY_GONE),
          watchEnded: says(CLINUX_EVENT_WATCH_ENDED)))
    }
  }
}
