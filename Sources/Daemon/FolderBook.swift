import Files

/// What is known about the sources of one folder that are not being worked on, in 24 bytes each.
///
/// Names are kept as 64-bit hashes with a key of this process (SipHash): for two of 100,000 names to have
/// one hash is less likely than 1 to 10^9, and the next start would have another key.
package struct FolderBook {
  /// How a source stands.
  package enum Standing: Equatable {
    /// Waits for its turn until there is room in the queue.
    case deferred
    /// Has the mask that ``MaskName/candidates(for:)`` names at this place.
    case done(maskIndex: UInt8)
    case failed(hasNote: Bool)
    /// Not a photograph after all.
    case ignored
  }

  struct Entry {
    var standing: Standing
    /// The last listing that showed it.
    var listing: UInt8
    /// A hash of which state of which file it was.
    var fingerprint: Int
  }

  private(set) var entries: [Int: Entry] = [:]
  /// How many sources of this folder are not in this book because they are worked on, or wait for time.
  var activeCount = 0
  /// How many of those wait for time.
  var waitingCount = 0
  /// How many of those the present listing has shown.
  var metCount = 0
  private(set) var listing: UInt8 = 0
  private(set) var counts = Counts()

  /// How many entries there are of each kind.
  struct Counts: Equatable {
    var deferred = 0
    var done = 0
    var failed = 0
  }

  mutating func beginListing() {
    listing &+= 1
    metCount = 0
  }

  /// How a source stands; nil if it is not in this book. Notes that the present listing shows it.
  mutating func meet(_ name: FileName) -> Entry? {
    guard let index = entries.index(forKey: name.hashValue) else { return nil }
    entries.values[index].listing = listing
    return entries.values[index]
  }

  mutating func write(_ name: FileName, _ standing: Standing, of identity: FileIdentity? = nil) {
    strike(name)
    entries[name.hashValue] = Entry(
      standing: standing, listing: listing, fingerprint: identity.hashValue)
    count(standing, 1)
  }

  /// Removes what is written about a source.
  mutating func strike(_ name: FileName) {
    guard let old = entries.removeValue(forKey: name.hashValue) else { return }
    count(old.standing, -1)
  }

  /// Removes the entries that the listing has not shown.
  mutating func endListing() {
    guard entries.values.contains(where: { $0.listing != listing }) else { return }
    for entry in entries.values where entry.listing != listing { count(entry.standing, -1) }
    entries = entries.filter { $0.value.listing == listing }
  }

  private mutating func count(_ standing: Standing, _ step: Int) {
    switch standing {
    case .deferred: counts.deferred += step
    case .done: counts.done += step
    case .failed: counts.failed += step
    case .ignored: break
    }
  }
}
