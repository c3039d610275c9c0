import Files
import FolderWatching
import Images
import Journal
import Logging
import SystemPackage

extension FolderService {
  /// Finds out whether a source has to be worked on, and where its mask goes.
  ///
  /// - Returns: nil if the source was dealt with: its mask is there, it failed, or it has to wait.
  func prepare(_ item: WorkList.Item, isSuspect: Bool) -> Photograph? {
    do throws(Refusal) {
      guard let (folder, current) = try state(of: item) else { return nil }
      let place = try maskPlace(for: item.path)
      let record = place.record.flatMap { isUpToDate($0) ? $0 : nil }
      if let record, record.describes(item.identity) {
        // The process may have ended between the mask and this.
        removeNote(about: item)
        list.finish(item.path, .done(item.identity, maskIndex: place.index))
        return nil
      }
      if try hasFailedBefore(item) { return nil }
      try requireInnocence(item)
      try requireRegular(current, item.path)
      try begin(item)
      return Photograph(
        item: item, folder: folder, mask: MaskName.candidate(Int(place.index), for: item.name),
        maskIndex: place.index, maskedSHA256: record?.sourceSHA256, isSuspect: isSuspect)
    } catch {
      handle(error, item)
      return nil
    }
  }

  func handle(_ refusal: Refusal, _ item: WorkList.Item) {
    switch refusal {
    case .failed(let reason):
      fail(item, reason: reason)
    case .quarantined(let deaths):
      fail(
        item, as: .quarantined,
        reason: "the program ended \(deaths) times while it had this file in hand, so it leaves it "
          + "alone. Save the image again with an image editor, and report this fault.")
    case .changed:
      lookAgain(item)
    case .incomplete(let reason):
      let deadline = item.quietSince + settings.settleMax
      if clock.now >= deadline {
        fail(item, reason: reason)
      } else {
        tellWaiting(item, reason)
        finish(
          item,
          .waiting(
            item.identity, quietSince: item.quietSince, until: deadline, attempts: item.attempts))
      }
    case .results(let error):
      resultsFailed(error, for: item)
    case .folderGone(let error):
      putBack(item)
      folderIsGone(reason: error.description)
    case .notAPhotograph:
      finish(item, .ignored(item.identity))
    case .unreadable(let error):
      postpone(item, error)
    case .trouble(let error):
      putBack(item)
      resultsFailed(error)
    }
  }

  // MARK: - Steps

  /// A source's folder and present state; nil if it is not there or is no longer the one that was quiet.
  private func state(of item: WorkList.Item) throws(Refusal) -> (DirectoryHandle, FileStatus)? {
    let top: DirectoryHandle
    do throws(FileError) {
      top = try testFolder()
    } catch {
      throw .folderGone(error)
    }
    let folder: DirectoryHandle
    let status: FileStatus?
    do throws(FileError) {
      folder = try top.openDirectory(item.path.folder)
      status = try folder.status(of: item.name)
    } catch {
      if error.errno == .noSuchFileOrDirectory {
        list.drop(item.path)
        return nil
      }
      let isShareAway = [.staleNFSFileHandle, .socketNotConnected, .hostIsDown].contains(
        error.errno)
      throw isShareAway ? .folderGone(error) : .unreadable(error)
    }
    guard let status else {
      list.drop(item.path)
      return nil
    }
    guard identity(of: status) == item.identity else { throw .changed }
    return (folder, status)
  }

  /// The mask of a source: the one it has, or the best name that is free; which of
  /// ``MaskName/candidates(for:)`` that is.
  private func maskPlace(for source: SourcePath) throws(Refusal)
    -> (index: UInt8, record: MaskRecord?)
  {
    let place: (index: UInt8, record: MaskRecord?)?
    do throws(FileError) {
      place = try results.place(ofMaskFor: source) { isClaimed($0, by: source) }
    } catch {
      throw .results(error)
    }
    guard let place else {
      throw .failed(
        reason: "every name for its mask in the Results folder is taken by a file that dermseg did "
          + "not write. Move \(MaskName.candidate(0, for: source.name)) away.")
    }
    return place
  }

  private func isUpToDate(_ record: MaskRecord) -> Bool {
    (record.modelSHA256, record.settings) == (worker.modelSHA256, worker.maskSettings)
  }

  /// Whether a note says that this state of the source failed with this model and program.
  private func hasFailedBefore(_ item: WorkList.Item) throws(Refusal) -> Bool {
    // A note that cannot be read is none.
    guard let note = try? results.note(about: item.path), note == self.note(about: item) else {
      return false
    }
    list.finish(item.path, .failed(item.identity, hasNote: true))
    return true
  }

  private func requireInnocence(_ item: WorkList.Item) throws(Refusal) {
    if case .quarantined(let deaths) = poison.verdict(item.path, item.identity) {
      throw .quarantined(deaths: deaths)
    }
  }

  private func requireRegular(_ status: FileStatus, _ path: SourcePath) throws(Refusal) {
    guard status.kind != .regular else { return }
    if SourceName(path.name) == .unknown { throw .notAPhotograph }
    let error = FileError.notRegular(settings.testFolder.appending(path.name), status.kind)
    throw .failed(reason: error.reason)
  }

  private func begin(_ item: WorkList.Item) throws(Refusal) {
    do throws(FileError) {
      try poison.begin(item.path, item.identity)
    } catch {
      throw .trouble(error)
    }
  }
}
