import Files
import SystemPackage

/// Puts rows together to arrays, in order. As long as the rows are those of the arrays that are there
/// already, nothing is written.
struct ArrayWriter {
  private let folder: DirectoryHandle
  private let names: ArrayNames
  private let side: Int
  private let channels: Int
  private let old: DatasetArrays?
  private var rows: [ArrayRow] = []
  /// Nil as long as the old files will do.
  private var files: (images: StreamedFile, masks: StreamedFile?)?

  init(
    folder: DirectoryHandle, names: ArrayNames, side: Int, channels: Int, old: DatasetArrays?
  ) {
    self.folder = folder
    self.names = names
    self.side = side
    self.channels = channels
    self.old = old
  }

  /// Adds a row.
  ///
  /// - Parameter oldRow: the row of the old arrays that has these pixels, nil if they are new.
  mutating func add(_ row: ArrayRow, _ pixels: RowPixels, oldRow: Int?) throws(FileError) {
    if files == nil, oldRow != rows.count { try begin() }
    rows.append(row)
    try files?.images.append(pixels.image)
    try files?.masks?.append(pixels.mask)
  }

  /// Publishes what changed. The index comes last: its check sums tell rows that do not belong to it.
  mutating func finish() throws(FileError) {
    if files == nil, old?.rows.count != rows.count { try begin() }
    if let files {
      try files.images.overwriteBeginning(with: header(channels))
      try files.images.publish(as: names.images)
      if let masks = files.masks, let name = names.masks {
        try masks.overwriteBeginning(with: header(1))
        try masks.publish(as: name)
      }
    }
    guard files != nil || old?.rows != rows else { return }
    let lines = ([ArrayRow.columns] + rows.map(\.fields)).map { CommaSeparated.line($0) + "\n" }
    try folder.publish(Array(lines.joined().utf8), as: names.index, permissions: 0o644)
  }

  private func header(_ channels: Int) -> [UInt8] {
    NumPyHeader(shape: [rows.count, side, side, channels]).bytes
  }

  /// Makes new files and copies the rows that were taken from the old ones until now.
  private mutating func begin() throws(FileError) {
    let images = try StreamedFile(in: folder)
    try images.append(header(channels))
    let masks = names.masks == nil ? nil : try StreamedFile(in: folder)
    try masks?.append(header(1))
    for row in rows.indices {
      // It was right a moment ago.
      guard let pixels = old?.pixels(at: row) else {
        throw .changedWhileReading(folder.path.appending(names.images))
      }
      try images.append(pixels.image)
      try masks?.append(pixels.mask)
    }
    files = (images, masks)
  }
}
