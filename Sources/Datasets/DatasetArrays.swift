import Files
import SystemPackage

/// The names of one set of arrays in a folder.
struct ArrayNames: Sendable {
  let images: FileName
  let masks: FileName?
  let index: FileName

  /// Photographs to learn from, with their masks.
  static let training = ArrayNames("imgs_train.npy", masks: "imgs_mask_train.npy", "imgs_train.csv")
  /// Photographs without masks.
  static let test = ArrayNames("imgs_test.npy", masks: nil, "imgs_test.csv")

  private init(_ images: String, masks: String?, _ index: String) {
    guard let imagesName = FileName(images), let indexName = FileName(index) else {
      preconditionFailure("the names have no slash")
    }
    self.images = imagesName
    self.masks = masks.flatMap { FileName($0) }
    self.index = indexName
  }
}

/// Arrays on disk with the index that says what each row is; every row is checked when it is read.
final class DatasetArrays: Sendable {
  /// The rows, in the order of the arrays.
  let rows: [ArrayRow]
  /// Side K of the rows, in pixels.
  let side: Int
  /// Channels C of the photographs.
  let channels: Int
  private let images: RandomAccessFile
  private let masks: RandomAccessFile?

  private static let indexLimitBytes = 1 << 30

  /// Bytes of one photograph.
  var imageByteCount: Int { side * side * channels }
  /// Bytes of one mask; 0 where there are none.
  var maskByteCount: Int { masks == nil ? 0 : side * side }

  /// Opens arrays of this side and these channels; nil if there are none, or others, or damaged ones.
  init?(opening folder: DirectoryHandle, names: ArrayNames, side: Int, channels: Int) {
    guard
      let bytes = try? folder.readRegularFile(
        names.index, limitBytes: Self.indexLimitBytes
      ).bytes,
      let lines = CommaSeparated.rows(of: String(decoding: bytes, as: UTF8.self)),
      lines.first == ArrayRow.columns
    else { return nil }
    let rows = lines.dropFirst().compactMap { ArrayRow(fields: $0) }
    guard rows.count == lines.count - 1 else { return nil }
    func open(_ name: FileName, channels: Int) -> RandomAccessFile? {
      guard let file = try? RandomAccessFile(opening: folder.path.appending(name)),
        let header = try? file.read(at: 0, count: NumPyHeader.byteCount),
        NumPyHeader(parsing: header)?.shape == [rows.count, side, side, channels],
        file.sizeBytes == NumPyHeader.byteCount + rows.count * side * side * channels
      else { return nil }
      return file
    }
    guard let images = open(names.images, channels: channels) else { return nil }
    self.images = images
    if let masksName = names.masks {
      guard let masks = open(masksName, channels: 1) else { return nil }
      self.masks = masks
    } else {
      masks = nil
    }
    self.rows = rows
    self.side = side
    self.channels = channels
  }

  /// The pixels of one row: photograph [K, K, C] and mask [K, K]; nil if they are not those of the index.
  func pixels(at row: Int) -> RowPixels? {
    guard
      let image = try? images.read(
        at: NumPyHeader.byteCount + row * imageByteCount, count: imageByteCount),
      let mask = try? masks?.read(
        at: NumPyHeader.byteCount + row * maskByteCount, count: maskByteCount) ?? []
    else { return nil }
    let pixels = RowPixels(image: image, mask: mask)
    return pixels.digest == rows[row].rowDigest ? pixels : nil
  }
}

/// The pixels of one row.
struct RowPixels: Sendable, Equatable {
  /// [K, K, C].
  var image: [UInt8]
  /// [K, K], 0...255; empty where there is no mask.
  var mask: [UInt8]

  var digest: String { sha256Hex(image + mask) }
}
