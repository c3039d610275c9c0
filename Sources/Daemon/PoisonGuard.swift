import Files
import Synchronization

/// Remembers which photographs are in hand, so that one that kills the process is found out.
///
/// Without it a service that is restarted takes the same photograph first again, dies again, and is
/// given up by systemd: one file, and nobody gets masks any more. Here every photograph is noted
/// before its first byte is read. If the process then ends without having said that it was done, the
/// photograph is suspected: it comes last and alone. It is left alone for good (until it is
/// replaced) after it was in hand at two crashes; or at four ends of unknown cause: `kill -9`, which
/// somebody may have typed, and the kernel's out-of-memory killer, which the photograph may have
/// called.
package final class PoisonGuard: Sendable {
  /// What is known about a photograph from earlier runs.
  package enum Verdict: Equatable {
    case innocent
    case suspect
    case quarantined(deaths: Int)
  }

  package struct Suspect: Equatable {
    package var path: SourcePath
    package var sizeBytes: Int
    package var modified: FileTime
    package var deaths: Int
    package var crashes: Int
  }

  private struct State {
    var inHand: [SourcePath: FileIdentity] = [:]
    var suspects: [Suspect] = []
    var isStopping = false
  }

  private let directory: DirectoryHandle
  private let inHandFile: StateFile
  private let crashFile: StateFile
  private let state = Mutex(State())

  /// Reads what the last run left behind.
  ///
  /// - Parameter directory: The state directory, locked by this process.
  package init(_ directory: DirectoryHandle) throws(FileError) {
    self.directory = directory
    inHandFile = try StateFile(Self.inHandName, in: directory)
    crashFile = try StateFile(Self.crashName, in: directory)
    let crashed = try !crashFile.read().isEmpty
    var suspects = Self.readSuspects(directory)
    let inHand = Self.parse(try inHandFile.read())
    for left in inHand {
      let known = suspects.firstIndex {
        $0.path == left.path && $0.sizeBytes == left.sizeBytes && $0.modified == left.modified
      }
      var suspect = known.map { suspects.remove(at: $0) } ?? left
      suspect.deaths += 1
      suspect.crashes += crashed ? 1 : 0
      suspects.append(suspect)
    }
    state.withLock { $0.suspects = suspects }
    if !inHand.isEmpty { try save(suspects) }
    try inHandFile.replace(with: [])
    try crashFile.replace(with: [])
  }

  /// From now on a crash of this process is told from other ends.
  package func markCrashes() throws(FileError) { try crashFile.markCrashesOfThisProcess() }

  package func verdict(_ path: SourcePath, _ identity: FileIdentity) -> Verdict {
    let suspect = state.withLock { $0.suspects.first { $0.matches(path, identity) } }
    guard let suspect else { return .innocent }
    guard suspect.isQuarantined, !takePardon(path, identity) else { return .suspect }
    return .quarantined(deaths: suspect.deaths)
  }

  /// Notes a photograph before anything is done with its bytes.
  package func begin(_ path: SourcePath, _ identity: FileIdentity) throws(FileError) {
    let text = state.withLock { state -> [UInt8]? in
      if state.isStopping { return nil }
      state.inHand[path] = identity
      return Self.lines(of: state.inHand)
    }
    if let text { try inHandFile.replace(with: text) }
  }

  /// Notes that nothing more is done with the bytes of photographs.
  package func end(_ paths: [SourcePath]) throws(FileError) {
    let (text, suspects) = state.withLock { state -> ([UInt8]?, [Suspect]?) in
      let count = state.suspects.count
      var isChanged = false
      for path in paths {
        guard let identity = state.inHand.removeValue(forKey: path) else { continue }
        isChanged = true
        if !state.isStopping { state.suspects.removeAll { $0.matches(path, identity) } }
      }
      guard isChanged, !state.isStopping else { return (nil, nil) }
      return (
        Self.lines(of: state.inHand), state.suspects.count < count ? state.suspects : nil
      )
    }
    if let text { try inHandFile.replace(with: text) }
    if let suspects { try save(suspects) }
  }

  /// Throws what ``begin(_:_:)`` would throw, as far as can be told without a photograph.
  ///
  /// Removes what could not be removed when a write failed.
  package func tryWriting() throws(FileError) {
    try directory.tryWriting(bytes: 4096)
    try directory.sweepPartFiles()
  }

  /// The process has been told to end: what is in hand from now on is not suspected for it.
  package func stop() {
    state.withLock { $0.isStopping = true }
    // Should this fail, one photograph is tried alone next time.
    try? inHandFile.replace(with: [])
  }

  // MARK: - Pardons

  /// The photographs that are left alone.
  ///
  /// - Parameter directory: The state directory; no lock is needed.
  package static func quarantined(in directory: DirectoryHandle) -> [Suspect] {
    readSuspects(directory).filter(\.isQuarantined)
  }

  /// Has the daemon try a photograph again that it leaves alone, also while it runs: what it knows is in
  /// its memory, so it finds a file of its own for each pardon. It then comes last and alone.
  package static func pardon(_ suspect: Suspect, in directory: DirectoryHandle) throws(FileError) {
    try directory.publish(
      Array("\(suspect.line)\n".utf8), as: pardonName(suspect.path), permissions: 0o644)
  }

  private static func pardonName(_ path: SourcePath) -> FileName {
    fixedName("pardon-\(sha256Hex(path.bytes).prefix(16))")
  }

  private func takePardon(_ path: SourcePath, _ identity: FileIdentity) -> Bool {
    let name = Self.pardonName(path)
    guard let bytes = try? directory.readRegularFile(name, limitBytes: 64 << 10).bytes,
      Self.parse(bytes).contains(where: { $0.matches(path, identity) })
    else { return false }
    let suspects = state.withLock { state -> [Suspect] in
      for index in state.suspects.indices where state.suspects[index].matches(path, identity) {
        (state.suspects[index].deaths, state.suspects[index].crashes) = (0, 0)
      }
      return state.suspects
    }
    // Should this fail, it is pardoned once more after the next start.
    if (try? save(suspects)) != nil { try? directory.remove(name) }
    return true
  }

  // MARK: - Files

  private static let inHandName = fixedName("in-hand")
  private static let crashName = fixedName("crashed")
  private static let suspectsName = fixedName("suspects")

  private func save(_ suspects: [Suspect]) throws(FileError) {
    if suspects.isEmpty {
      try directory.remove(Self.suspectsName)
    } else {
      let text = suspects.map { "\($0.line)\n" }.joined()
      try directory.publish(Array(text.utf8), as: Self.suspectsName, permissions: 0o600)
    }
  }

  private static func readSuspects(_ directory: DirectoryHandle) -> [Suspect] {
    // A file that is absent or unreadable is an empty one: the state directory may be emptied.
    let bytes = try? directory.readRegularFile(suspectsName, limitBytes: 1 << 20).bytes
    return parse(bytes ?? [])
  }

  private static func lines(of inHand: [SourcePath: FileIdentity]) -> [UInt8] {
    let lines = inHand.map { path, identity in
      Suspect(
        path: path, sizeBytes: identity.sizeBytes, modified: identity.modified, deaths: 0,
        crashes: 0
      ).line + "\n"
    }
    return Array(lines.joined().utf8)
  }

  /// Lines that are cut or not understood are left out.
  private static func parse(_ bytes: [UInt8]) -> [Suspect] {
    String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { Suspect($0) }
  }
}

extension PoisonGuard.Suspect {
  private static let limitOfCrashes = 2
  private static let limitOfDeaths = 4

  /// Whether it is left alone.
  package var isQuarantined: Bool {
    crashes >= Self.limitOfCrashes || deaths >= Self.limitOfDeaths
  }

  package func matches(_ path: SourcePath, _ identity: FileIdentity) -> Bool {
    self.path == path && sizeBytes == identity.sizeBytes && modified == identity.modified
  }

  package var line: String {
    "\(percentEncoded(path)) \(sizeBytes) \(modified) \(deaths) \(crashes) ."
  }

  package init?(_ line: Substring) {
    let fields = line.split(separator: " ")
    guard fields.count == 6, fields[5] == ".", let path = percentDecodedPath(String(fields[0])),
      let sizeBytes = Int(fields[1]), let modified = FileTime(String(fields[2])),
      let deaths = Int(fields[3]), let crashes = Int(fields[4])
    else { return nil }
    self.init(
      path: path, sizeBytes: sizeBytes, modified: modified, deaths: deaths, crashes: crashes)
  }
}
