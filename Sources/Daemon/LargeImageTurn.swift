import Images
import Synchronization

/// Lets only one very large photograph be in memory, however many are worked on at a time.
///
/// The largest that is accepted takes 150 MB decoded and as much again on its way to a mask.
final class LargeImageTurn: Sendable {
  /// Ordinary dermoscopes have up to 12 megapixels.
  private static let ordinaryPixels = 12_000_000

  private let turn = Mutex<Void>(())

  /// Runs `body`, after the other large photographs if this is one.
  func take<Result, Failure: Error>(
    ifNeededFor bytes: [UInt8], _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    guard let size = ImageDecoder.size(of: bytes),
      size.width * size.height > Self.ordinaryPixels
    else { return try body() }
    return try turn.withLock { _ throws(Failure) in try body() }
  }
}
