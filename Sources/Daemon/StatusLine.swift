import Files
import FolderWatching

/// The one line that `systemctl status` shows.
struct StatusLine {
  var model = ""
  /// Photographs that got a mask since the start.
  var segmented = 0
  /// The last one, and how long it took.
  var last: (path: SourcePath, time: Duration)?

  private var told = ""
  private var toldAt: ContinuousClock.Instant?

  /// Why the folder is looked at regularly; nil if inotify tells of changes.
  var polling: PollingReason?

  /// The line as it is now.
  func text(
    _ list: WorkList, _ folder: FolderService.FolderState, _ trouble: FolderService.Trouble?
  )
    -> String
  {
    var parts: [String] = []
    if let trouble { parts.append("Degraded: \(trouble.error)") }
    switch folder {
    case .gone(let reason): parts.append("Degraded: the test folder is gone: \(reason)")
    case .watched(_, unmounted: _?):
      parts.append(
        "Degraded: the test folder is gone: it is not mounted. The folder beneath it is watched.")
    case .watched where polling == nil: parts.append("Watching.")
    case .watched: parts.append("Looking regularly (polling).")
    case .notSeen: break
    }
    let counts = list.counts
    parts.append("\(counts.toDo) waiting, \(counts.done) done, \(counts.failed) failed.")
    if let last { parts.append("Last: \(last.path) (\(seconds(last.time)) s).") }
    parts.append("Model \(model).")
    return parts.joined(separator: " ")
  }

  /// The line if it is another one than was told last; at most one per second while there is work.
  mutating func change(
    _ list: WorkList, _ folder: FolderService.FolderState, _ trouble: FolderService.Trouble?,
    at now: ContinuousClock.Instant
  ) -> String? {
    if let toldAt, list.counts.toDo > 0, now - toldAt < .seconds(1) { return nil }
    let text = text(list, folder, trouble)
    guard text != told else { return nil }
    (told, toldAt) = (text, now)
    return text
  }
}

/// Seconds with two decimals.
func seconds(_ duration: Duration) -> String {
  let hundredths = (milliseconds(duration) + 5) / 10
  let fraction = hundredths % 100
  return "\(hundredths / 100)." + (fraction < 10 ? "0" : "") + "\(fraction)"
}

/// Whole milliseconds.
func milliseconds(_ duration: Duration) -> Int {
  Int(duration.components.seconds) * 1000
    + Int(duration.components.attoseconds / 1_000_000_000_000_000)
}
