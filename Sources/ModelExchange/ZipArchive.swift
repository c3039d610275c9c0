import CInflate

/// A ZIP archive in memory, read as hostile input.
///
/// Stored and deflated entries are read, which is all that NumPy writes. Not read, and said so: encryption,
/// archives of several parts, and sizes of 4 GiB and more (ZIP64). Entries must lie apart from each other, so
/// that a small file cannot stand for a large one many times. Source: PKWARE, "APPNOTE.TXT", 6.3.
package struct ZipArchive {
  /// One file of the archive, checked against the archive's size.
  package struct Entry {
    /// The path within the archive.
    package var name: String
    /// Size after decompression.
    package var sizeBytes: Int
    fileprivate var isDeflated: Bool
    fileprivate var checksum: UInt32
    fileprivate var data: Range<Int>
  }

  /// In the order of the directory.
  package let entries: [Entry]
  private let bytes: [UInt8]

  /// More entries than any network has tensors.
  private static let entryLimit = 10_000

  /// - Parameters:
  ///   - bytes: the whole archive.
  ///   - limitBytes: the most that all entries together may hold after decompression.
  package init(_ bytes: [UInt8], limitBytes: Int) throws(WeightsError) {
    let reader = LittleEndianReader(bytes: bytes)
    let (directory, count) = try Self.directory(reader)
    var entries: [Entry] = []
    var names: Set<String> = []
    var position = directory.lowerBound
    var total = 0
    for _ in 0..<count {
      let entry = try Self.entry(reader, at: &position, directory)
      guard names.insert(entry.name).inserted else {
        throw .badArchive("it has two entries of the name \(entry.name)")
      }
      let (sum, overflows) = total.addingReportingOverflow(entry.sizeBytes)
      guard !overflows, sum <= limitBytes else {
        throw .badArchive("its entries hold more than \(limitBytes) bytes")
      }
      total = sum
      entries.append(entry)
    }
    let ranges = entries.map(\.data).sorted { $0.lowerBound < $1.lowerBound }
    for (first, second) in zip(ranges, ranges.dropFirst())
    where first.upperBound > second.lowerBound {
      throw .badArchive("two entries share bytes")
    }
    self.entries = entries
    self.bytes = bytes
  }

  /// An entry's content, decompressed and compared with its checksum.
  package func content(of entry: Entry) throws(WeightsError) -> [UInt8] {
    let source = bytes[entry.data]
    guard entry.isDeflated else {
      try check(Array(source), entry)
      return Array(source)
    }
    var content = [UInt8](repeating: 0, count: entry.sizeBytes)
    let status = unsafe source.withUnsafeBufferPointer { input in
      unsafe content.withUnsafeMutableBufferPointer { output in
        unsafe cinflate(input.baseAddress, input.count, output.baseAddress, output.count)
      }
    }
    guard status == 0 else {
      throw .badArchive(
        status == 2
          ? "there is no memory to decompress \(entry.name)" : "\(entry.name) is damaged")
    }
    try check(content, entry)
    return content
  }

  private func check(_ content: [UInt8], _ entry: Entry) throws(WeightsError) {
    let found = unsafe content.withUnsafeBufferPointer {
      unsafe cinflate_checksum($0.baseAddress, $0.count)
    }
    guard found == entry.checksum else {
      throw .badArchive("\(entry.name) is damaged: its checksum differs")
    }
  }

  /// Finds the directory by its end record, which a comment may follow.
  private static func directory(
    _ reader: LittleEndianReader
  ) throws(WeightsError) -> (Range<Int>, count: Int) {
    let size = reader.bytes.count
    var end: Int?
    for position in stride(from: size - 22, through: max(0, size - 22 - 0xFFFF), by: -1)
    where position >= 0 && reader.number(4, at: position) == 0x0605_4B50 {
      if reader.number(2, at: position + 20) == size - position - 22 {
        end = position
        break
      }
    }
    guard let end, let here = reader.number(2, at: end + 8),
      let count = reader.number(2, at: end + 10),
      let length = reader.number(4, at: end + 12), let start = reader.number(4, at: end + 16)
    else { throw .badArchive("its directory is missing: the file is cut, or no ZIP archive") }
    guard count != 0xFFFF, start != 0xFFFF_FFFF else {
      throw .badArchive("it is of 4 GiB or more (ZIP64), which is not read")
    }
    guard here == count, count <= entryLimit, start + length <= end else {
      throw .badArchive(
        "its directory does not fit: \(count) entries in \(length) bytes at \(start)")
    }
    return (start..<(start + length), count)
  }

  private static func entry(
    _ reader: LittleEndianReader, at position: inout Int, _ directory: Range<Int>
  ) throws(WeightsError) -> Entry {
    guard position + 46 <= directory.upperBound, reader.number(4, at: position) == 0x0201_4B50,
      let flags = reader.number(2, at: position + 8),
      let method = reader.number(2, at: position + 10),
      let checksum = reader.number(4, at: position + 16),
      let compressed = reader.number(4, at: position + 20),
      let size = reader.number(4, at: position + 24),
      let nameLength = reader.number(2, at: position + 28),
      let extraLength = reader.number(2, at: position + 30),
      let commentLength = reader.number(2, at: position + 32),
      let local = reader.number(4, at: position + 42),
      position + 46 + nameLength + extraLength + commentLength <= directory.upperBound,
      let name = String(
        validating: reader.bytes[(position + 46)..<(position + 46 + nameLength)], as: UTF8.self)
    else { throw .badArchive("its directory is damaged at byte \(position)") }
    position += 46 + nameLength + extraLength + commentLength
    guard flags & 1 == 0 else { throw .badArchive("\(name) is encrypted") }
    guard method == 0 || method == 8 else {
      throw .badArchive("\(name) is compressed by method \(method); stored and deflated are read")
    }
    guard compressed != 0xFFFF_FFFF, size != 0xFFFF_FFFF, local != 0xFFFF_FFFF else {
      throw .badArchive("\(name) is of 4 GiB or more (ZIP64), which is not read")
    }
    guard method == 8 || compressed == size else {
      throw .badArchive("\(name) is stored and has two sizes, \(compressed) and \(size)")
    }
    guard local + 30 <= directory.lowerBound, reader.number(4, at: local) == 0x0403_4B50,
      let localName = reader.number(2, at: local + 26),
      let localExtra = reader.number(2, at: local + 28)
    else { throw .badArchive("\(name) is not where the directory says") }
    let start = local + 30 + localName + localExtra
    guard start + compressed <= directory.lowerBound else {
      throw .badArchive("\(name) reaches into the directory")
    }
    return Entry(
      name: name, sizeBytes: size, isDeflated: method == 8, checksum: UInt32(checksum),
      data: start..<(start + compressed))
  }
}

/// Little-endian numbers in bytes; nil where they are not there.
struct LittleEndianReader {
  let bytes: [UInt8]

  /// A whole number of up to 4 bytes.
  func number(_ width: Int, at position: Int) -> Int? {
    guard position >= 0, position + width <= bytes.count else { return nil }
    return bytes[position..<(position + width)].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
