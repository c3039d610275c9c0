import Files
import Settings

/// The text file beside the masks that says why a photograph has none.
///
/// Its last lines are for the daemon: they say which state of which file failed, so that an unchanged
/// file is not tried again after a restart.
package struct FailedNote: Sendable, Equatable {
  package var sourceName: FileName
  package var sourceSizeBytes: Int
  package var sourceModified: FileTime
  package var modelSHA256: String
  package var software: String

  package init(
    sourceName: FileName, sourceSizeBytes: Int, sourceModified: FileTime, modelSHA256: String,
    software: String = "dermseg \(dermsegVersion)"
  ) {
    (self.sourceName, self.sourceSizeBytes) = (sourceName, sourceSizeBytes)
    (self.sourceModified, self.modelSHA256) = (sourceModified, modelSHA256)
    self.software = software
  }

  private enum Keyword {
    static let name = "Source-Name: "
    static let size = "Source-Size: "
    static let modified = "Source-Modified: "
    static let model = "Model-SHA256: "
    static let software = "Software: "
  }

  /// The whole file.
  package func text(reason: String) -> String {
    """
    Not segmented: \(sourceName)

    Why: \(reason)

    There is no mask for this file. Replace it in the test folder by a good one and this note goes
    away by itself. To have the same file tried once more, delete this note.

    \(Keyword.name)\(percentEncoded(sourceName))
    \(Keyword.size)\(sourceSizeBytes)
    \(Keyword.modified)\(sourceModified)
    \(Keyword.model)\(modelSHA256)
    \(Keyword.software)\(software)

    """
  }
}

extension FailedNote {
  /// What ``text(reason:)`` wrote as the reason; nil for anything else.
  package static func reason(in bytes: [UInt8]) -> String? {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n")
      .first { $0.hasPrefix("Why: ") }.map { String($0.dropFirst("Why: ".count)) }
  }

  /// Reads what ``text(reason:)`` wrote; nil for anything else.
  package init?(_ bytes: [UInt8]) {
    // An editor may have saved it with other line ends.
    let lines = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).suffix(5)
    func value(_ keyword: String) -> String? {
      lines.first { $0.hasPrefix(keyword) }.map { String($0.dropFirst(keyword.count)) }
    }
    guard let name = value(Keyword.name).flatMap(percentDecoded),
      let size = value(Keyword.size).flatMap({ Int($0) }),
      let modified = value(Keyword.modified).flatMap({ FileTime($0) }),
      let model = value(Keyword.model), let software = value(Keyword.software)
    else { return nil }
    self.init(
      sourceName: name, sourceSizeBytes: size, sourceModified: modified, modelSHA256: model,
      software: software)
  }
}
