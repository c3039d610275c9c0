import Files

/// Has a daemon try photographs again that it refused, whether it runs or not.
package enum SecondChance {
  /// Removes the note about a photograph, and pardons it if it is left alone.
  ///
  /// The pardon first: without its note the daemon looks at the photograph at once.
  ///
  /// - Parameters:
  ///   - results: The Results folder.
  ///   - state: The state directory; nil where there is none.
  package static func give(
    to source: SourcePath, results: DirectoryHandle, state: DirectoryHandle?
  ) throws(FileError) {
    if let state {
      for suspect in PoisonGuard.quarantined(in: state) where suspect.path == source {
        try PoisonGuard.pardon(suspect, in: state)
      }
    }
    try ResultsFolder(reading: results).removeNote(about: source)
  }
}
