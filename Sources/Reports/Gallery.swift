import Images

/// All photographs of a folder on one page: a picture of each, the lesion's border when the mouse is on it,
/// measurements to sort by. The page is one file that needs no other and no network.
public struct Gallery {
  private static let pictureSide = 300

  private struct Entry {
    var report: ImageReport
    var picture: [UInt8]
    var width: Int
    var height: Int
    /// SVG; empty where the border is in the picture already.
    var border: String
  }

  private let title: String
  private var entries: [Entry] = []

  /// An empty page.
  public init(title: String) { self.title = title }

  /// Photographs on the page.
  public var count: Int { entries.count }

  /// Adds a photograph; only a small copy is kept.
  ///
  /// - Parameters:
  ///   - photograph: as stored, or its overlay, which is shown as it is.
  ///   - mask: nil for an overlay.
  public mutating func add(_ report: ImageReport, photograph: Image, mask: Image?)
    throws(ImageError)
  {
    let small = photograph.fitting(width: Self.pictureSide, height: Self.pictureSide)
    let upright = Upright(
      orientation: small.orientation, width: small.width, height: small.height)
    let scale = SIMD2(
      Double(small.width) / Double(photograph.width),
      Double(small.height) / Double(photograph.height))
    var border = ""
    if let mask {
      for ring in MaskOutline(mask).parts.flatMap({ $0.smoothRings(tolerance: 0.4 / scale.x) }) {
        let points = ring.map { point in
          let at = upright.point(point * scale)
          return "\(at.x.fixed(places: 1)) \(at.y.fixed(places: 1))"
        }
        border += "M" + points.joined(separator: "L") + "Z"
      }
    }
    entries.append(
      Entry(
        report: report, picture: try JPEGEncoder.encode(small.upright(), quality: 80),
        width: upright.width, height: upright.height, border: border))
  }

  /// The page.
  public func html() -> [UInt8] {
    let columns = GalleryColumn.all.filter { column in
      entries.contains { column.value($0.report) != nil }
    }
    var page = GalleryPage.head(
      title: escapedForMarkup(title), count: entries.count,
      flagged: entries.count { $0.report.isFlagged }, labels: columns.map(\.name))
    page += "<thead><tr><th>photograph</th>"
    for (index, column) in columns.enumerated() {
      page += "<th title=\"\(column.explanation)\"><button data-column=\"\(index + 1)\">"
      page += "\(column.name)</button></th>"
    }
    page += "</tr></thead>\n<tbody>\n"
    var bytes = Array(page.utf8)
    // Those that somebody should look at come first, the others after them.
    for isFlagged in [true, false] {
      for entry in entries where entry.report.isFlagged == isFlagged {
        bytes += row(entry, columns).utf8
      }
    }
    return bytes + GalleryPage.foot.utf8
  }

  private func row(_ entry: Entry, _ columns: [GalleryColumn]) -> String {
    let name = escapedForMarkup(entry.report.file)
    var row = entry.report.isFlagged ? "<tr class=\"look\">" : "<tr>"
    row += "<td class=\"picture\"><figure tabindex=\"0\">"
    row += "<img alt=\"\(name)\" width=\"\(entry.width)\" height=\"\(entry.height)\" "
    row += "src=\"data:image/jpeg;base64,\(base64(entry.picture))\">"
    if !entry.border.isEmpty {
      row += "<svg viewBox=\"0 0 \(entry.width) \(entry.height)\">"
      row += "<path class=\"rim\" d=\"\(entry.border)\"/><path d=\"\(entry.border)\"/></svg>"
    }
    row += "</figure></td>"
    for column in columns {
      let value = column.value(entry.report)
      row += "<td data-value=\"\(value.map { escapedForMarkup($0.key) } ?? "")\">"
      row += "\(value?.html ?? "–")</td>"
    }
    return row + "</tr>\n"
  }
}

/// A measurement that the page can be sorted by.
struct GalleryColumn: Sendable {
  var name: String
  var explanation: String
  /// What to sort by, and what to show; nil: nothing.
  var value: @Sendable (ImageReport) -> (key: String, html: String)?

  private static func number(
    _ name: String, _ explanation: String, places: Int,
    _ value: @escaping @Sendable (ImageReport) -> Double?
  ) -> GalleryColumn {
    GalleryColumn(name: name, explanation: explanation) { report in
      value(report).map { ("\($0)", $0.fixed(places: places)) }
    }
  }

  static let all: [GalleryColumn] = [
    GalleryColumn(name: "name", explanation: "The photograph's name") {
      ($0.file, "<b>\(escapedForMarkup($0.file))</b>")
    },
    GalleryColumn(name: "please look", explanation: "Why the mask may be wrong") { report in
      guard let reasons = report.pleaseLook, !reasons.isEmpty else { return nil }
      return ("\(reasons.count)", reasons.map { "<em>\($0.text)</em>" }.joined(separator: " "))
    },
    number("area %", "The lesion in per cent of the photograph", places: 1) {
      $0.lesion?.areaPercent ?? 0
    },
    number("area mm²", "The lesion in square millimetres", places: 1) { $0.millimeters?.area },
    number("across mm", "The longest distance between two points of the lesion", places: 1) {
      $0.millimeters?.maximumDiameter
    },
    number(
      "across px", "The longest distance between two points of the lesion, in pixels", places: 0
    ) {
      $0.millimeters == nil ? $0.lesion?.maximumDiameterPixels : nil
    },
    number("compactness", "Perimeter² / (4 pi area): 1 for a disc", places: 2) {
      $0.lesion?.compactness
    },
    number("irregularity", "The share of the convex hull that is not lesion", places: 3) {
      $0.lesion?.borderIrregularity
    },
    number(
      "asymmetry", "The larger share without an image on the other side of a main axis", places: 3
    ) {
      $0.lesion.map { max($0.asymmetryMajorAxis, $0.asymmetryMinorAxis) }
    },
    number("at border", "The share of the photograph's border that is lesion", places: 2) {
      $0.lesion?.borderShare
    },
    GalleryColumn(name: "colours", explanation: "Which of the six colours are present") { report in
      report.colors.map { colors in
        let chips = colors.present.map { color in
          let rgb = color.example
          return "<i style=\"background:rgb(\(Int(rgb.x)),\(Int(rgb.y)),\(Int(rgb.z)))\" "
            + "title=\"\(color.name)\"></i>"
        }
        return ("\(colors.present.count)", "\(colors.present.count) \(chips.joined())")
      }
    },
    GalleryColumn(name: "model", explanation: "Which model made the mask") {
      ($0.model.id, escapedForMarkup($0.model.id))
    },
  ]
}

/// RFC 4648, section 4.
func base64(_ bytes: [UInt8]) -> String {
  let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  text.reserveCapacity((bytes.count + 2) / 3 * 4)
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let count = min(3, bytes.count - start)
    var group = 0
    for index in 0..<3 { group = group << 8 | (index < count ? Int(bytes[start + index]) : 0) }
    for index in 0..<4 {
      text.append(index <= count ? digits[group >> (18 - 6 * index) & 63] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
