import Files
import FolderWatching
import Journal

/// The one line that `systemctl status` shows.
struct StatusLine {
  var model = ""
  /// Photographs that got a mask since the start.
  private(set) var segmented = 0
  /// The last one, when that was, and how long it took.
  private var last: (path: SourcePath, at: String, time: Duration)?
  private(set) var pace = Pace()

  private var told = ""
  private var toldAt: ContinuousClock.Instant?

  /// Why the folder is looked at regularly; nil if inotify tells of changes.
  var polling: PollingReason?

  /// Takes note of a photograph that got its mask.
  mutating func noteSegmented(
    _ path: SourcePath, in time: Duration, at now: ContinuousClock.Instant
  ) {
    segmented += 1
    last = (path, WallClock.timeOfDay(), time)
    pace.finished(in: time, at: now)
  }

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
    case .watched:
      guard let polling else {
        parts.append("Watching (inotify).")
        break
      }
      parts.append("Looking regularly (polling). Reason: \(polling).")
    case .notSeen: break
    }
    let counts = list.counts
    parts.append(
      "\(waiting(counts.toDo)), \(counts.done) done, \(counts.failed) failed.")
    if let last { parts.append("Last: \(last.path) at \(last.at) (\(seconds(last.time)) s).") }
    parts.append("Model \(model).")
    return parts.joined(separator: " ")
  }

  /// `40 waiting (about 3 s)`.
  func waiting(_ count: Int) -> String {
    guard count > 1, let seconds = pace.seconds(for: count), seconds >= 2 else {
      return "\(count) waiting"
    }
    return "\(count) waiting (about \(roughTime(seconds)))"
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
