import Synchronization

/// Lets only one very large photograph be in memory, however many are worked on at a time.
///
/// The largest that is accepted takes 150 MB decoded, and as much again on its way to a mask.
final class LargeImageTurn: Sendable {
  /// Ordinary dermoscopes have up to 12 megapixels.
  static let ordinaryPixels = 12_000_000

  private let turn = Mutex<Void>(())

  /// Runs `body` after those of other large photographs.
  func take<Failure: Error>(_ body: () throws(Failure) -> Void) throws(Failure) {
    try turn.withLock { _ throws(Failure) in try body() }
  }
}
