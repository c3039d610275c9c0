import Files
import Journal
import Logging

/// The loop: what is done next, and when to look again.
extension FolderService {
  /// Several finished masks share one write of their folder to disk; for that, one waits for others at most
  /// this long, and at most so many wait.
  private static let publishingPause = Duration.milliseconds(50)
  private static let publishedTogether = 8

  var isStopping: Bool { stopRequested.load(ordering: .sequentiallyConsistent) }

  func loop() async {
    var ticks = watcher.ticks.makeAsyncIterator()
    var turns = 0
    _ = lookIfDue()
    if !isStopping {
      notifier.ready(status: statusText)
      logStart()
    }
    while !(isStopping && inHand.isEmpty) {
      if takeTurn() {
        turns &+= 1
        if turns % 64 == 0 { await letOthersIn() }
        continue
      }
      if list.counts.toDo == 0 { troubleIsOver() }
      tellStatus()
      openFolder = nil
      setTimer()
      // Here and below nothing waits for a thread of the cooperative pool, which others may block.
      _ = await ticks.next(isolation: self)
      takeObservations()
    }
    end()
  }

  /// Lets a call from outside in, such as ``reload(_:)``.
  private func letOthersIn() async {
    await withCheckedContinuation { continuation in
      executor.afterWaitingJobs { continuation.resume() }
    }
  }

  /// Does the first thing that there is to do.
  ///
  /// - Returns: Whether there was one.
  private func takeTurn() -> Bool {
    takeFindings()
    // The processors first: the next ones are computed while these are written.
    return assignNext() || publishIfWorthIt() || retryIfDue() || lookIfDue()
  }

  // MARK: - The worker's hands

  /// Gives the worker the next photograph, unless it has enough to go on with.
  private func assignNext() -> Bool {
    let underWay = inHand.count - finished.count
    guard !isStopping, trouble?.until == nil, underWay < worker.capacity,
      !inHand.values.contains(where: \.isSuspect)
    else { return false }
    if case .gone = folder { return false }
    let item = list.next(at: clock.now) { poison.verdict($0, $1) == .suspect }
    guard let item else { return false }
    let isSuspect = poison.verdict(item.path, item.identity) == .suspect
    if isSuspect, !inHand.isEmpty {
      // Alone: should it end the process, nothing else is suspected with it.
      list.putBack(item)
      return false
    }
    guard let photograph = prepare(item, isSuspect: isSuspect) else { return true }
    if underWay == 0 { lastProgress = clock.now }
    inHand[item.path] = photograph
    worker.add(photograph) { [watcher] finding in
      self.mailbox.withLock { $0.append(finding) }
      watcher.tick()
    }
    return true
  }

  private func takeFindings() {
    let new = mailbox.withLock { mailbox in
      defer { mailbox = [] }
      return mailbox
    }
    if isStopping {
      for photograph in worker.takeWaiting() {
        inHand[photograph.item.path] = nil
        putBack(photograph.item)
      }
    }
    guard !new.isEmpty else { return }
    finishBeingInHand(new.map(\.item))
    finished += new
    lastProgress = clock.now
  }

  private func publishIfWorthIt() -> Bool {
    guard let first = finished.first else { return false }
    let isAll = finished.count == inHand.count
    guard
      isAll || finished.count >= Self.publishedTogether
        || clock.now >= first.delivered + Self.publishingPause
    else { return false }
    let findings = finished
    finished = []
    for finding in findings { inHand[finding.item.path] = nil }
    publish(findings)
    provedItself()
    return true
  }

  /// Whether a mask's name is already meant for another photograph in hand.
  func isClaimed(_ mask: FileName, by source: SourcePath) -> Bool {
    inHand.values.contains { photograph in
      let other = photograph.item.path
      return photograph.mask == mask && other.folder == source.folder && other != source
    }
  }

  func putBack(_ item: WorkList.Item) {
    finishBeingInHand(item)
    list.putBack(item)
  }

  // MARK: - Looking

  private func lookIfDue() -> Bool {
    guard !isStopping else { return false }
    let now = clock.now
    let isDue = lastScan.map { now >= $0 + scanInterval } ?? true
    if isDue || isScanWanted && now >= nextScanAllowed {
      let complete = isCompleteScanWanted
      if complete { wantedNames = [:] }
      (isScanWanted, isCompleteScanWanted) = (false, false)
      followModelStore()
      scan(complete: complete)
      let end = clock.now
      lastScan = end
      // A folder of 100,000 files must not be listed again for each of 100 events per second. But a listing
      // that a share or a stopped machine held up for an hour does not put off the next one for ten.
      nextScanAllowed = end + min(now.duration(to: end) * 10, scanInterval)
      if inHand.count == finished.count || now - lastProgress < longestComputation {
        provedItself()
      }
    } else if !wantedNames.isEmpty {
      followModelStore()
      examineWantedNames()
    } else if let path = list.takeFolderToRefill() {
      fillQueue(from: path)
    } else {
      return false
    }
    return true
  }

  /// How often the folder is listed without being told to.
  private var scanInterval: Duration {
    var interval = settings.rescanInterval
    if polling != nil { interval = min(interval, settings.pollInterval) }
    if case .gone = folder { interval = min(interval, searchInterval) }
    // Often enough to be heard by the watchdog.
    if let watchdog = notifier.watchdogInterval { interval = min(interval, watchdog / 2) }
    return interval
  }

  /// A computation that takes longer hangs.
  private var longestComputation: Duration { notifier.watchdogInterval ?? .seconds(3600) }

  private func setTimer() {
    var instants = [(lastScan ?? clock.now) + scanInterval]
    if isScanWanted { instants.append(nextScanAllowed) }
    if let instant = bulk.due { instants.append(instant) }
    if let first = finished.first { instants.append(first.delivered + Self.publishingPause) }
    // While nothing can be written nothing is assigned.
    if let instant = trouble?.until ?? list.nextInstant { instants.append(instant) }
    timer.set(to: instants.min().map { clock.now.duration(to: $0) })
  }

  /// Tells the watchdog, but only after something was really done, and not a hundred times a second.
  private func provedItself() {
    guard notifier.watchdogInterval != nil, clock.now - lastWatchdog >= .seconds(1) else { return }
    lastWatchdog = clock.now
    notifier.watchdog()
  }

  // MARK: - Beginning and end

  func tellStatus() {
    tellBulk(evenIfEarly: isStopping)
    status.polling = polling
    if let text = status.change(list, folder, trouble, at: clock.now) { notifier.status(text) }
  }

  var statusText: String {
    status.polling = polling
    return status.text(list, folder, trouble)
  }

  private func logStart() {
    logger.record(
      .started, level: .notice,
      "Ready: \(statusText) Masks go to \(settings.resultsFolder.displayed).",
      fields: ["model": "\(worker.modelID)", "queue": "\(list.counts.toDo)"])
  }

  private func end() {
    timer.set(to: nil)
    watcher.detachAll()
    // Now, and not when the last reference to this actor goes: the next daemon may start.
    results.unlock()
    stateLock = nil
    tellBulk(evenIfEarly: true)
    logger.record(
      .stopped, level: .notice,
      "Stopped as told: \(status.segmented) segmented, \(list.counts.toDo) left for the next start.",
      fields: ["segmented": "\(status.segmented)", "queue": "\(list.counts.toDo)"])
  }
}
