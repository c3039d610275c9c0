import Images

/// Photographs, experts' masks and results side by side on one page, as the seed paper's Figure 4.
public struct ContactSheet {
  private struct Row {
    var cells: [Image]
    var caption: String
  }

  private var rows: [Row] = []
  private let title: String
  private static let (cellWidth, cellHeight, margin, lineHeight) = (300, 225, 12, 19)
  private static let headings = ["photograph", "expert", "dermseg"]

  /// An empty page.
  public init(title: String) { self.title = title }

  /// Rows on the page.
  public var count: Int { rows.count }

  /// Adds a row; only small copies are kept.
  ///
  /// - Parameters:
  ///   - image: the photograph.
  ///   - truth: the expert's mask.
  ///   - mask: the model's.
  ///   - caption: a line below.
  public mutating func add(image: Image, truth: Image, mask: Image, caption: String) {
    let cells = [image, truth, mask].map {
      $0.fitting(width: Self.cellWidth, height: Self.cellHeight)
    }
    rows.append(Row(cells: cells, caption: caption))
  }

  /// The page.
  public func drawn() -> Image {
    let (margin, line) = (Self.margin, Self.lineHeight)
    let columns = Self.headings.count
    let rowHeights = rows.map { row in (row.cells.map(\.height).max() ?? 0) + line + margin }
    var canvas = Canvas(
      width: columns * (Self.cellWidth + margin) + margin,
      height: margin + 2 * line + margin + rowHeights.reduce(0, +))
    func left(_ column: Int) -> Int { margin + column * (Self.cellWidth + margin) }
    canvas.draw(title, x: margin, y: margin, color: .black)
    for (column, heading) in Self.headings.enumerated() {
      canvas.draw(heading, x: left(column), y: margin + line, color: Color(0x606060))
    }
    var top = margin + 2 * line + 4
    for (row, height) in zip(rows, rowHeights) {
      for (column, cell) in row.cells.enumerated() {
        canvas.draw(cell, x: left(column), y: top)
      }
      canvas.draw(row.caption, x: margin, y: top + height - line - margin + 2, color: .black)
      top += height
    }
    return canvas.image
  }

  /// Which of the photographs to show: evenly spread over the ranking from the worst to the best, so that the
  /// page shows what there is and not what looks well.
  ///
  /// - Parameters:
  ///   - images: all photographs with their scores.
  ///   - count: at least 1.
  /// - Returns: worst first.
  public static func chosen(_ images: [ImageScores], count: Int) -> [ImageScores] {
    let ranked = images.sorted { ($0.model.jaccard, $0.name) < ($1.model.jaccard, $1.name) }
    guard count < ranked.count else { return ranked }
    guard count > 1 else { return Array(ranked.prefix(1)) }
    return (0..<count).map { ranked[$0 * (ranked.count - 1) / (count - 1)] }
  }
}
