extension Settings {
  /// These settings with everything of `new` that a running daemon can take over.
  public func following(_ new: Settings) -> Settings {
    var settings = new
    settings.testFolder = testFolder
    settings.resultsFolder = resultsFolder
    settings.stateDirectory = stateDirectory
    settings.failedNotes = failedNotes
    settings.companions = companions
    settings.logFormat = logFormat
    settings.logLevel = logLevel
    return settings
  }

  /// The keys that differ in `new` and that a running daemon cannot take over.
  public func keysForNextStart(comparedWith new: Settings) -> [String] {
    [
      ("testFolder", testFolder != new.testFolder),
      ("resultsFolder", resultsFolder != new.resultsFolder),
      ("stateDirectory", stateDirectory != new.stateDirectory),
      ("failedNotes", failedNotes != new.failedNotes),
      ("overlays", companions.overlays != new.companions.overlays),
      ("reports", companions.reports != new.companions.reports),
      ("resultsTable", companions.table != new.companions.table),
      ("probabilities", companions.probabilities != new.companions.probabilities),
      ("scale", companions.millimetersPerPixel != new.companions.millimetersPerPixel),
      ("logFormat", logFormat != new.logFormat), ("logLevel", logLevel != new.logLevel),
    ].filter(\.1).map(\.0)
  }
}
