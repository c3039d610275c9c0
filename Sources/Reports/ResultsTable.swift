import Files
import SystemPackage

/// `results.csv`: one line for each photograph, added as its mask is made.
///
/// A line that a power cut tore is dropped when the table is used next, and the table can be made anew from
/// the reports at any time (`dermseg report`). A photograph that gets a new mask gets a new line; its old one
/// goes at once, or, of a table of thousands of lines, when an eighth of them is out of date: the last line of
/// a photograph is the one that counts. For the holder of the folder's lock. Not Sendable.
///
/// Memory: 16 bytes for each line. Cost: the table is read once, then one line is written each time.
public final class ResultsTable {
  /// The table's name in the Results folder.
  public static let name = fixedName("results.csv")
  /// What a table is called that somebody else wrote under that name, or another version with other columns.
  public static let oldName = fixedName("results-old.csv")

  private let folder: DirectoryHandle
  private let permissions: UInt32
  /// As this object left it; nil: it has to be read.
  private var left: FileStatus?
  /// The photographs that have a line, as hashes.
  private var files: Set<Int> = []
  private var outdated = 0

  private static let header = Array((CommaSeparated.line(ResultsRow.header) + "\n").utf8)
  private static let limitBytes = 1 << 30
  /// Up to so many lines the table is written anew for each line that changes.
  private static let fewLines = 1000

  /// The table of a folder, whether it is there or not.
  ///
  /// - Parameter permissions: Of the file when it is made, as for `open(2)`.
  public init(in folder: DirectoryHandle, permissions: UInt32 = 0o640) {
    (self.folder, self.permissions) = (folder, permissions)
  }

  /// Adds the line of a photograph, or puts it in place of its old one.
  public func add(_ row: ResultsRow) throws(FileError) {
    var whole: [ArraySlice<UInt8>]?
    let status = try folder.status(of: Self.name)
    if left == nil || status != left { whole = try read() }
    let line = row.line
    let file = Self.file(of: line[...])
    let isNew = files.insert(file).inserted
    if !isNew { outdated += 1 }
    // Until it is known to be written.
    left = nil
    if outdated > 0, files.count < Self.fewLines || outdated * 8 >= files.count {
      if whole == nil { whole = lines(of: try readBytes()).lines }
    }
    guard let whole else {
      left = try folder.append(line, to: Self.name)
      return
    }
    try write(whole + [line[...]])
  }

  /// Writes the table anew, with these lines alone.
  public func replace(with rows: [ResultsRow]) throws(FileError) {
    try write(rows.map { $0.line[...] })
  }

  /// The last line of each photograph, in the order of those; then all of them are in the file.
  private func write(_ lines: [ArraySlice<UInt8>]) throws(FileError) {
    files = []
    outdated = 0
    var kept: [ArraySlice<UInt8>] = []
    for line in lines.reversed() where files.insert(Self.file(of: line)).inserted {
      kept.append(line)
    }
    left = nil
    try folder.replace(
      Self.header + kept.reversed().joined(), as: Self.name, permissions: permissions)
    left = try folder.status(of: Self.name)
  }

  /// Learns what is in the table.
  ///
  /// - Returns: all whole lines, if it has to be written anew; nil if lines can be added to it.
  private func read() throws(FileError) -> [ArraySlice<UInt8>]? {
    (files, outdated) = ([], 0)
    let bytes = try readBytes()
    let (lines, isOurs, isWhole) = lines(of: bytes)
    if !isOurs, !bytes.isEmpty { try folder.rename(Self.name, to: Self.oldName) }
    for line in lines where !files.insert(Self.file(of: line)).inserted { outdated += 1 }
    return isOurs && isWhole && outdated == 0 ? nil : lines
  }

  private func readBytes() throws(FileError) -> [UInt8] {
    do throws(FileError) {
      return try folder.readRegularFile(Self.name, limitBytes: Self.limitBytes).bytes
    } catch .empty {
      return []
    } catch .system(_, _, .noSuchFileOrDirectory) {
      return []
    }
  }

  private func lines(of bytes: [UInt8])
    -> (lines: [ArraySlice<UInt8>], isOurs: Bool, isWhole: Bool)
  {
    guard bytes.starts(with: Self.header) else { return ([], false, false) }
    var lines: [ArraySlice<UInt8>] = []
    var rest = bytes[Self.header.count...]
    while let end = rest.firstIndex(of: 0x0A) {
      lines.append(rest[...end])
      rest = rest[(end + 1)...]
    }
    return (lines, true, rest.isEmpty)
  }

  /// What stands in the first column, as a hash.
  ///
  /// Names have no line ends, which are escaped, but may have commas and quotes.
  private static func file(of line: ArraySlice<UInt8>) -> Int {
    guard line.first == 0x22 else { return line.prefix { $0 != 0x2C }.hashValue }
    var isQuoted = true
    return line.dropFirst().prefix { byte in
      if byte == 0x22 { isQuoted.toggle() }
      return isQuoted || byte != 0x2C
    }.hashValue
  }
}
