import Files
import Images
import Journal
import Logging
import Segmentation
import SystemPackage

extension FolderService {
  /// Makes the mask of a computed photograph and publishes it.
  func publish(_ finding: Finding) {
    let photograph = finding.photograph
    let item = photograph.item
    let found: SegmentedImage
    let png: [UInt8]
    do {
      found = try finding.result.get()
      png = try encode(found.mask, finding)
    } catch {
      fail(item, reason: "\(error)")
      return
    }
    do throws(FileError) {
      if try results.reopenIfMoved() {
        list.forgetAll()
        isScanWanted = true
      }
      try results.publish(png, as: photograph.mask, in: item.path.folder)
    } catch {
      if error.isTransient {
        resultsFailed(error, for: item)
      } else {
        fail(item, reason: error.reason)
      }
      return
    }
    troubleIsOver()
    // After the mask: were it the other way round, a failure between the two would leave neither. And
    // whatever happens to the note, the mask is there, and that is said.
    removeNote(about: item)
    status.segmented += 1
    status.last = (item.path, clock.now - photograph.begun)
    logSegmented(finding, found)
    finish(item, .done(item.identity, maskIndex: photograph.maskIndex))
    lookAgainIfChanged(item)
    // Between computing and publishing another model came into service.
    if finding.worker.modelSHA256 != worker.modelSHA256 {
      list.settle(item.path, item.identity, at: clock.now)
    }
  }

  /// Removes the note about a source that has a mask.
  func removeNote(about item: WorkList.Item) {
    do throws(FileError) {
      try results.removeNote(about: item.path)
    } catch {
      logger.warning("The note about \(item.path) in failed/ stays though it has a mask: \(error)")
    }
  }

  /// Notes that the Results folder refused something about one source.
  ///
  /// What only concerns a sub-folder of it must not keep all the others waiting.
  func resultsFailed(_ error: FileError, for item: WorkList.Item) {
    let isLocal: Bool
    switch error.errno {
    case .notDirectory?, .tooManySymbolicLinkLevels?, .permissionDenied?, .notPermitted?,
      .noSuchFileOrDirectory?:
      isLocal = item.path.folder != .top
    default: isLocal = false
    }
    if isLocal {
      postpone(item, error, about: error.path.displayed + ": ")
    } else {
      finishBeingInHand(item)
      list.putBack(item)
      resultsFailed(error)
    }
  }

  /// Says once that a file that ends too early is waited for.
  func tellWaiting(_ item: WorkList.Item, _ reason: String) {
    guard list.isFirst(.waiting, about: item.path) else { return }
    logger.record(
      .postponed, level: .notice,
      "Waiting for the rest of \(item.path): \(reason) It counts as damaged if it has not grown in "
        + "\(seconds(settings.settleMax)) s.",
      fields: ["file": field(item.path), "reason": "\(reason)"])
  }

  /// The mask as PNG with its record, read back and compared.
  private func encode(_ mask: Image, _ finding: Finding) throws(ImageError) -> [UInt8] {
    let photograph = finding.photograph
    let record = MaskRecord(
      sourceName: photograph.item.name, sourceSHA256: photograph.sha256,
      sourceSizeBytes: photograph.item.identity.sizeBytes,
      sourceModified: photograph.item.identity.modified, modelID: finding.worker.modelID,
      modelSHA256: finding.worker.modelSHA256)
    let png = try PNGEncoder.encode(mask, text: record.texts)
    let again = try ImageDecoder.decode(png)
    guard again.width == photograph.image.width, again.height == photograph.image.height,
      again.pixels == mask.pixels, MaskRecord(PNGText.read(from: png)) == record
    else { throw .notEncoded(detail: "reading it back gives another image") }
    return png
  }

