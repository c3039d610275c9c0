extension Canvas {
  /// The pixels that a text takes when it is drawn: its own, without a margin.
  ///
  /// - Parameters:
  ///   - text: lines are parted by newlines.
  ///   - scale: 1 is 9 x 15 pixels a letter, 2 twice that.
  public static func size(of text: String, scale: Int = 1) -> (width: Int, height: Int) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let longest = lines.map(\.count).max() ?? 0
    return (
      width: longest * BitmapFont.width * scale, height: lines.count * BitmapFont.height * scale
    )
  }

  /// Where a text lies against the point that it is drawn at.
  public enum TextAlignment: Sendable {
    /// The text begins there.
    case leading
    /// Its middle is there.
    case center
    /// It ends there.
    case trailing
  }

  /// Draws a text in letters of a fixed width: ASCII and Latin-1; others appear as boxes.
  ///
  /// - Parameters:
  ///   - text: lines are parted by newlines and aligned each by itself.
  ///   - x: where each line begins, has its middle or ends, see `alignment`.
  ///   - y: the top of the first line.
  ///   - scale: 1 is 9 x 15 pixels a letter.
  ///   - isUpward: whether the text runs from the bottom to the top, as beside an axis; then `y` is where
  ///     lines begin, have their middle or end, and `x` is the left side of the first line.
  public mutating func draw(
    _ text: String, x: Int, y: Int, color: Color, scale: Int = 1,
    alignment: TextAlignment = .leading, isUpward: Bool = false
  ) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      let length = line.count * BitmapFont.width * scale
      let shift =
        switch alignment {
        case .leading: 0
        case .center: length / 2
        case .trailing: length
        }
      let down = index * BitmapFont.height * scale
      for (position, character) in line.enumerated() {
        let along = position * BitmapFont.width * scale - shift
        for (row, bits) in BitmapFont.rows(of: character).enumerated() where bits != 0 {
          for column in 0..<BitmapFont.width where bits >> (BitmapFont.width - 1 - column) & 1 == 1
          {
            let (right, below) = (along + column * scale, down + row * scale)
            fill(
              x: isUpward ? x + below : x + right,
              y: isUpward ? y - right - scale : y + below,
              width: scale, height: scale, color: color)
          }
        }
      }
    }
  }
}
