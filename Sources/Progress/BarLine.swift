/// A line with a bar in it, as wide as there is room for: `Reading [######......] 3/12  12 s left`.
///
/// A narrow terminal gets a shorter bar, then none, then fewer details: numbers are shown whole or not at all.
public struct BarLine: Sendable {
  /// What is being done.
  public var what: String
  /// How many steps are over.
  public var done: Int
  /// Of how many.
  public var count: Int
  /// What else there is to say; the first ones are left out first.
  public var details: [String]

  private static let mostCells = 24
  private static let fewestCells = 6

  /// Makes a line.
  ///
  /// - Parameters:
  ///   - what: What is being done.
  ///   - done: How many steps are over.
  ///   - count: Of how many.
  ///   - details: What else there is to say, the most important last.
  public init(_ what: String, done: Int, of count: Int, details: [String] = []) {
    (self.what, self.done, self.count, self.details) = (what, done, count, details)
  }

  /// The line.
  ///
  /// - Parameter columns: How wide it may be.
  /// - Returns: At most so many characters.
  public func text(columns: Int = .max) -> String {
    var details = details
    let room = columns - plain(details).count - 3
    if room >= Self.fewestCells {
      return spelled(details, bar: bar(cells: min(Self.mostCells, room)))
    }
    while plain(details).count > columns, !details.isEmpty { details.removeFirst() }
    return String(plain(details).prefix(max(0, columns)))
  }

  private func plain(_ details: [String]) -> String { spelled(details, bar: "") }

  private func spelled(_ details: [String], bar: String) -> String {
    (["\(what) \(bar)\(done)/\(count)"] + details).joined(separator: "  ")
  }

  private func bar(cells: Int) -> String {
    let full = count <= 0 ? cells : max(0, min(done, count)) * cells / count
    return "[" + String(repeating: "#", count: full)
      + String(repeating: ".", count: cells - full) + "] "
  }
}
