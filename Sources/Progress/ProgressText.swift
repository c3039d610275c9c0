import Glibc

/// How many characters a line of a terminal has; 80 where it does not say.
///
/// - Parameter descriptor: An open file: standard output is 1, standard error 2.
public func terminalColumns(_ descriptor: CInt) -> Int {
  var size = winsize()
  let isKnown = unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0
  return isKnown && size.ws_col > 0 ? Int(size.ws_col) : 80
}

/// A time for people: `2 h 05 min`, `4 min 10 s`, `9 s`.
public func spelled(_ duration: Duration) -> String {
  func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
  let seconds = max(0, duration.components.seconds)
  if seconds >= 3600 { return "\(seconds / 3600) h \(two(seconds % 3600 / 60)) min" }
  if seconds >= 60 { return "\(seconds / 60) min \(two(seconds % 60)) s" }
  return "\(seconds) s"
}
