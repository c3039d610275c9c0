import Daemon
import Files
import Images
import Journal
import ModelStore
import Settings
import SystemPackage

/// How the service stands: counts, the last masks, the model, the daemon.
///
/// It is read from the folders, so that it is right also while no daemon runs; the journal adds how
/// long each photograph took.
public struct ServiceStatus: Sendable, Encodable {
  /// A photograph that has its mask.
  public struct Latest: Sendable, Encodable {
    /// The names, escaped for display.
    public var file: String
    /// The mask's name in the Results folder.
    public var mask: String
    /// When the mask was published, in seconds since 1970.
    public var published: Int
    /// The lesion's share of the photograph; nil if the mask cannot be read.
    public var areaPercent: Double?
    /// From being found to the mask on disk; nil where the journal cannot be read.
    public var seconds: Double?
    /// The model that made it.
    public var model: String

    enum CodingKeys: String, CodingKey {
      case file, mask, published, seconds, model
      case areaPercent = "area_percent"
    }
  }

  /// The folders, as they are configured.
  public var testFolder: String
  /// The folder of masks.
  public var resultsFolder: String
  /// Photographs without a mask of the model and the settings, and without a note.
  public var waiting: Int
  /// Those of them that have a mask, of another model or made with other settings.
  public var toBeRemade: Int
  /// Photographs with a mask of the model.
  public var done: Int
  /// Photographs with a note.
  public var failed: Int
  /// Masks published in the last minute, hour and day.
  public var lastMinute: Int
  /// See ``lastMinute``.
  public var lastHour: Int
  /// See ``lastMinute``.
  public var lastDay: Int
  /// The model in service; nil if it cannot be used.
  public var model: String?
  /// Why it cannot.
  public var modelTrouble: String?
  /// What systemd calls the service's state; nil without systemd.
  public var unitState: String?
  /// What the daemon says of itself (`STATUS=`); nil without systemd.
  public var unitStatus: String?
  /// The process that works with the Results folder; nil if none does, or it cannot be seen.
  public var process: Int?
  /// The last masks, newest first.
  public var latest: [Latest]
  /// Sub-folders and files that could not be looked at.
  public var unreadable: [String]

  enum CodingKeys: String, CodingKey {
    case waiting, done, failed, model, process, latest, unreadable
    case testFolder = "test_folder"
    case resultsFolder = "results_folder"
    case toBeRemade = "to_be_remade"
    case lastMinute = "masks_last_minute"
    case lastHour = "masks_last_hour"
    case lastDay = "masks_last_day"
    case modelTrouble = "model_trouble"
    case unitState = "unit_state"
    case unitStatus = "unit_status"
  }

  /// Looks at the folders of some settings.
  ///
  /// - Parameters:
  ///   - instance: The daemon whose settings they are.
  ///   - now: Seconds since 1970.
  ///   - latestCount: How many of the last masks to show; each is decoded.
  ///   - progress: Called with how many photographs were judged, of how many.
  /// - Throws: `FileError` when the test folder cannot be listed.
  public init(
    _ settings: Settings, of instance: ServiceInstance, systemd: Systemd = Systemd(), now: Int,
    latestCount: Int = 10, progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws(FileError) {
    let journal = JournalTail(messageID: MessageKind.segmented.identifier, count: 100)
    try self.init(
      settings, of: instance, systemd: systemd, journal: journal, now: now,
      latestCount: latestCount, progress: progress)
  }

  package init(
    _ settings: Settings, of instance: ServiceInstance = ServiceInstance(configFile: nil),
    systemd: Systemd, journal: JournalTail, now: Int, latestCount: Int = 10,
    progress: (_ done: Int, _ count: Int) -> Void = { _, _ in }
  ) throws(FileError) {
    var sha256: String?
    do throws(ModelStoreError) {
      let loaded = try ModelLocator.load(explicitFile: settings.model, store: settings.modelStore)
      (model, sha256) = (loaded.id, loaded.sha256)
    } catch {
      modelTrouble = error.description
    }
    let overview = try FolderOverview(
      testFolder: settings.testFolder, resultsFolder: settings.resultsFolder,
      isRecursive: settings.recursive, modelSHA256: sha256, maskSettings: settings.masks,
      progress: progress)
    toBeRemade = overview.toBeRemade
    testFolder = settings.testFolder.displayed
    resultsFolder = settings.resultsFolder.displayed
    (waiting, done, failed) = (
      overview.counts.toDo, overview.counts.done, overview.counts.failed
    )
    let time = FileTime(seconds: now, nanoseconds: 0)
    lastMinute = overview.publishedCount(within: 60, before: time)
    lastHour = overview.publishedCount(within: 3600, before: time)
    lastDay = overview.publishedCount(within: 86_400, before: time)
    unreadable = overview.unreadable
    let results = try? DirectoryHandle(opening: settings.resultsFolder)
    process = results.flatMap { DirectoryLock.holder(of: $0) }.map(Int.init)
    let unit = systemd.properties(of: "\(instance.unit).service")
    if unit["LoadState"] == "loaded" {
      unitState = unit["ActiveState"]
      unitStatus = unit["StatusText"].flatMap { $0.isEmpty ? nil : $0 }
      if process == nil {
        process = unit["MainPID"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
      }
    }
    latest = overview.done.prefix(latestCount).map { done in
      let entry = journal.entries.first { $0.source == done.source }
      return Latest(
        file: done.source.description, mask: done.mask.description,
        published: done.published.seconds,
        areaPercent: results.flatMap { Self.areaPercent(of: done.mask, in: $0) },
        seconds: entry?.durationMilliseconds.map { Double($0) / 1000 }, model: done.record.modelID)
    }
  }

  /// The share of a mask that is lesion, with one decimal.
  private static func areaPercent(of mask: SourcePath, in results: DirectoryHandle) -> Double? {
    guard
      let bytes = try? results.openDirectory(mask.folder)
        .readRegularFile(mask.name, limitBytes: 64 << 20).bytes,
      let image = try? ImageDecoder.decode(bytes), !image.pixels.isEmpty
    else { return nil }
    let share = Double(image.pixels.count { $0 != 0 }) / Double(image.pixels.count)
    return (share * 1000).rounded() / 10
  }

  /// How long the waiting ones will take, in seconds, if it goes on as in the last minute; nil where
  /// nothing waits or nothing was done.
  public var secondsLeft: Int? {
    waiting > 0 && lastMinute > 0 ? waiting * 60 / lastMinute : nil
  }
}
