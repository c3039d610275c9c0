import Journal
import Logging
import ModelStore
import Reports
import Segmentation
import Settings

extension FolderService {
  /// Takes new settings into service, and the model that they lead to, between two photographs.
  ///
  /// Nothing is interrupted, and a model that cannot be used leaves the one in service. Folders and
  /// the form of the log stay as they are until the next start; that is said.
  public func reload(_ new: Settings) {
    notifier.reloading()
    let later = settings.keysForNextStart(comparedWith: new)
    let settleChanged = new.settle != settings.settle
    let workerChanged = new.threads != settings.threads || new.masks != settings.masks
    // Watched anew, to hear of new sub-folders or not to.
    if new.recursive != settings.recursive { tree = TestFolderTree() }
    settings = settings.following(new)
    if !later.isEmpty {
      let keys = later.joined(separator: ", ")
      logger.record(
        .notReloaded, level: .warning,
        "Not taken over before the next start: \(keys). systemctl restart",
        fields: ["reason": "\(keys)"])
    }
    if settleChanged { list = WorkList(replacing: list, settle: settings.settle) }
    refusedModel = nil
    takeModel(
      evenIfKnown: workerChanged,
      load: { [settings] () throws(ModelStoreError) in
        try ModelLocator.load(explicitFile: settings.model, store: settings.modelStore)
      })
    logger.record(
      .reloaded, level: .notice, "Settings and model were read again. Model \(worker.modelID).",
      fields: ["model": "\(worker.modelID)"])
    isScanWanted = true
    notifier.ready(status: statusText)
    watcher.tick()
  }

  /// Takes the store's current model into service if it is another one.
  ///
  /// Costs two system calls where it is the same.
  func followModelStore() {
    guard settings.model == nil else { return }
    let store = ModelStore(directory: settings.modelStore)
    let id: String?
    do throws(ModelStoreError) {
      id = try store.currentID()
    } catch {
      refuse(error)
      return
    }
    guard let id, id != worker.modelID, id != refusedModel else { return }
    takeModel(evenIfKnown: false) { () throws(ModelStoreError) in
      guard let model = try store.current() else { throw .noModel(lookedFor: id) }
      return model
    }
    if worker.modelID != id { refusedModel = id }
  }

  private func takeModel(
    evenIfKnown: Bool, load: () throws(ModelStoreError) -> LoadedModel
  ) {
    let model: LoadedModel
    do throws(ModelStoreError) {
      model = try load()
    } catch {
      refuse(error)
      return
    }
    guard evenIfKnown || model.sha256 != worker.modelSHA256 else { return }
    let previous = worker.modelID
    do throws(SegmentationError) {
      // What is being computed keeps the old one until it is done.
      worker = try SegmentationWorker(
        model, threads: settings.threads, masks: settings.masks,
        companions: CompanionChoice(settings.companions))
    } catch {
      refuse(error)
      return
    }
    refusedModel = nil
    status.model = model.id
    logger.record(
      .modelLoaded, level: .notice,
      "Model \(model.id) from \(model.origin) is in service, in place of \(previous). All "
        + "photographs are segmented anew, new arrivals first.",
      fields: ["model": "\(model.id)", "modelSHA256": "\(model.sha256)", "previous": "\(previous)"])
    // Every mask is looked at again: those of the old model are replaced.
    list.forgetAll()
    isScanWanted = true
  }

  private func refuse(_ error: some Error & CustomStringConvertible) {
    let reason = error.description
    guard refusedModel != reason else { return }
    refusedModel = reason
    logger.record(
      .modelRefused, level: .error,
      "Model not replaced: \(reason) Kept \(worker.modelID).",
      fields: ["model": "\(worker.modelID)", "reason": "\(reason)"])
  }
}
