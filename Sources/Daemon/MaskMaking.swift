import Files
import FolderWatching
import Images
import Segmentation

/// From a photograph's name to the bytes of its mask: read, decode, compute, encode.
///
/// Everything that costs time and nothing that another photograph has to wait for: no state but the
/// network's memory, nothing written. One photograph at a time.
struct MaskMaking {
  let segmenter: Segmenter
  let modelID: String
  let modelSHA256: String
  /// Held by the one very large photograph that is worked on.
  let largeOne: LargeImageTurn
  private let clock = ContinuousClock()

  /// Makes the mask.
  func outcome(of photograph: Photograph) -> Finding.Outcome {
    let begun = clock.now
    do throws(Refusal) {
      let (bytes, identity) = try read(photograph)
      guard identity == photograph.item.identity else { throw .changed }
      let sha256 = sha256Hex(bytes)
      if photograph.maskedSHA256 == sha256 { return .masked }
      return .mask(
        try largeOne.take(ifNeededFor: bytes) { () throws(Refusal) in
          try mask(of: photograph, bytes, sha256, begun)
        })
    } catch {
      return .refused(error)
    }
  }

  private func mask(
    of photograph: Photograph, _ bytes: [UInt8], _ sha256: String,
    _ begun: ContinuousClock.Instant
  ) throws(Refusal) -> FinishedMask {
    let image = try image(from: bytes, photograph.item.name)
    let decodeTime = clock.now - begun
    let found: SegmentedImage
    do throws(SegmentationError) {
      found = try segmenter.segment(image)
    } catch {
      throw .failed(reason: "\(error)")
    }
    return FinishedMask(
      png: try encode(found.mask, photograph.item, sha256), width: image.width,
      height: image.height, sha256: sha256, lesionFraction: found.lesionFraction, begun: begun,
      decodeTime: decodeTime, inferenceTime: found.inferenceTime)
  }

  private func read(_ photograph: Photograph) throws(Refusal) -> ([UInt8], FileIdentity) {
    do throws(FileError) {
      let file = try photograph.folder.readRegularFile(
        photograph.item.name, limitBytes: ImageLimits.standard.fileBytes)
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

  /// The mask as PNG with its record, read back and compared.
  private func encode(_ mask: Image, _ item: WorkList.Item, _ sha256: String) throws(Refusal)
    -> [UInt8]
  {
    let record = MaskRecord(
      sourceName: item.name, sourceSHA256: sha256, sourceSizeBytes: item.identity.sizeBytes,
      sourceModified: item.identity.modified, modelID: modelID, modelSHA256: modelSHA256)
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
