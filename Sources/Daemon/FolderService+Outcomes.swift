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
      try results.publish(png, as: photograph.mask)
    } catch {
      if error.isTransient {
        finishBeingInHand(item)
        list.putBack(item)
        resultsFailed(error)
      } else {
        fail(item, reason: error.reason)
      }
      return
    }
    // After the mask: were it the other way round, a failure between the two would leave neither. And
    // whatever happens to the note, the mask is there, and that is said.
    removeNote(about: item)
    status.segmented += 1
    status.last = (item.name, clock.now - photograph.begun)
    logSegmented(finding, found)
    finish(item, .done(item.identity, mask: photograph.mask))
    lookAgainIfChanged(item)
    // Between computing and publishing another model came into service.
    if finding.worker.modelSHA256 != worker.modelSHA256 {
      list.settle(item.name, item.identity, at: clock.now)
    }
  }

  private func removeNote(about item: WorkList.Item) {
    do throws(FileError) {
      try results.removeNote(about: item.name)
    } catch {
      logger.warning("The note about \(item.name) in failed/ stays though it has a mask: \(error)")
    }
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
    let name = photograph.item.name
    let image = photograph.image
    let total = clock.now - photograph.begun
    let percent = Double(Int(found.lesionFraction * 1000 + 0.5)) / 10
    logger.record(
      .segmented, level: .info,
      "Segmented: \(name): lesion \(percent) % of \(image.width) x \(image.height) pixels, "
        + "\(seconds(total)) s -> \(photograph.mask)",
      fields: [
        "file": field(name), "mask": field(photograph.mask), "model": "\(finding.worker.modelID)",
        "width": "\(image.width)", "height": "\(image.height)", "areaPercent": "\(percent)",
        "durationMs": "\(milliseconds(total))",
        "decodeMs": "\(milliseconds(photograph.decodeTime))",
        "inferMs": "\(milliseconds(found.inferenceTime))", "queue": "\(list.counts.toDo - 1)",
        "sourceSHA256": "\(photograph.sha256)",
      ])
  }

  /// Refuses a source until it is replaced.
  func fail(_ item: WorkList.Item, reason: String) {
    var hasNote = settings.failedNotes
    do throws(FileError) {
      try results.write(note(about: item), reason: reason)
    } catch {
      // The journal has the reason in any case, and the next start tries again.
      hasNote = false
      logger.warning("No note about \(item.name) in failed/: \(error)")
    }
    logger.record(
      .notSegmented, level: .warning, "Not segmented: \(item.name): \(reason)",
      fields: [
        "file": field(item.name), "reason": "\(reason)", "model": "\(worker.modelID)",
        "queue": "\(list.counts.toDo - 1)",
      ])
    finish(item, .failed(item.identity, hasNote: hasNote))
    lookAgainIfChanged(item)
  }

  /// Puts a source off that cannot be read now.
  func postpone(_ item: WorkList.Item, _ error: FileError) {
    let attempts = item.attempts + 1
    let delay = Backoff.delay(after: attempts)
    logger.record(
      .postponed, level: .warning,
      "Not segmented yet: \(item.name): \(error.reason) Next try in \(delay.components.seconds) s.",
      fields: [
        "file": field(item.name), "reason": "\(error.reason)", "attempt": "\(attempts)",
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
  func finish(_ item: WorkList.Item, _ state: WorkList.State) {
    finishBeingInHand(item)
    list.finish(item.name, state)
  }

  func finishBeingInHand(_ item: WorkList.Item) {
    do throws(FileError) {
      try poison.end(item.name)
    } catch {
      // Then it is tried alone after the next start; nothing else depends on it.
      logger.debug("The state directory cannot be written: \(error)")
    }
  }

  /// Starts anew with a source that was replaced while it was in hand.
  private func lookAgainIfChanged(_ item: WorkList.Item) {
    guard let folder = openFolder, let status = try? folder.status(of: item.name),
      identity(of: status) != item.identity
    else { return }
    list.settle(item.name, identity(of: status), at: clock.now)
  }

  /// Waits until a source is quiet again.
  func lookAgain(_ item: WorkList.Item) {
    finishBeingInHand(item)
    guard let status = try? openFolder?.status(of: item.name) else {
      list.forget(item.name)
      return
    }
    list.settle(item.name, identity(of: status), at: clock.now)
  }

  private func field(_ name: FileName) -> Logger.MetadataValue { .stringConvertible(name) }
}

extension FileName: JournalBytes {
  /// The name itself.
  public var journalBytes: [UInt8] { bytes }
}
