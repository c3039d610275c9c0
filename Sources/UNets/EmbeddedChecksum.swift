import Files

/// A SHA-256 within the safetensors file that it is of, computed with zeros in its place.
///
/// A model of the store has a checksum beside it; a file that is copied, sent or named by its path has only
/// this one. Cost of either way: one SHA-256 of the file.
package enum EmbeddedChecksum {
  /// Its key in the metadata.
  package static let key = "checksum"
  /// What stands in its place before it is known.
  package static let blank = String(repeating: "0", count: 64)

  /// Puts the sum into its place, if there is one.
  package static func fill(in bytes: inout [UInt8]) {
    guard let place = place(of: blank, in: bytes) else { return }
    bytes.replaceSubrange(place, with: Array(sha256Hex(bytes).utf8))
  }

  /// Whether the bytes have this sum, and have it within them.
  package static func isRight(in bytes: [UInt8], sum: String) -> Bool {
    guard sum.utf8.count == 64, let place = place(of: sum, in: bytes) else { return false }
    return sha256Hex(
      of: [bytes[..<place.lowerBound], Array(blank.utf8)[...], bytes[place.upperBound...]]) == sum
  }

  /// Searched for in the header only, which is text.
  private static func place(of text: String, in bytes: [UInt8]) -> Range<Int>? {
    let wanted = Array("\"\(key)\":\"\(text)\"".utf8)
    let length = bytes.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let end = Int(min(UInt64(bytes.count), 8 + min(length, 1 << 40)))
    guard end >= wanted.count else { return nil }
    for start in 0...(end - wanted.count) where bytes[start] == wanted[0] {
      if bytes[start..<(start + wanted.count)].elementsEqual(wanted) {
        let first = start + wanted.count - 1 - 64
        return first..<(first + 64)
      }
    }
    return nil
  }
}
