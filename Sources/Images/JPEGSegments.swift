/// Walks over the marker segments of a JPEG file (ITU-T T.81, annex B) without decoding pixels.
enum JPEGSegments {
  private static let startOfImage: UInt8 = 0xD8
  private static let endOfImage: UInt8 = 0xD9
  private static let startOfScan: UInt8 = 0xDA
  private static let app1: UInt8 = 0xE1
  private static let exifName: [UInt8] = Array("Exif\0\0".utf8)

  /// Calls `body` with the code and the payload of each segment up to the end of the image, or until
  /// it returns false. Stops quietly where the bytes do not make sense.
  static func forEach(
    in bytes: [UInt8], _ body: (_ code: UInt8, _ payload: ArraySlice<UInt8>) -> Bool
  ) {
    var position = 0
    while position + 1 < bytes.count {
      // Between the segments lie fill bytes and, after a start of scan, coded data, in which 0xFF is
      // followed by 0 or a restart marker.
      guard bytes[position] == 0xFF else {
        position += 1
        continue
      }
      let code = bytes[position + 1]
      switch code {
      case 0xFF:
        position += 1
      case 0x00, 0x01, 0xD0...0xD7, startOfImage:
        position += 2
      case endOfImage:
        return
      default:
        guard position + 3 < bytes.count else { return }
        let length = Int(bytes[position + 2]) << 8 | Int(bytes[position + 3])
        let end = position + 2 + length
        guard length >= 2, end <= bytes.count else { return }
        if !body(code, bytes[(position + 4)..<end]) { return }
        position = end
      }
    }
  }

  /// The orientation of the first EXIF segment before the pixels, or 1.
  static func orientation(of bytes: [UInt8]) -> UInt8 {
    var orientation: UInt8 = 1
    forEach(in: bytes) { code, payload in
      if code == app1 && payload.starts(with: exifName) {
        orientation = Orientation.read(tiff: payload.dropFirst(exifName.count))
        return false
      }
      return code != startOfScan
    }
    return orientation
  }

  /// How many scans the file has.
  static func scanCount(of bytes: [UInt8]) -> Int {
    var count = 0
    forEach(in: bytes) { code, _ in
      if code == startOfScan { count += 1 }
      return true
    }
    return count
  }

  /// The file with an EXIF segment that says `orientation`, directly after its start.
  static func inserting(orientation: UInt8, into bytes: [UInt8]) -> [UInt8] {
    let payload = exifName + Orientation.tiff(orientation)
    let length = payload.count + 2
    let segment = [0xFF, app1, UInt8(length >> 8), UInt8(length & 0xFF)] + payload
    return Array(bytes.prefix(2)) + segment + Array(bytes.dropFirst(2))
  }
}
