import Files
import FolderWatching
import Images
import Journal
import Logging
import SystemPackage

extension FolderService {
  /// Reads and decodes a photograph, unless it turns out that there is nothing to do.
  ///
  /// - Returns: nil if the source was dealt with: its mask is there, it failed, or it has to wait.
  func decode(_ item: WorkList.Item, isSuspect: Bool) -> Photograph? {
    let begun = clock.now
    do throws(Refusal) {
      guard let current = try state(of: item) else { return nil }
      let place = try maskPlace(for: item.path)
      if let record = place.record, describes(record, item.identity), isOfModelInService(record) {
        // The process may have ended between the mask and this.
        removeNote(about: item)
        list.finish(item.path, .done(item.identity, maskIndex: place.index))
        return nil
      }
      if try hasFailedBefore(item) { return nil }
      try requireInnocence(item)
      try requireRegular(current, item.path)
      try begin(item)
      let (bytes, identity) = try read(item)
      guard identity == item.identity else { throw .changed }
      let sha256 = sha256Hex(bytes)
      if let record = place.record, record.sourceSHA256 == sha256, isOfModelInService(record) {
        // Only its time changed.
        removeNote(about: item)
        finish(item, .done(item.identity, maskIndex: place.index))
        return nil
      }
      let image = try image(from: bytes, item)
      return Photograph(
        item: item, mask: MaskName.candidate(Int(place.index), for: item.name),
        maskIndex: place.index, sha256: sha256, image: image, begun: begun,
        decodeTime: clock.now - begun, isSuspect: isSuspect)
    } catch {
      handle(error, item)
      return nil
    }
  }

  /// Why a photograph does not go on.
  enum Refusal: Error {
    /// For good, until it is replaced.
    case failed(reason: String)
    /// It was written to since it was quiet.
    case changed
    /// It ends too early; perhaps the rest still comes.
    case incomplete(reason: String)
    /// No photograph, and nobody said that it is one.
    case notAPhotograph
    /// It cannot be read now.
    case unreadable(FileError)
    /// Its mask cannot be looked at or written now.
    case results(FileError)
    /// Nothing can be read or written now.
    case trouble(FileError)
    /// The test folder cannot be opened.
    case folderGone(FileError)
  }

  private func handle(_ refusal: Refusal, _ item: WorkList.Item) {
    switch refusal {
    case .failed(let reason):
      fail(item, reason: reason)
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
      finishBeingInHand(item)
      list.putBack(item)
      folderIsGone(reason: error.description)
    case .notAPhotograph:
      finish(item, .ignored(item.identity))
    case .unreadable(let error):
      postpone(item, error)
    case .trouble(let error):
      finishBeingInHand(item)
      list.putBack(item)
      resultsFailed(error)
    }
  }

  // MARK: - Steps

  /// The present state of a source; nil if it is not there or is no longer the one that was quiet.
  private func state(of item: WorkList.Item) throws(Refusal) -> FileStatus? {
    do throws(FileError) {
      _ = try testFolder()
    } catch {
      throw .folderGone(error)
    }
    let status: FileStatus?
    do throws(FileError) {
      status = try currentStatus(of: item.path)
    } catch {
      let isShareAway = [.staleNFSFileHandle, .socketNotConnected, .hostIsDown].contains(
        error.errno)
      throw isShareAway ? .folderGone(error) : .unreadable(error)
    }
    guard let status else {
      list.drop(item.path)
      return nil
    }
    guard identity(of: status) == item.identity else { throw .changed }
    return status
  }

  /// The mask of a source: the one it has, or the best name that is free; which of
  /// ``MaskName/candidates(for:)`` that is.
  private func maskPlace(for source: SourcePath) throws(Refusal)
    -> (index: UInt8, record: MaskRecord?)
  {
    var free: UInt8?
    for index in 0..<UInt8(MaskName.candidateCount) {
      let candidate = MaskName.candidate(Int(index), for: source.name)
      let state: ResultsFolder.MaskState
      do throws(FileError) {
        state = try results.state(ofMask: candidate, in: source.folder)
      } catch {
        throw .results(error)
      }
      switch state {
      case .ours(let record) where record.sourceName == source.name: return (index, record)
      case .ours, .foreign: continue
      case .free: if free == nil, !isClaimed(candidate, by: source) { free = index }
      }
    }
    guard let free else {
      throw .failed(
        reason: "every name for its mask in the Results folder is taken by a file that dermseg did "
          + "not write. Move \(MaskName.candidate(0, for: source.name)) away.")
    }
    return (free, nil)
  }

  private func describes(_ record: MaskRecord, _ identity: FileIdentity) -> Bool {
    record.sourceSizeBytes == identity.sizeBytes && record.sourceModified == identity.modified
  }

  private func isOfModelInService(_ record: MaskRecord) -> Bool {
    record.modelSHA256 == worker.modelSHA256
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
      throw .failed(
        reason: "the program ended \(deaths) times while it had this file in hand, so it leaves it "
          + "alone. Save the image again with an image editor, and report this fault.")
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

  private func read(_ item: WorkList.Item) throws(Refusal) -> ([UInt8], FileIdentity) {
    do throws(FileError) {
      let limitBytes = ImageLimits.standard.fileBytes
      let file = try testFolder().openDirectory(item.path.folder)
        .readRegularFile(item.name, limitBytes: limitBytes)
      return (file.bytes, file.identity)
    } catch {
      switch error {
      case .changedWhileReading, .notRegular, .system(_, _, .noSuchFileOrDirectory): throw .changed
      case .empty: throw .incomplete(reason: error.reason)
      case .system(_, _, .tooManyOpenFiles), .system(_, _, .tooManyOpenFilesInSystem),
        .system(_, _, .noMemory):
        throw .trouble(error)
      case .tooLarge, .locked: throw .failed(reason: error.reason)
      case .system: throw .unreadable(error)
      }
    }
  }

  private func image(from bytes: [UInt8], _ item: WorkList.Item) throws(Refusal) -> Image {
    do throws(ImageError) {
      return try ImageDecoder.decode(bytes)
    } catch {
      if case .notAnImage = error, SourceName(item.name) == .unknown { throw .notAPhotograph }
      // A writer that reserves the space first leaves zeros where the beginning will be.
      let isReserved = bytes.prefix(16).allSatisfy { $0 == 0 }
      if error.isTruncated || isReserved { throw .incomplete(reason: error.description) }
      throw .failed(reason: error.description)
    }
  }
}
