import Files

/// The names of masks and notes.
package enum MaskName {
  private static let suffix = Array("_segmentation.png".utf8)

  /// The names that the mask of a source may have, best first.
  ///
  /// `a_segmentation.png`, as ISIC has it; `a.png_segmentation.png` where `a.jpg` has the first;
  /// and one with a hash, where a third source has both.
  package static func candidates(for source: FileName) -> [FileName] {
    (0..<candidateCount).map { candidate($0, for: source) }
  }

  package static let candidateCount = 3

  /// The name at one place of ``candidates(for:)``.
  package static func candidate(_ index: Int, for source: FileName) -> FileName {
    switch index {
    case 0: return fitted(source.stem, suffix, hashOf: source)
    case 1: return fitted(source.bytes, suffix, hashOf: source)
    default: return fitted(source.stem + Array("~\(hash(source))".utf8), suffix, hashOf: source)
    }
  }

  private static func hash(_ source: FileName) -> Substring { sha256Hex(source.bytes).prefix(16) }

  /// The name of the note that says why a source has no mask.
  package static func note(for source: FileName) -> FileName {
    fitted(source.bytes, Array(".txt".utf8), hashOf: source)
  }

  /// `stem` + `suffix`, or, where that is too long for a file system, the beginning of the stem,
  /// `~`, a hash of the source's name and the suffix.
  private static func fitted(
    _ stem: [UInt8], _ suffix: [UInt8], hashOf source: FileName
  ) -> FileName {
    var bytes = stem + suffix
    if bytes.count > FileName.limitBytes {
      let tail = Array("~\(hash(source))".utf8) + suffix
      var beginning = stem.prefix(FileName.limitBytes - tail.count)
      // Not within a character: the rest of a name in UTF-8 stays readable.
      while beginning.count > 1, stem[beginning.endIndex] & 0xc0 == 0x80 { beginning.removeLast() }
      bytes = beginning + tail
    }
    guard let name = FileName(bytes: bytes) else {
      preconditionFailure("part of a file name with a suffix is a file name")
    }
    return name
  }
}
