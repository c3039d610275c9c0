/// What an entry is about: each kind has a fixed MESSAGE_ID, so that
/// `journalctl MESSAGE_ID=...` finds all of its entries, in every version.
///
/// The numbers were made with `systemd-id128 new`; never change one.
public enum MessageKind: String, Sendable, CaseIterable {
  /// The daemon is ready.
  case started
  /// The daemon has stopped as told.
  case stopped
  /// The daemon did not start.
  case notStarted
  /// A mask was published.
  case segmented
  /// A photograph was refused; it stays so until it is replaced.
  case notSegmented
  /// A photograph could not be read or its mask not be written now; it will be tried again.
  case postponed
  /// A photograph killed the process twice and is left alone.
  case quarantined
  /// Many photographs were segmented; counts.
  case summary
  /// Masks cannot be written; it is tried again.
  case writingFailed
  /// A note about a photograph could not be written or removed.
  case noteNotWritten
  /// A folder is not there any more.
  case folderGone
  /// A sub-folder is not looked at.
  case folderLeftOut
  /// A folder is there again, or can be written again.
  case folderBack
  /// A folder is looked at regularly because inotify does not tell of its changes.
  case polling
  /// The kernel dropped events; the folder was listed instead.
  case eventsLost
  /// A model was verified and taken into service.
  case modelLoaded
  /// A model was refused; the one in service stays.
  case modelRefused
  /// Configuration and model were read again.
  case reloaded
  /// Settings were not taken over: they are wrong, or need a restart.
  case notReloaded
  /// A training run began.
  case trainingStarted
  /// The training went once through all pairs.
  case epochFinished
  /// A training pair cannot be used.
  case pairSkipped
  /// A training run ended as it should without a new model: nothing changed, or it was stopped.
  case trainingFinished
  /// A training run could not be done.
  case trainingFailed
  /// A new model is the store's current one.
  case modelPublished
  /// A new model was not better, or not valid; the current one stays.
  case modelNotPublished
  /// Old models were removed from the store, or could not be.
  case modelRemoved
  /// journald took no entries for a while.
  case entriesMissing

  /// The MESSAGE_ID: 32 hexadecimal digits.
  public var identifier: String {
    switch self {
    case .started: return "af1a4247a73240d8b17fbf24ae200541"
    case .stopped: return "570f3d8c6d354ba0ac83c44f16c08f72"
    case .notStarted: return "f87b6805c21b48538f92760a910c6988"
    case .segmented: return "d094fcf5ae6349db89217442dffc07d1"
    case .notSegmented: return "5b920b531eaa4174bae1ab66dc6155d0"
    case .postponed: return "c71348caa3dc4d4c945384afe29b9c95"
    case .quarantined: return "33ee0e9ec8954ea1ba8d8ff33704fc37"
    case .summary: return "9128a89d3e734454b63030ad7ef63e74"
    case .writingFailed: return "516ddbf77ea1497faabf4772761cd22a"
    case .noteNotWritten: return "b331557087ac4de4a5e6b8d1b07bf024"
    case .folderLeftOut: return "a28b897d176c4dd5a97b564b299f3ca1"
    case .folderGone: return "feb1a43ecf894eb89962844ac87e5864"
    case .folderBack: return "82741554266d4229afd626b36cd9ffdf"
    case .polling: return "50769da50034411ebdacbb58fd4150a0"
    case .eventsLost: return "a745f828767543efb487e76113d26f96"
    case .modelLoaded: return "2835a5b2da114d529af3a5ee5d368340"
    case .modelRefused: return "b19d36c5330b41b985cb59c63e39f73c"
    case .reloaded: return "97f4e001d74d4ac088525f9f9bbf22cd"
    case .notReloaded: return "ec75cfbcb96145f59cfa03630303c1e7"
    case .trainingStarted: return "3530ff87fe2242d8920501f288bd99b7"
    case .epochFinished: return "7548b7bf4d294eb4a4ee8dc8d212748e"
    case .pairSkipped: return "d10aac612fe34a22b0637efaccf8f77a"
    case .trainingFinished: return "5e2f1b40bea84cccb5b655f93b4cde5f"
    case .trainingFailed: return "6eab67778f6c4f488a497420b6078aa3"
    case .modelPublished: return "052d19bd3a3d41fc98915747d5922f59"
    case .modelNotPublished: return "e4ff1b77094340db83f83ad43a457560"
    case .modelRemoved: return "6dae6217f3ca4cc88e77bbc14aedb129"
    case .entriesMissing: return "41fbfa2e29d449808429d1bb1fae22ad"
    }
  }
}