  private func logSegmented(_ finding: Finding, _ found: SegmentedImage) {
    let photograph = finding.photograph
    let path = photograph.item.path
    let image = photograph.image
    let total = clock.now - photograph.begun
    let percent = Double(Int(found.lesionFraction * 1000 + 0.5)) / 10
    logger.record(
      .segmented, level: .info,
      "Segmented: \(path): lesion \(percent) % of \(image.width) x \(image.height) pixels, "
        + "\(seconds(total)) s -> "
        + "\(SourcePath(photograph.mask, in: path.folder))",
      fields: [
        "file": field(path),
        "mask": field(SourcePath(photograph.mask, in: path.folder)),
        "model": "\(finding.worker.modelID)",
        "width": "\(image.width)", "height": "\(image.height)", "areaPercent": "\(percent)",
        "durationMs": "\(milliseconds(total))",
        "decodeMs": "\(milliseconds(photograph.decodeTime))",
        "inferMs": "\(milliseconds(found.inferenceTime))", "queue": "\(list.counts.toDo - 1)",
        "sourceSHA256": "\(photograph.sha256)",
      ])
  }

  /// Refuses a source until it is replaced.
  func fail(_ item: WorkList.Item, reason: String) {
    if list.isFirst(.refusal, about: item.path) {
      logger.record(
        .notSegmented, level: .warning, "Not segmented: \(item.path): \(reason)",
        fields: [
          "file": field(item.path), "reason": "\(reason)", "model": "\(worker.modelID)",
          "queue": "\(list.counts.toDo - 1)",
        ])
    }
    do throws(FileError) {
      try results.write(note(about: item), reason: reason, in: item.path.folder)
    } catch {
      if error.isTransient {
        // Without its note the next start would know nothing of the failure.
        postpone(item, error, about: "No note in failed/ yet: \(error.path.displayed): ")
        return
      }
      logger.warning("No note about \(item.path) in failed/: \(error)")
      finish(item, .failed(item.identity, hasNote: false))
      return lookAgainIfChanged(item)
    }
    finish(item, .failed(item.identity, hasNote: settings.failedNotes))
    lookAgainIfChanged(item)
  }

  /// Puts a source off for which something cannot be read or written now.
  func postpone(_ item: WorkList.Item, _ error: FileError, about what: String = "") {
    let attempts = item.attempts + 1
    let delay = Backoff.delay(after: attempts)
    logger.record(
      .postponed, level: .warning,
      "Not segmented yet: \(item.path): \(what)\(error.reason) Next try in "
        + "\(delay.components.seconds) s.",
      fields: [
        "file": field(item.path), "reason": "\(error.reason)", "attempt": "\(attempts)",
      ])
    finish(
      item,
      .waiting(
        item.identity, quietSince: item.quietSince, until: clock.now + delay, attempts: attempts))
  }

  /// The note that says that this state of the source failed here.
  func note(about item: WorkList.Item) -> FailedNote {
    FailedNote(
      sourceName: item.name, sourceSizeBytes: item.identity.sizeBytes,
      sourceModified: item.identity.modified, modelSHA256: worker.modelSHA256)
  }

  /// Ends the work on a source with an outcome.
  func finish(_ item: WorkList.Item, _ outcome: WorkList.Outcome) {
    finishBeingInHand(item)
    list.finish(item.path, outcome)
  }

  func finishBeingInHand(_ item: WorkList.Item) {
    do throws(FileError) {
      try poison.end(item.path)
    } catch {
      // Then it is tried alone after the next start; nothing else depends on it.
      logger.debug("The state directory cannot be written: \(error)")
    }
  }

  /// Starts anew with a source that was replaced while it was in hand.
  private func lookAgainIfChanged(_ item: WorkList.Item) {
    guard openFolder != nil, let status = try? currentStatus(of: item.path),
      identity(of: status) != item.identity
    else { return }
    list.settle(item.path, identity(of: status), at: clock.now)
  }

  /// Waits until a source is quiet again.
  func lookAgain(_ item: WorkList.Item) {
    finishBeingInHand(item)
    guard let status = try? currentStatus(of: item.path) else {
      list.drop(item.path)
      return
    }
    list.settle(item.path, identity(of: status), at: clock.now)
  }

  private func field(_ path: SourcePath) -> Logger.MetadataValue { .stringConvertible(path) }
}

extension SourcePath: JournalBytes {
  /// The path itself.
  public var journalBytes: [UInt8] { bytes }
}
