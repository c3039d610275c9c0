import Files
import Images
import SystemPackage

/// What a check of the folders found.
package struct FolderReport: Sendable, Equatable {
  /// What was promised and is not so.
  package enum Promise: String, Sendable, CaseIterable {
    case sourceChanged = "a source was changed"
    case maskBroken = "a mask is not whole"
    case maskWrong = "a mask is not that of its source"
    case doneWithoutMask = "what the journal calls done is not done"
    case forgotten = "a photograph was forgotten"
    case leftover = "a part file was left behind"
    case companionWithoutMask = "what lies beside a mask is without it"
    case companionMissing = "a mask lacks what is wanted beside it"
  }

  /// One breach of a promise.
  package struct Violation: Sendable, Equatable, CustomStringConvertible {
    package var promise: Promise
    /// The name of what it is about, escaped for display.
    package var name: String
    package var reason: String

    package var description: String { "Violation: \(promise.rawValue): \(name): \(reason)" }
  }

  package var violations: [Violation] = []
  /// Sources that a mask or a reason is due for.
  package var sourceCount = 0
  /// Masks that are whole and right.
  package var maskCount = 0
  /// Sources with a reason instead of a mask.
  package var refusedCount = 0
  /// Masks of photographs that are not there any more.
  package var withoutSourceCount = 0
  /// Masks of photographs that were replaced since.
  package var outdatedCount = 0
  /// Visible files that are not ours.
  package var foreignCount = 0
  /// Entries of the journal that say that a mask was published.
  package var claimCount = 0
  /// Those of them that say it of the same bytes, mask and model again.
  package var repeatedCount = 0
  /// Masks that were computed once more and compared.
  package var recomputedCount = 0

  package init() {}

  mutating func add(_ promise: Promise, _ name: String, _ reason: String) {
    violations.append(Violation(promise: promise, name: name, reason: reason))
  }

  /// Everything in one line.
  package var summary: String {
    var parts = [
      "\(sourceCount) sources", "\(maskCount) whole masks", "\(refusedCount) with a reason",
    ]
    let more = [
      (recomputedCount, "computed once more"), (claimCount, "done by the journal"),
      (repeatedCount, "of them done again"), (withoutSourceCount, "masks without a source"),
      (outdatedCount, "masks of replaced sources"), (foreignCount, "other files"),
    ]
    for (count, words) in more where count > 0 { parts.append("\(count) \(words)") }
    return parts.joined(separator: ", ") + ": \(violations.count) violations."
  }
}

/// What the journal says about one photograph.
package struct JournalClaim: Hashable, Sendable {
  /// Whether a mask was published; else the photograph was refused.
  package var isDone: Bool
  /// The names as the log shows them.
  package var file: String
  package var mask: String
  package var sourceSHA256: String
  package var model: String

  package init(
    isDone: Bool, file: String, mask: String = "", sourceSHA256: String = "", model: String = ""
  ) {
    (self.isDone, self.file, self.mask) = (isDone, file, mask)
    (self.sourceSHA256, self.model) = (sourceSHA256, model)
  }
}

/// A regular file with a visible name in the Results folder.
enum VisibleFile {
  case mask(MaskRecord, Image)
  /// Begins like a mask and is none.
  case broken(reason: String)
  /// Somebody else's.
  case foreign

  init(_ name: FileName, in results: DirectoryHandle) {
    let hasMaskName = name.bytes.suffix(17).elementsEqual("_segmentation.png".utf8)
    let bytes: [UInt8]
    do throws(FileError) {
      bytes = try results.readRegularFile(name, limitBytes: 64 << 20).bytes
    } catch .empty {
      self = hasMaskName ? .broken(reason: "it is empty.") : .foreign
      return
    } catch {
      self = hasMaskName ? .broken(reason: error.reason) : .foreign
      return
    }
    do throws(ImageError) {
      let image = try ImageDecoder.decode(bytes)
      if let record = MaskRecord(PNGText.read(from: bytes)) {
        self = .mask(record, image)
      } else {
        self = .foreign
      }
    } catch {
      // Text that somebody gave such a name begins with other bytes than a part of a mask.
      if case .notAnImage = error {
        self = .foreign
      } else {
        self = hasMaskName ? .broken(reason: error.description) : .foreign
      }
    }
  }
}

/// The notes of `failed/`.
struct Notes {
  private var notes: [FileName: FailedNote] = [:]

  /// - Parameter folder: `failed` or a sub-folder of it; nil: there is none.
  init(in folder: DirectoryHandle?) {
    guard let folder, let names = try? folder.names() else { return }
    for name in names {
      guard let bytes = try? folder.readRegularFile(name, limitBytes: 64 << 10).bytes,
        let note = FailedNote(bytes), MaskName.note(for: note.sourceName) == name
      else { continue }
      notes[note.sourceName] = note
    }
  }

  /// Whether there is a note about this state of a source.
  func explain(_ name: FileName, _ status: FileStatus) -> Bool {
    guard let note = notes[name] else { return false }
    if status.kind != .regular { return true }
    return note.sourceSizeBytes == status.identity.sizeBytes
      && note.sourceModified == status.identity.modified
  }
}
