import Files

/// One line of `results.csv`.
public struct ResultsRow: Sendable, Equatable {
  /// The names of the columns.
  public static let header = columns.map(\.name)
  /// The values, as text; what there is not is empty.
  public let values: [String]

  /// The line of a report.
  public init(_ report: ImageReport) { values = Self.columns.map { $0.value(report) ?? "" } }

  /// The line with its end.
  var line: [UInt8] { Array((CommaSeparated.line(values) + "\n").utf8) }

  private struct Column: Sendable {
    let name: String
    let value: @Sendable (ImageReport) -> String?

    init(_ name: String, _ value: @escaping @Sendable (ImageReport) -> String?) {
      (self.name, self.value) = (name, value)
    }

    /// A number.
    init(number name: String, _ value: @escaping @Sendable (ImageReport) -> Double?) {
      self.init(name) { value($0).map { "\($0)" } }
    }
  }

  private static let columns: [Column] =
    [
      Column("file") { $0.file }, Column("mask") { $0.mask },
      Column("width") { "\($0.source.width)" }, Column("height") { "\($0.source.height)" },
      Column("area_pixels") { "\($0.lesion?.areaPixels ?? 0)" },
      Column(number: "area_percent") { $0.lesion?.areaPercent ?? 0 },
      Column(number: "area_mm2") { $0.millimeters?.area },
      Column("parts") { "\($0.lesion?.parts ?? 0)" },
      Column(number: "perimeter_pixels") { $0.lesion?.perimeterPixels },
      Column(number: "perimeter_mm") { $0.millimeters?.perimeter },
      Column(number: "equivalent_diameter_pixels") { $0.lesion?.equivalentDiameterPixels },
      Column(number: "equivalent_diameter_mm") { $0.millimeters?.equivalentDiameter },
      Column(number: "maximum_diameter_pixels") { $0.lesion?.maximumDiameterPixels },
      Column(number: "maximum_diameter_mm") { $0.millimeters?.maximumDiameter },
      Column(number: "centroid_x") { $0.lesion?.centroid[0] },
      Column(number: "centroid_y") { $0.lesion?.centroid[1] },
      Column("box_x") { $0.lesion.map { "\($0.boundingBox.x)" } },
      Column("box_y") { $0.lesion.map { "\($0.boundingBox.y)" } },
      Column("box_width") { $0.lesion.map { "\($0.boundingBox.width)" } },
      Column("box_height") { $0.lesion.map { "\($0.boundingBox.height)" } },
      Column(number: "compactness") { $0.lesion?.compactness },
      Column(number: "border_irregularity") { $0.lesion?.borderIrregularity },
      Column(number: "asymmetry_major_axis") { $0.lesion?.asymmetryMajorAxis },
      Column(number: "asymmetry_minor_axis") { $0.lesion?.asymmetryMinorAxis },
      Column(number: "orientation_degrees") { $0.lesion?.orientationDegrees },
      Column(number: "border_share") { $0.lesion?.borderShare },
      Column("please_look") { $0.pleaseLook?.codes },
      Column("colors") { $0.colors.map { "\($0.present.count)" } },
      Column("colors_present") { $0.colors?.present.map(\.rawValue).joined(separator: " ") },
    ] + colorColumns + [
      Column("model") { $0.model.id }, Column("model_sha256") { $0.model.sha256 },
      Column("sha256") { $0.source.sha256 }, Column("software") { $0.software },
    ]

  private static let colorColumns: [Column] = ["inside", "outside"].flatMap { place in
    ["mean", "variance"].flatMap { kind in
      ["red", "green", "blue"].enumerated().map { channel, name in
        Column(number: "\(place)_\(name)_\(kind)") { report in
          let statistics = place == "inside" ? report.colors?.inside : report.colors?.outside
          return (kind == "mean" ? statistics?.mean : statistics?.variance)?[channel]
        }
      }
    }
  }
}
