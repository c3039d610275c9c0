import Glibc

/// Local time in words, for what people read; nothing is ever computed with it.
public enum WallClock {
  /// The time of day: `02:33:03`.
  public static func timeOfDay() -> String { String(stamp(now()).suffix(14).prefix(8)) }

  static func now() -> timespec {
    var now = timespec()
    unsafe clock_gettime(CLOCK_REALTIME, &now)
    return now
  }

  /// `2026-11-23T02:33:03 +0000`: 19 + 1 + 5 characters.
  static func stamp(_ time: timespec) -> String {
    var seconds = time.tv_sec
    var parts = unsafe tm()
    unsafe localtime_r(&seconds, &parts)
    var buffer = [CChar](repeating: 0, count: 40)
    let count = unsafe strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S %z", &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
