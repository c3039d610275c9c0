import Files
import FolderWatching
import Images
import Masks
import Reports
import Segmentation

/// From photographs' names to the bytes of their masks: read, decode, compute, encode.
///
/// Everything that costs time and nothing that another photograph has to wait for: no state but the
/// network's memory, nothing written.
struct MaskMaking {
  let segmenter: SharedSegmenter
  let modelID: String
  let modelSHA256: String
  /// How masks are made.
  let settings: MaskSettings
  /// Probability from which on a pixel is lesion.
  let threshold: Double
  /// What is wanted beside the masks.
  let companions: CompanionChoice
  let largeOne: LargeImageTurn
  private let clock = ContinuousClock()

  /// A photograph that was read.
  private struct Decoded {
    var photograph: Photograph
    var image: Image
    var sha256: String
    var begun: ContinuousClock.Instant
    var decodeTime: Duration
  }

  /// Makes the masks of as many photographs as one computation takes, but of a very large one alone.
  ///
  /// - Parameters:
  ///   - next: Gives the next photograph, if there is one.
  ///   - deliver: Gets what became of each.
  func makeMasks(
    of next: () -> Photograph?, _ deliver: (Photograph, Finding.Outcome) -> Void
  ) {
    var batch: [Decoded] = []
    var pixels = 0
    while batch.count < segmenter.batchLimit, pixels < LargeImageTurn.ordinaryPixels,
      let photograph = next()
    {
      let begun = clock.now
      do throws(Refusal) {
        let bytes = try read(photograph)
        let sha256 = sha256Hex(bytes)
        if photograph.maskedSHA256 == sha256 {
          deliver(photograph, .masked)
          continue
        }
        func decoded() throws(Refusal) -> Decoded {
          let image = try image(from: bytes, photograph.item.name)
          return Decoded(
            photograph: photograph, image: image, sha256: sha256, begun: begun,
            decodeTime: clock.now - begun)
        }
        let size = ImageDecoder.size(of: bytes)
        if let size, size.width * size.height > LargeImageTurn.ordinaryPixels {
          try largeOne.take { () throws(Refusal) in compute([try decoded()], deliver) }
        } else {
          batch.append(try decoded())
          pixels += (size?.width ?? 0) * (size?.height ?? 0)
        }
      } catch {
        deliver(photograph, .refused(error))
      }
    }
    if !batch.isEmpty { compute(batch, deliver) }
  }

  private func compute(
    _ batch: [Decoded], _ deliver: (Photograph, Finding.Outcome) -> Void
  ) {
    for (one, result) in zip(batch, segmenter.segment(batch.map(\.image), settings)) {
      let item = one.photograph.item
      do throws(Refusal) {
        let found: SegmentedImage
        do throws(SegmentationError) {
          found = try result.get()
        } catch {
          throw .failed(reason: "\(error)")
        }
        let record = MaskRecord(
          sourceName: item.name, sourceSHA256: one.sha256,
          sourceSizeBytes: item.identity.sizeBytes, sourceModified: item.identity.modified,
          modelID: modelID, modelSHA256: modelSHA256, settings: settings,
          pleaseLook: found.pleaseLook)
        let mask = FinishedMask(
          png: try encode(found.mask, record),
          companions: try companions(of: one, record, found), width: one.image.width,
          height: one.image.height, sha256: one.sha256, lesionFraction: found.lesionFraction,
          pleaseLook: found.pleaseLook, begun: one.begun, decodeTime: one.decodeTime,
          inferenceTime: found.inferenceTime)
        deliver(one.photograph, .mask(mask))
      } catch {
        deliver(one.photograph, .refused(error))
      }
    }
  }

  private func read(_ photograph: Photograph) throws(Refusal) -> [UInt8] {
    let file: (bytes: [UInt8], identity: FileIdentity)
    do throws(FileError) {
      file = try photograph.folder.readRegularFile(
        photograph.item.name, limitBytes: ImageLimits.standard.fileBytes)
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
    guard file.identity == photograph.item.identity else { throw .changed }
    return file.bytes
  }

  private func image(from bytes: [UInt8], _ name: FileName) throws(Refusal) -> Image {
    do throws(ImageError) {
      return try ImageDecoder.decode(bytes)
    } catch {
      if case .notAnImage = error, SourceName(name) == .unknown { throw .notAPhotograph }
      // A writer that reserves the space first leaves zeros where the beginning will be.
      let isReserved = bytes.prefix(16).allSatisfy { $0 == 0 }
      if error.isTruncated || isReserved { throw .incomplete(reason: error.description) }
      throw .failed(reason: error.description)
    }
  }

  private func companions(
    of one: Decoded, _ record: MaskRecord, _ found: SegmentedImage
  ) throws(Refusal) -> Companions {
    do throws(ImageError) {
      return try Companions(
        companions,
        record.subject(
          in: one.photograph.item.path.folder, mask: one.photograph.mask, threshold: threshold,
          millimetersPerPixel: companions.millimetersPerPixel),
        photograph: one.image, mask: found.mask, probabilities: found.probabilities)
    } catch {
      throw .failed(reason: "\(error)")
    }
  }

  /// The mask as PNG with its record, read back and compared.
  private func encode(_ mask: Image, _ record: MaskRecord) throws(Refusal) -> [UInt8] {
    do throws(ImageError) {
      let png = try PNGEncoder.encode(mask, text: record.texts)
      guard try ImageDecoder.decode(png) == mask, MaskRecord(PNGText.read(from: png)) == record
      else { throw .notEncoded(detail: "reading it back gives another image") }
      return png
    } catch {
      throw .failed(reason: "\(error)")
    }
  }
}
