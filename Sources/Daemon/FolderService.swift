import Files
import FolderWatching
import Journal
import Logging
import ModelStore
import Segmentation
import ServiceLifecycle
import Settings
import Synchronization
import SystemPackage

/// Watches the test folder and gives every photograph in it a mask or a reason.
///
/// What there is to do is always (stable photographs) - (valid masks) - (failed and unchanged),
/// computed from listings; nothing that happened has to be remembered. One photograph is read and
/// decoded, and one published, while a third is computed; the queue holds names only.
public actor FolderService: Service {
  private nonisolated let executor = SerialQueueExecutor(label: "dermseg.folder")
  nonisolated let watcher = FolderWatcher()
  nonisolated let poison: PoisonGuard
  private nonisolated let stopRequested = Atomic(false)
  private nonisolated let onStop: @Sendable () -> Void

  var settings: Settings
  let logger: Logger
  let notifier: ServiceNotifier
  let results: ResultsFolder
  var worker: SegmentationWorker
  /// What was last said about a model that is not used, so that it is said once.
  var refusedModel: String?
  private var stateLock: DirectoryLock?
  let clock = ContinuousClock()

  // What the loop knows.
  var list: WorkList
  var folder = FolderState.notSeen
  var tree = TestFolderTree()
  /// The folder while there is work in it: an open folder cannot be unmounted.
  var openFolder: DirectoryHandle?
  /// Why the folder is listed regularly; nil while inotify tells of changes.
  var polling: PollingReason?
  var lostEvents = LostEvents()
  var trouble: Trouble?
  var status = StatusLine()

  // What is to be looked at.
  var isScanWanted = true
  /// Whether the next scan has to examine everything.
  var isCompleteScanWanted = false
  var wantedNames: [SubfolderPath: Set<FileName>] = [:]
  private var lastScan: ContinuousClock.Instant?
  private var nextScanAllowed: ContinuousClock.Instant

  // Photographs in hand.
  private var decoded: Photograph?
  private var computing:
    (photograph: Photograph, since: ContinuousClock.Instant, task: Task<Void, Never>)?
  private nonisolated let computed = Mutex<Finding?>(nil)
  private let timer: WakeUpTimer
  private var lastWatchdog: ContinuousClock.Instant

  /// A thread of its own, which may block.
  public nonisolated var unownedExecutor: UnownedSerialExecutor {
    unsafe executor.asUnownedSerialExecutor()
  }

  /// Checks the folders, takes the locks and loads the model; nothing is watched yet.
  ///
  /// - Parameters:
  ///   - settings: What to watch, and how.
  ///   - logger: Gets one entry per photograph.
  ///   - onStop: Called once when the service is told to stop, before it has stopped.
  /// - Throws: ``DaemonError``.
  public init(
    settings: Settings, logger: Logger, onStop: @escaping @Sendable () -> Void = {}
  ) throws(DaemonError) {
    (self.onStop, notifier) = (onStop, ServiceNotifier())
    let model: LoadedModel
    do throws(ModelStoreError) {
      model = try ModelLocator.load(explicitFile: settings.model, store: settings.modelStore)
    } catch {
      throw .model(error)
    }
    let folders = try OwnedFolders(settings)
    do throws(SegmentationError) {
      worker = try SegmentationWorker(model, threads: settings.threads)
    } catch {
      throw .network(error)
    }
    (results, stateLock, poison) = (folders.results, folders.stateLock, folders.poison)
    (self.settings, self.logger) = (settings, logger)
    list = WorkList(settle: settings.settle)
    timer = WakeUpTimer { [watcher] in watcher.tick() }
    nextScanAllowed = clock.now
    lastWatchdog = clock.now
    status.model = model.id
    logger.record(
      .modelLoaded, level: .info, "Model \(model.id) from \(model.origin)",
      fields: ["model": "\(model.id)", "modelSHA256": "\(model.sha256)"])
  }

  /// From now on a crash of the process is noted, so that the photograph that caused it is found out.
  ///
  /// For the one service of a program.
  public nonisolated func noteCrashes() throws(FileError) { try poison.markCrashes() }

  /// Works until it is told to stop: by ``stop()`` or by the service group.
  public func run() async {
    await withGracefulShutdownHandler {
      await loop()
    } onGracefulShutdown: {
      self.stop()
    }
  }

  /// Asks the service to end after the photograph in hand.
  ///
  /// Whoever cannot wait for that may end the process: the photograph's mask is then simply absent.
  public nonisolated func stop() {
    guard !stopRequested.exchange(true, ordering: .sequentiallyConsistent) else { return }
    notifier.stopping(status: "Stopping after the photograph in hand.")
    poison.stop()
    onStop()
    watcher.tick()
  }

  private var isStopping: Bool { stopRequested.load(ordering: .sequentiallyConsistent) }

  // MARK: - The loop

  private func loop() async {
    var ticks = watcher.ticks.makeAsyncIterator()
    var turns = 0
    _ = lookIfDue()
    if !isStopping {
      notifier.ready(status: statusText)
      logStart()
    }
    while !(isStopping && computing == nil) {
      if takeTurn(firstOf: [
        publishIfComputed, computeIfDecoded, retryIfDue, lookIfDue, decodeIfFree,
      ]) {
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
  @discardableResult
  private func takeTurn(firstOf turns: [() -> Bool]) -> Bool {
    for turn in turns where turn() { return true }
    return false
  }

  private func publishIfComputed() -> Bool {
    guard let finding = computed.withLock({ $0.take() }) else { return false }
    computing = nil
    // The processors first: the next one is computed while this one is written.
    if !finding.photograph.isSuspect { _ = computeIfDecoded() }
    publish(finding)
    provedItself()
    return true
  }

  private func computeIfDecoded() -> Bool {
    guard !isStopping, computing == nil, let photograph = decoded else { return false }
    decoded = nil
    // At once: this thread goes on to write the last mask and to decode the next photograph.
    let task = Task.immediate { [worker, watcher] in
      await worker.segment(photograph) { finding in
        self.computed.withLock { $0 = finding }
        watcher.tick()
      }
    }
    computing = (photograph, clock.now, task)
    return true
  }

  private func decodeIfFree() -> Bool {
    guard decoded == nil, !isStopping, trouble?.until == nil,
      computing?.photograph.isSuspect != true
    else { return false }
    if case .gone = folder { return false }
    let item = list.next(at: clock.now) { poison.verdict($0, $1) == .suspect }
    guard let item else { return false }
    let isSuspect = poison.verdict(item.path, item.identity) == .suspect
    if isSuspect, computing != nil {
      // Alone: should it end the process, nothing else is suspected with it.
      list.putBack(item)
      return false
    }
    decoded = decode(item, isSuspect: isSuspect)
    return true
  }

  private func lookIfDue() -> Bool {
    guard !isStopping else { return false }
    let now = clock.now
    let isDue = lastScan.map { now >= $0 + scanInterval } ?? true
    if isDue || isScanWanted, now >= nextScanAllowed {
      let complete = isCompleteScanWanted
      if complete { wantedNames = [:] }
      (isScanWanted, isCompleteScanWanted) = (false, false)
      followModelStore()
      scan(complete: complete)
      lastScan = now
      // A folder of 100,000 files must not be listed again for each of 100 events per second.
      nextScanAllowed = clock.now + now.duration(to: clock.now) * 10
      if computing.map({ now - $0.since < longestComputation }) ?? true { provedItself() }
    } else if !wantedNames.isEmpty {
      examineWantedNames()
    } else if let path = list.takeFolderToRefill() {
      fillQueue(from: path)
    } else {
      return false
    }
    return true
  }

  // MARK: - Waiting

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
    // While nothing can be written nothing is decoded.
    if let instant = trouble?.until ?? list.nextInstant { instants.append(instant) }
    timer.set(to: instants.min().map { clock.now.duration(to: $0) })
  }

  /// Tells the watchdog, but only after something was really done, and not a hundred times a second.
  private func provedItself() {
    guard notifier.watchdogInterval != nil, clock.now - lastWatchdog >= .seconds(1) else { return }
    lastWatchdog = clock.now
    notifier.watchdog()
  }

  func tellStatus() {
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
    if let decoded { putBack(decoded.item) }
    // Now, and not when the last reference to this actor goes: the next daemon may start.
    results.unlock()
    stateLock = nil
    logger.record(
      .stopped, level: .notice,
      "Stopped as told: \(status.segmented) segmented, \(list.counts.toDo) left for the next start.",
      fields: ["queue": "\(list.counts.toDo)"])
  }

  /// Whether a mask's name is already meant for another photograph in hand.
  func isClaimed(_ mask: FileName, by source: SourcePath) -> Bool {
    [decoded, computing?.photograph].contains { photograph in
      guard let photograph else { return false }
      let other = photograph.item.path
      return photograph.mask == mask && other.folder == source.folder && other != source
    }
  }

  private func putBack(_ item: WorkList.Item) {
    list.putBack(item)
    try? poison.end(item.path)
  }
}
