import Files
import Journal
import Logging
import SystemPackage

extension FolderService {
  /// Publishes the masks that were made, and handles what was refused.
  func publish(_ findings: [Finding]) {
    guard trouble?.until == nil else {
      // Nothing can be written; it is tried again when it is time to.
      for finding in findings.reversed() { list.putBack(finding.item) }
      return
    }
    var made: [(finding: Finding, mask: FinishedMask)] = []
    for finding in findings {
      switch finding.outcome {
      case .mask(let mask): made.append((finding, mask))
      case .masked:
        removeNote(about: finding.item)
        finish(finding.item, .done(finding.item.identity, maskIndex: finding.maskIndex))
      case .refused(let refusal): handle(refusal, finding.item)
      }
    }
    if !made.isEmpty { publish(made) }
  }

  private func publish(_ made: [(finding: Finding, mask: FinishedMask)]) {
    var failed: [(item: WorkList.Item, error: FileError)] = []
    do throws(FileError) {
      if try results.reopenIfMoved() {
        list.forgetAll()
        isScanWanted = true
      }
      let outcomes = results.publish(
        made.map {
          .init(
            $0.mask.png, as: $0.finding.mask, in: $0.finding.item.path.folder,
            companions: $0.mask.companions)
        })
      for ((finding, mask), outcome) in zip(made, outcomes) {
        switch outcome {
        case .success: tellPublished(finding, mask)
        case .failure(let error): failed.append((finding.item, error))
        }
      }
    } catch {
      failed = made.map { ($0.finding.item, error) }
    }
    notPublished(failed)
  }

  private func tellPublished(_ finding: Finding, _ mask: FinishedMask) {
    let item = finding.item
    troubleIsOver()
    // After the mask: were it the other way round, a failure between the two would leave neither. And
    // whatever happens to the note, the mask is there, and that is said.
    removeNote(about: item)
    status.noteSegmented(item.path, in: clock.now - mask.begun, at: clock.now)
    logSegmented(finding, mask)
    finish(item, .done(item.identity, maskIndex: finding.maskIndex))
    lookAgainIfChanged(item)
    // Between computing and publishing another model or other settings came into service.
    if (finding.modelSHA256, finding.maskSettings) != (worker.modelSHA256, worker.maskSettings) {
      list.settle(item.path, item.identity, at: clock.now)
    }
  }

  /// One cause keeps several masks from being published: it is told once.
  private func notPublished(_ failed: [(item: WorkList.Item, error: FileError)]) {
    for (item, error) in failed.reversed() {
      if !error.isTransient {
        fail(item, reason: error.reason)
      } else if trouble?.until != nil {
        putBack(item)
      } else {
        resultsFailed(error, for: item)
      }
    }
  }

  /// Removes the note about a source that has a mask.
  func removeNote(about item: WorkList.Item) {
    do throws(FileError) {
      try results.removeNote(about: item.path)
    } catch {
      logger.record(
        .noteNotWritten, level: .warning,
        "The note about \(item.path) in failed/ stays though it has a mask: \(error)",
        fields: ["file": field(item.path), "reason": "\(error.reason)"])
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
      putBack(item)
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

  private func logSegmented(_ finding: Finding, _ mask: FinishedMask) {
    let path = finding.item.path
    let total = clock.now - mask.begun
    let percent = Double(Int(mask.lesionFraction * 1000 + 0.5)) / 10
    let isFlagged = !mask.pleaseLook.isEmpty
    let isToldSingly = bulk.isToldSingly(path, isFlagged: isFlagged, at: clock.now)
    var look: Logger.Metadata = [:]
    if isFlagged { look["pleaseLook"] = "\(mask.pleaseLook.codes)" }
    logger.record(
      .segmented, level: !isToldSingly ? .debug : isFlagged ? .notice : .info,
      "Segmented: \(path): lesion \(percent) % of \(mask.width) x \(mask.height) pixels, "
        + "\(seconds(total)) s -> "
        + "\(SourcePath(finding.mask, in: path.folder))"
        + (isFlagged ? ". Please look: \(mask.pleaseLook.text)." : ""),
      fields: [
        "file": field(path),
        "mask": field(SourcePath(finding.mask, in: path.folder)),
        "model": "\(finding.modelID)",
        "width": "\(mask.width)", "height": "\(mask.height)", "areaPercent": "\(percent)",
        "durationMs": "\(milliseconds(total))",
        "decodeMs": "\(milliseconds(mask.decodeTime))",
        "inferMs": "\(milliseconds(mask.inferenceTime))", "queue": "\(list.counts.toDo - 1)",
        "sourceSHA256": "\(mask.sha256)",
      ].merging(look) { own, _ in own })
    tellBulk()
  }

  /// Says how many masks were made without an entry for each.
  func tellBulk(evenIfEarly: Bool = false) {
    guard let summary = bulk.takeSummary(at: clock.now, evenIfEarly: evenIfEarly) else { return }
    let counts = list.counts
    logger.record(
      .summary, level: .info,
      "Segmented \(summary.count) photographs in \(seconds(summary.time)) s, which have no entry of "
        + "their own; the last one: \(summary.last). "
        + (summary.flagged > 0 ? "Please look at \(summary.flagged) of them. " : "")
        + "\(status.waiting(counts.toDo)).",
      fields: [
        "count": "\(summary.count)", "pleaseLookCount": "\(summary.flagged)",
        "durationMs": "\(milliseconds(summary.time))",
        "lastFile": field(summary.last), "model": "\(worker.modelID)", "queue": "\(counts.toDo)",
        "done": "\(counts.done)", "failed": "\(counts.failed)",
      ])
  }

  /// Refuses a source until it is replaced.
  func fail(_ item: WorkList.Item, as kind: MessageKind = .notSegmented, reason: String) {
    if list.isFirst(.refusal, about: item.path) {
      logger.record(
        kind, level: kind == .quarantined ? .error : .warning,
        "Not segmented: \(item.path): \(reason)",
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
      logger.record(
        .noteNotWritten, level: .warning, "No note about \(item.path) in failed/: \(error)",
        fields: ["file": field(item.path), "reason": "\(error.reason)"])
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

  /// The danger is over: should the process end now, it was not because of these.
  func finishBeingInHand(_ items: WorkList.Item...) { finishBeingInHand(items) }

  func finishBeingInHand(_ items: [WorkList.Item]) {
    do throws(FileError) {
      try poison.end(items.map(\.path))
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
