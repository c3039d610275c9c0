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
      let (mask, record) = try mask(for: item.name)
      if let record, describes(record, item.identity), isOfModelInService(record) {
        list.finish(item.name, .done(item.identity, mask: mask))
        return nil
      }
      if try hasFailedBefore(item) { return nil }
      try requireInnocence(item)
      try requireRegular(current, item.name)
      try begin(item)
      let (bytes, identity) = try read(item)
      guard identity == item.identity else { throw .changed }
      let sha256 = sha256Hex(bytes)
      if let record, record.sourceSHA256 == sha256, isOfModelInService(record) {
        // Only its time changed.
        finish(item, .done(item.identity, mask: mask))
        return nil
      }
      let image = try image(from: bytes, item)
      return Photograph(
        item: item, mask: mask, sha256: sha256, image: image, begun: begun,
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
    /// Nothing can be read or written now.
    case trouble(FileError)
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
        finish(
          item,
          .waiting(
            item.identity, quietSince: item.quietSince, until: deadline, attempts: item.attempts))
      }
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
    let status: FileStatus?
    do throws(FileError) {
      status = try testFolder().status(of: item.name)
    } catch {
      throw .unreadable(error)
    }
    guard let status else {
      list.forget(item.name)
      return nil
    }
    guard identity(of: status) == item.identity else { throw .changed }
    return status
  }

  private func testFolder() throws(FileError) -> DirectoryHandle {
    if let openFolder { return openFolder }
    let folder = try DirectoryHandle(opening: settings.testFolder)
    openFolder = folder
    return folder
  }

  /// The mask of a source: the one it has, or the best name that is free.
  private func mask(for source: FileName) throws(Refusal) -> (FileName, MaskRecord?) {
    var free: FileName?
    for candidate in MaskName.candidates(for: source) {
      let state: ResultsFolder.MaskState
      do throws(FileError) {
        state = try results.state(ofMask: candidate)
      } catch {
        throw .trouble(error)
      }
      switch state {
      case .ours(let record) where record.sourceName == source: return (candidate, record)
      case .ours, .foreign: continue
      case .free: if free == nil, !isClaimed(candidate, by: source) { free = candidate }
      }
    }
    guard let free else {
      throw .failed(
        reason: "every name for its mask in the Results folder is taken by a file that dermseg did "
          + "not write. Move \(MaskName.candidates(for: source)[0]) away.")
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
    guard let note = try? results.note(about: item.name), note == self.note(about: item) else {
      return false
    }
    list.finish(item.name, .failed(item.identity, hasNote: true))
    return true
  }

  private func requireInnocence(_ item: WorkList.Item) throws(Refusal) {
    if case .quarantined(let deaths) = poison.verdict(item.name, item.identity) {
      throw .failed(
        reason: "the program ended \(deaths) times while it had this file in hand, so it leaves it "
          + "alone. Save the image again with an image editor, and report this fault.")
    }
  }

  private func requireRegular(_ status: FileStatus, _ name: FileName) throws(Refusal) {
    guard status.kind != .regular else { return }
    if SourceName(name) == .unknown { throw .notAPhotograph }
    let error = FileError.notRegular(settings.testFolder.appending(name), status.kind)
    throw .failed(reason: error.reason)
  }

  private func begin(_ item: WorkList.Item) throws(Refusal) {
    do throws(FileError) {
      try poison.begin(item.name, item.identity)
    } catch {
      throw .trouble(error)
    }
  }

  private func read(_ item: WorkList.Item) throws(Refusal) -> ([UInt8], FileIdentity) {
    do throws(FileError) {
      let limitBytes = ImageLimits.standard.fileBytes
      let file = try testFolder().readRegularFile(item.name, limitBytes: limitBytes)
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
