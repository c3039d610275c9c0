import Files

/// Whose turn it is, and what became of it.
extension WorkList {
  /// The next source whose turn it is.
  ///
  /// - Parameter isSuspect: Whether a source must wait until everything else is done.
  package mutating func next(at now: Instant, isSuspect: (SourcePath, FileIdentity) -> Bool)
    -> Item?
  {
    for ready in quiet.takeQuiet(at: now) {
      guard let source = active[ready.name] else { continue }
      set(ready.name, .queued(ready.identity, quietSince: ready.since))
      if isSuspect(ready.name, ready.identity) {
        suspects.append(ready.name)
      } else if source.isBacklog {
        backlog.append(ready.name)
      } else {
        arrivals.append(ready.name)
      }
    }
    queueWhatHasWaited(at: now)
    while let path = arrivals.pop() ?? backlog.pop() ?? suspects.pop() {
      // A name can be in a queue after its source changed or went away.
      guard let source = active[path], case .queued(let identity, let since) = source.state else {
        continue
      }
      set(path, .inHand(identity))
      return Item(path: path, identity: identity, quietSince: since, attempts: source.attempts)
    }
    return nil
  }

  /// Puts a source that was taken back in front.
  package mutating func putBack(_ item: Item) {
    guard active[item.path] != nil else { return }
    set(item.path, .queued(item.identity, quietSince: item.quietSince))
    arrivals.prepend(item.path)
  }

  /// Notes what became of a source that was taken.
  package mutating func finish(_ path: SourcePath, _ outcome: Outcome) {
    guard active[path] != nil else { return }
    switch outcome {
    case .waiting(let identity, let since, let until, let attempts):
      active[path]?.isBacklog = false
      set(path, .waiting(identity, quietSince: since, until: until, attempts: attempts))
      noteRoom(path.folder)
    case .done(let identity, let maskIndex): write(path, .done(maskIndex: maskIndex), identity)
    case .failed(let identity, let hasNote): write(path, .failed(hasNote: hasNote), identity)
    case .ignored(let identity): write(path, .ignored, identity)
    }
  }

  /// When there can be something to do next without any change; nil for never.
  package var nextInstant: Instant? {
    [quiet.nextInstant, waitingUntil].compactMap { $0 }.min()
  }

  private mutating func queueWhatHasWaited(at now: Instant) {
    // Thousands may wait for one bad disk: they are not gone through for each photograph.
    guard let waitingUntil, waitingUntil <= now else { return }
    for (path, until) in waiting where until <= now {
      guard case .waiting(let identity, let since, _, let attempts)? = active[path]?.state else {
        continue
      }
      set(path, .queued(identity, quietSince: since))
      active[path]?.attempts = attempts
      arrivals.append(path)
    }
    self.waitingUntil = waiting.values.min()
  }
}
