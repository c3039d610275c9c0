import Files

/// The names of masks and notes.
package enum MaskName {
  private static let suffix = Array("_segmentation.png".utf8)

  /// The names that the mask of a source may have, best first.
  ///
  /// `a_segmentation.png`, as ISIC has it; `a.png_segmentation.png` where `a.jpg` has the first;
  /// and one with a hash, where a third source has both.
  package static func candidates(for source: FileName) -> [FileName] {
    let hash = sha256Hex(source.bytes).prefix(16)
    return [
      fitted(source.stem, suffix, hash), fitted(source.bytes, suffix, hash),
      fitted(source.stem + Array("~\(hash)".utf8), suffix, hash),
    ]
  }

  /// The name of the note that says why a source has no mask.
  package static func note(for source: FileName) -> FileName {
    fitted(source.bytes, Array(".txt".utf8), sha256Hex(source.bytes).prefix(16))
  }

  /// `stem` + `suffix`, or, where that is too long for a file system, the beginning of the stem,
  /// `~`, a hash of the source's name and the suffix.
  private static func fitted(_ stem: [UInt8], _ suffix: [UInt8], _ hash: Substring) -> FileName {
    var bytes = stem + suffix
    if bytes.count > FileName.limitBytes {
      let tail = Array("~\(hash)".utf8) + suffix
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
