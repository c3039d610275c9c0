import Files
import Journal
import Logging

/// The Results folder, and waiting for it.
extension FolderService {
  /// Why masks cannot be written at the moment.
  struct Trouble {
    var error: FileError
    var attempts: Int
    /// When it is tried again; nil: it is being tried with a photograph.
    var until: ContinuousClock.Instant?
  }

  /// Follows the Results folder where its path leads to another folder by now.
  func followResults() {
    guard trouble == nil else { return }
    do throws(FileError) {
      if try results.reopenIfMoved() { list.forgetAll() }
    } catch {
      resultsFailed(error)
    }
  }

  /// The masks and notes that a folder's photographs should have there; nil if none can have gone since
  /// the last look.
  func namesToExpect(in path: SubfolderPath) -> ResultsFolder.Names? {
    guard trouble == nil else { return nil }
    do throws(FileError) {
      let times = try results.changeTimes(of: path)
      guard tree.folders[path]?.results.mustBeListed(times, at: clock.now) == true,
        list.hasOutcomes(in: path)
      else { return nil }
      return try results.names(in: path)
    } catch {
      if path == .top { resultsFailed(error) }
      return nil
    }
  }

  /// Notes that masks cannot be written now, and when to try again.
  func resultsFailed(_ error: FileError) {
    let attempts = (trouble?.attempts ?? 0) + 1
    let delay = Backoff.delay(after: attempts)
    trouble = Trouble(error: error, attempts: attempts, until: clock.now + delay)
    logger.record(
      .writingFailed, level: .error,
      "Waiting: \(error) Nothing is lost; next try in \(delay.components.seconds) s.",
      fields: [
        "reason": "\(error.reason)", "attempt": "\(attempts)", "queue": "\(list.counts.toDo)",
      ])
    tellStatus()
  }

  /// Tries whether work can go on after trouble, when it is time to.
  ///
  /// - Returns: Whether something was tried.
  func retryIfDue() -> Bool {
    guard let until = trouble?.until, until <= clock.now else { return false }
    do throws(FileError) {
      if try results.reopenIfMoved() {
        list.forgetAll()
        isScanWanted = true
      }
      try results.tryWriting()
      try poison.tryWriting()
      try results.sweep()
      // A photograph may need more than that: the end of the trouble is told when one was published.
      trouble?.until = nil
      if list.counts.toDo == 0 { troubleIsOver() }
    } catch {
      resultsFailed(error)
    }
    return true
  }

  /// Says that work goes on, if it had stopped.
  func troubleIsOver() {
    guard let ended = trouble else { return }
    trouble = nil
    logger.record(
      .folderBack, level: .notice,
      "Going on: \(ended.error.path.displayed) can be written again after \(ended.attempts) tries.",
      fields: ["folder": "\(ended.error.path.displayed)", "attempt": "\(ended.attempts)"])
  }
}

extension ResultsFolder.Names {
  /// Whether the mask or note that a source has is not among them.
  func lacks(_ standing: FolderBook.Standing?, of source: FileName) -> Bool {
    switch standing {
    case .done(let maskIndex):
      return !masks.contains(MaskName.candidate(Int(maskIndex), for: source).hashValue)
    case .failed(hasNote: true): return !notes.contains(MaskName.note(for: source).hashValue)
    case .failed, .ignored, .deferred, nil: return false
    }
  }
}
