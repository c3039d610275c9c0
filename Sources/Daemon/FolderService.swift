import Files
import FolderWatching
import Journal
import Logging
import ModelStore
import Reports
import Segmentation
import ServiceLifecycle
import Settings
import Synchronization
import SystemPackage

/// Watches the test folder and gives every photograph in it a mask or a reason.
///
/// What there is to do is always (stable photographs) - (valid masks) - (failed and unchanged),
/// computed from listings; nothing that happened has to be remembered. This actor finds out what is to
/// be done and publishes what is finished; the worker does all between. The queue holds names only.
public actor FolderService: Service {
  nonisolated let executor = SerialQueueExecutor(label: "dermseg.folder")
  nonisolated let watcher = FolderWatcher()
  nonisolated let poison: PoisonGuard
  nonisolated let stopRequested = Atomic(false)
  private nonisolated let onStop: @Sendable () -> Void

  var settings: Settings
  let logger: Logger
  let notifier: ServiceNotifier
  let results: ResultsFolder
  var worker: SegmentationWorker
  /// What was last said about a model that is not used, so that it is said once.
  var refusedModel: String?
  var stateLock: DirectoryLock?
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
  var bulk = BulkTally()

  // What is to be looked at.
  var isScanWanted = true
  /// Whether the next scan has to examine everything.
  var isCompleteScanWanted = false
  var wantedNames: [SubfolderPath: Set<FileName>] = [:]
  var lastScan: ContinuousClock.Instant?
  var nextScanAllowed: ContinuousClock.Instant

  // Photographs in hand.
  var inHand: [SourcePath: Photograph] = [:]
  /// Those of them that came back and wait for being published.
  var finished: [Finding] = []
  nonisolated let mailbox = Mutex<[Finding]>([])
  /// When the worker was given something while it had nothing, or gave something back.
  var lastProgress: ContinuousClock.Instant
  let timer: WakeUpTimer
  var lastWatchdog: ContinuousClock.Instant

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
      worker = try SegmentationWorker(
        model, threads: settings.threads, masks: settings.masks,
        companions: CompanionChoice(settings.companions))
    } catch {
      throw .network(error)
    }
    (results, stateLock, poison) = (folders.results, folders.stateLock, folders.poison)
    (self.settings, self.logger) = (settings, logger)
    list = WorkList(settle: settings.settle)
    timer = WakeUpTimer { [watcher] in watcher.tick() }
    nextScanAllowed = clock.now
    (lastWatchdog, lastProgress) = (clock.now, clock.now)
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

  /// Asks the service to end after the photographs that are being computed.
  ///
  /// Whoever cannot wait for that may end the process: the photograph's mask is then simply absent.
  public nonisolated func stop() {
    guard !stopRequested.exchange(true, ordering: .sequentiallyConsistent) else { return }
    notifier.stopping(status: "Stopping after the photographs in hand.")
    poison.stop()
    onStop()
    watcher.tick()
  }
}
