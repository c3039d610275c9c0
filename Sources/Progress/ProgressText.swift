/// `[######..................]`
public func barOfCells(_ done: Int, of count: Int) -> String {
  let cells = 24
  let full = count <= 0 ? cells : max(0, min(done, count)) * cells / count
  return "[" + String(repeating: "#", count: full) + String(repeating: ".", count: cells - full)
    + "]"
}

/// A time for people: `2 h 05 min`, `4 min 10 s`, `9 s`.
public func spelled(_ duration: Duration) -> String {
  func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
  let seconds = max(0, duration.components.seconds)
  if seconds >= 3600 { return "\(seconds / 3600) h \(two(seconds % 3600 / 60)) min" }
  if seconds >= 60 { return "\(seconds / 60) min \(two(seconds % 60)) s" }
  return "\(seconds) s"
}
