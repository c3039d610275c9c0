import Crypto

/// The SHA-256 of bytes (FIPS 180-4), as 64 lower-case hexadecimal digits.
public func sha256Hex(_ bytes: [UInt8]) -> String { sha256Hex(of: [bytes[...]]) }

/// The same of pieces that follow each other, without putting them together.
public func sha256Hex(of pieces: [ArraySlice<UInt8>]) -> String {
  var hash = SHA256()
  for piece in pieces { hash.update(data: piece) }
  let digits = Array("0123456789abcdef".utf8)
  var hex: [UInt8] = []
  hex.reserveCapacity(64)
  for byte in hash.finalize() {
    hex.append(digits[Int(byte >> 4)])
    hex.append(digits[Int(byte & 15)])
  }
  return String(decoding: hex, as: UTF8.self)
}
