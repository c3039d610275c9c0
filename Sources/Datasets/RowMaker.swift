import Files
import Images
import SystemPackage

/// A photograph to make a row from.
struct ArraySource: Sendable {
  var name: String
  var imagePath: FilePath
  /// Nil for a photograph without a mask.
  var maskPath: FilePath?
}

/// Makes rows of arrays from files, or takes them from arrays that have them already.
struct RowMaker: Sendable {
  private let old: DatasetArrays?
  private let side: Int
  private let channels: Int
  /// Row numbers of the old arrays.
  private let byName: [String: Int]
  private let byDigest: [String: Int]

  /// What came of one source.
  enum Outcome: Sendable {
    /// A row, its pixels, and which row of the old arrays they are, nil if they are new.
    case row(ArrayRow, RowPixels, oldRow: Int?)
    /// Why there is none.
    case fault(String)
  }

  init(old: DatasetArrays?, side: Int, channels: Int) {
    self.old = old
    self.side = side
    self.channels = channels
    let rows = old?.rows ?? []
    byName = Dictionary(
      zip(rows.map(\.name), rows.indices), uniquingKeysWith: { first, _ in first })
    byDigest = Dictionary(
      zip(rows.map { Self.key($0.imageDigest, $0.maskDigest) }, rows.indices),
      uniquingKeysWith: { first, _ in first })
  }

  private static func key(_ imageDigest: String, _ maskDigest: String) -> String {
    imageDigest + maskDigest
  }

  /// Takes the row of unchanged files or unchanged bytes from the old arrays, makes it anew otherwise.
  func row(for source: ArraySource) -> Outcome {
    if let same = unchanged(source) { return same }
    do throws(PairFault) {
      let image = try PairFiles.readWithIdentity(source.imagePath)
      var mask: (bytes: [UInt8], identity: FileIdentity)?
      if let path = source.maskPath { mask = try PairFiles.readWithIdentity(path) }
      let imageDigest = sha256Hex(image.bytes)
      let maskDigest = mask.map { sha256Hex($0.bytes) } ?? ""
      if let old, let number = byDigest[Self.key(imageDigest, maskDigest)],
        let pixels = old.pixels(at: number)
      {
        var row = old.rows[number]
        row.name = source.name
        row.imageIdentity = image.identity
        row.maskIdentity = mask?.identity
        return .row(row, pixels, oldRow: number)
      }
      let (pair, size, remark) = try decode(image.bytes, mask?.bytes)
      let pixels = RowPixels(
        image: pair.image.pixels, mask: mask == nil ? [] : pair.mask.pixels)
      let row = ArrayRow(
        name: source.name, width: size.width, height: size.height,
        lesionMeetsEdge: pair.lesionMeetsEdge, imageDigest: imageDigest, maskDigest: maskDigest,
        rowDigest: pixels.digest, remark: remark ?? "", imageIdentity: image.identity,
        maskIdentity: mask?.identity)
      return .row(row, pixels, oldRow: nil)
    } catch {
      return .fault(error.reason)
    }
  }

  private func unchanged(_ source: ArraySource) -> Outcome? {
    guard let old, let number = byName[source.name],
      let image = identity(source.imagePath), old.rows[number].imageIdentity == image,
      old.rows[number].maskIdentity == source.maskPath.flatMap(identity),
      (source.maskPath == nil) == (old.rows[number].maskIdentity == nil),
      let pixels = old.pixels(at: number)
    else { return nil }
    return .row(old.rows[number], pixels, oldRow: number)
  }

  private func identity(_ path: FilePath) -> FileIdentity? {
    guard let status = try? fileStatus(at: path), status.kind == .regular else { return nil }
    return status.identity
  }

  private func decode(_ imageBytes: [UInt8], _ maskBytes: [UInt8]?) throws(PairFault) -> (
    pair: DecodedPair, size: (width: Int, height: Int), remark: String?
  ) {
    let (image, mask, remark): (Image, Image, String?)
    if let maskBytes {
      (image, mask, remark) = try PairFiles.decode(imageBytes: imageBytes, maskBytes: maskBytes)
    } else {
      image = try PairFiles.decode(imageBytes, as: "image")
      (mask, remark) = (Image(width: image.width, height: image.height, channels: 1), nil)
    }
    let pair = DecodedPair(image: image, mask: mask, side: side, channels: channels)
    return (pair, (image.width, image.height), remark)
  }
}
