/// How long to wait before the next try: 1, 2, 4 ... 300 s, for ever.
package enum Backoff {
  package static let longest = Duration.seconds(300)

  /// - Parameter attempts: Tries so far, at least 1.
  package static func delay(after attempts: Int) -> Duration {
    // 2^9 s is more than the longest already.
    min(.seconds(1 << min(max(attempts, 1) - 1, 9)), longest)
  }
}
