import FoundationEssentials
import Images
import Masks

/// Everything that is said about one photograph: `reports/<stem>.json`. docs/report.schema.json is its
/// description for other programs, docs/results.md the one for people.
public struct ImageReport: Sendable, Equatable, Codable {
  /// What the report is about and who made the mask.
  public struct Subject: Sendable, Equatable {
    /// The photograph's path in its folder, escaped for display.
    public var file: String
    /// The mask's name, likewise.
    public var mask: String
    /// Of the photograph's bytes.
    public var sha256: String
    /// Bytes of the photograph.
    public var sizeBytes: Int
    /// What the model is called.
    public var modelID: String
    /// Of the model's file.
    public var modelSHA256: String
    /// Probability from which on a pixel is lesion; nil if that is not known any more.
    public var threshold: Double?
    /// "dermseg" and its version.
    public var software: String
    /// How large a pixel is, if somebody said so.
    public var millimetersPerPixel: Double?
    /// Why somebody should look at the mask; nil if that was not found out.
    public var pleaseLook: [PleaseLook]?

    /// Puts a subject together.
    public init(
      file: String, mask: String, sha256: String, sizeBytes: Int, modelID: String,
      modelSHA256: String, threshold: Double?, software: String, millimetersPerPixel: Double?,
      pleaseLook: [PleaseLook]? = nil
    ) {
      (self.file, self.mask, self.sha256, self.sizeBytes) = (file, mask, sha256, sizeBytes)
      (self.modelID, self.modelSHA256, self.threshold) = (modelID, modelSHA256, threshold)
      (self.software, self.millimetersPerPixel) = (software, millimetersPerPixel)
      self.pleaseLook = pleaseLook
    }
  }

  /// The photograph as a file.
  public struct Source: Sendable, Equatable, Codable {
    /// Of its bytes.
    public var sha256: String
    /// Bytes.
    public var sizeBytes: Int
    /// Pixels, as stored.
    public var width: Int
    /// Pixels, as stored.
    public var height: Int
    /// EXIF, 1...8.
    public var orientation: Int

    enum CodingKeys: String, CodingKey {
      case sha256, width, height, orientation
      case sizeBytes = "size_bytes"
    }
  }

  /// The model that made the mask.
  public struct Model: Sendable, Equatable, Codable {
    /// What it is called.
    public var id: String
    /// Of its file.
    public var sha256: String
    /// Probability from which on a pixel is lesion; nil if that is not known any more.
    public var threshold: Double?
  }

  /// Lengths of the lesion where the size of a pixel is known.
  public struct Millimeters: Sendable, Equatable, Codable {
    /// The side of a pixel.
    public var perPixel: Double
    /// Square millimetres.
    public var area: Double
    /// Of the whole border, holes included.
    public var perimeter: Double
    /// Of a disc of this area.
    public var equivalentDiameter: Double
    /// Between the two points that are farthest apart.
    public var maximumDiameter: Double

    enum CodingKeys: String, CodingKey {
      case area, perimeter
      case perPixel = "per_pixel"
      case equivalentDiameter = "equivalent_diameter"
      case maximumDiameter = "maximum_diameter"
    }

    init(_ shape: ShapeMeasurements, perPixel: Double) {
      self.perPixel = perPixel
      area = (Double(shape.areaPixels) * perPixel * perPixel).rounded(places: 4)
      perimeter = (shape.perimeterPixels * perPixel).rounded(places: 4)
      equivalentDiameter = (shape.equivalentDiameterPixels * perPixel).rounded(places: 4)
      maximumDiameter = (shape.maximumDiameterPixels * perPixel).rounded(places: 4)
    }
  }

  /// ``currentFormat``
  public var format: String
  /// "dermseg" and its version.
  public var software: String
  /// The photograph's path in its folder, escaped for display.
  public var file: String
  /// The mask's name, likewise.
  public var mask: String
  /// The photograph as a file.
  public var source: Source
  /// Who made the mask.
  public var model: Model
  /// Absent where no lesion was found.
  public var lesion: ShapeMeasurements?
  /// Absent where no lesion was found or nobody said how large a pixel is.
  public var millimeters: Millimeters?
  /// Absent where no lesion was found, or the photograph was gone when the report was made.
  public var colors: ColorMeasurements?
  /// Why somebody should look at the mask before it is used: empty where nothing speaks against it, absent where
  /// that was not found out.
  public var pleaseLook: [PleaseLook]?

  enum CodingKeys: String, CodingKey {
    case format, software, file, mask, source, model, lesion, millimeters, colors
    case pleaseLook = "please_look"
  }

  /// What ``format`` says of reports of this kind.
  public static let currentFormat = "dermseg-report-1"

  /// Writes down what was measured.
  public init(_ subject: Subject, mask: Image, _ measurements: Measurements) {
    format = Self.currentFormat
    software = subject.software
    (file, self.mask) = (subject.file, subject.mask)
    source = Source(
      sha256: subject.sha256, sizeBytes: subject.sizeBytes, width: mask.width, height: mask.height,
      orientation: Int(mask.orientation))
    model = Model(
      id: subject.modelID, sha256: subject.modelSHA256, threshold: subject.threshold)
    lesion = measurements.shape
    if let shape = measurements.shape, let perPixel = subject.millimetersPerPixel {
      millimeters = Millimeters(shape, perPixel: perPixel)
    }
    colors = measurements.colors
    pleaseLook = subject.pleaseLook
  }

  /// Whether somebody should look at the mask.
  var isFlagged: Bool { pleaseLook?.isEmpty == false }

  /// Reads a report; nil if the bytes are none.
  public init?(_ json: [UInt8]) {
    guard let report = try? JSONDecoder().decode(ImageReport.self, from: Data(json)),
      report.format == Self.currentFormat
    else { return nil }
    self = report
  }

  /// The file, keys in alphabetical order.
  public func json() -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    // Only a number that is none could not be written, and none of the measurements divides by zero.
    guard let data = try? encoder.encode(self) else { preconditionFailure("a report is JSON") }
    return Array(data) + [0x0A]
  }

  /// For the corner of the overlay: how large the lesion is, and which model says so.
  public var caption: [String] {
    guard let lesion else { return ["no lesion found", model.id] }
    var area = "lesion \(lesion.areaPercent.fixed(places: 1)) %"
    if let millimeters {
      area +=
        ", \(millimeters.area.fixed(places: 1)) mm², "
        + "\(millimeters.maximumDiameter.fixed(places: 1)) mm across"
    }
    return [area, model.id]
  }

  /// For the same corner: why somebody should look, in words that fit the narrower the picture is.
  public var warning: [String] {
    guard let pleaseLook, !pleaseLook.isEmpty else { return [] }
    return ["please look: \(pleaseLook.text)", "please look: \(pleaseLook[0].text)", "please look"]
  }
}

extension Double {
  /// The nearest number with so many decimal places.
  package func rounded(places: Int) -> Double {
    var unit = 1.0
    for _ in 0..<places { unit *= 10 }
    return (self * unit).rounded() / unit
  }

  /// In digits, always with so many decimal places.
  package func fixed(places: Int) -> String {
    let text = "\(rounded(places: places))"
    guard let dot = text.firstIndex(of: "."), !text.contains("e") else { return text }
    if places == 0 { return String(text[..<dot]) }
    let digits = text.distance(from: dot, to: text.endIndex) - 1
    return text + String(repeating: "0", count: max(0, places - digits))
  }
}
