import FoundationEssentials
import Images

/// Masks as files of annotation programs.
///
/// Lesions of several parts are one annotation in COCO and one polygon for each part in the others. A
/// photograph with an EXIF orientation has its points where labelme and CVAT show them, which turn it, and in
/// stored order in COCO, whose readers do not.
public enum AnnotationFiles {
  // MARK: - COCO

  private struct Coco: Encodable {
    struct Info: Encodable {
      var description = "Lesion masks"
      var version: String
    }
    struct Category: Encodable {
      var id = 1
      var name = AnnotatedImage.label
      var supercategory = "skin"
    }
    struct Picture: Encodable {
      var id: Int
      var width: Int
      var height: Int
      var fileName: String

      enum CodingKeys: String, CodingKey {
        case id, width, height
        case fileName = "file_name"
      }
    }
    struct RunLengths: Encodable {
      var counts: [Int]
      var size: [Int]
    }
    enum Segmentation: Encodable {
      case polygons([[Double]])
      case runLengths(RunLengths)

      func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .polygons(let polygons): try container.encode(polygons)
        case .runLengths(let runs): try container.encode(runs)
        }
      }
    }
    struct Annotation: Encodable {
      var id: Int
      var imageId: Int
      var categoryId = 1
      var segmentation: Segmentation
      var area: Int
      var bbox: [Int]
      var iscrowd = 0

      enum CodingKeys: String, CodingKey {
        case id, segmentation, area, bbox, iscrowd
        case imageId = "image_id"
        case categoryId = "category_id"
      }
    }

    var info: Info
    var images: [Picture] = []
    var categories = [Category()]
    var annotations: [Annotation] = []
  }

  /// One file for all photographs: COCO's "instances" (cocodataset.org, "Data format").
  ///
  /// Polygons where there are no holes, else run lengths, which COCO's own tools read likewise.
  ///
  /// - Parameter tolerance: see ``AnnotatedImage``.
  public static func coco(
    _ images: [AnnotatedImage], tolerance: Double, software: String
  ) -> [UInt8] {
    var file = Coco(info: .init(version: software))
    for (index, image) in images.enumerated() {
      file.images.append(
        .init(id: index + 1, width: image.width, height: image.height, fileName: image.file))
      guard let box = image.box else { continue }
      let segmentation: Coco.Segmentation =
        image.columnRuns.isEmpty
        ? .polygons(image.polygons(tolerance: tolerance, isUpright: false).map(flat))
        : .runLengths(.init(counts: image.columnRuns, size: [image.height, image.width]))
      file.annotations.append(
        .init(
          id: index + 1, imageId: index + 1, segmentation: segmentation, area: image.areaPixels,
          bbox: [box.x, box.y, box.width, box.height]))
    }
    return json(file)
  }

  private static func flat(_ polygon: [SIMD2<Double>]) -> [Double] {
    polygon.flatMap { [$0.x.rounded(places: 2), $0.y.rounded(places: 2)] }
  }

  // MARK: - labelme

  private struct Labelme: Encodable {
    struct Shape: Encodable {
      var label = AnnotatedImage.label
      var points: [[Double]]
      var groupId: Int?
      var description = ""
      var shapeType = "polygon"
      var flags: [String: Bool] = [:]

      enum CodingKeys: String, CodingKey {
        case label, points, description, flags
        case groupId = "group_id"
        case shapeType = "shape_type"
      }
    }

    var version = "5.4.1"
    var flags: [String: Bool] = [:]
    var shapes: [Shape]
    var imagePath: String
    /// labelme wants the key, and takes null for "in the file".
    var imageData: String?
    var imageHeight: Int
    var imageWidth: Int

    enum CodingKeys: CodingKey {
      case version, flags, shapes, imagePath, imageData, imageHeight, imageWidth
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(version, forKey: .version)
      try container.encode(flags, forKey: .flags)
      try container.encode(shapes, forKey: .shapes)
      try container.encode(imagePath, forKey: .imagePath)
      try container.encodeNil(forKey: .imageData)
      try container.encode(imageHeight, forKey: .imageHeight)
      try container.encode(imageWidth, forKey: .imageWidth)
    }
  }

  /// The file of one photograph.
  ///
  /// - Parameter path: where the photograph is, from the file's own folder.
  public static func labelme(_ image: AnnotatedImage, path: String, tolerance: Double) -> [UInt8] {
    let polygons = image.polygons(tolerance: tolerance, isUpright: true)
    return json(
      Labelme(
        shapes: polygons.map { polygon in
          .init(
            points: polygon.map { [$0.x.rounded(places: 2), $0.y.rounded(places: 2)] },
            groupId: polygons.count > 1 ? 1 : nil)
        },
        imagePath: path, imageHeight: image.upright.height, imageWidth: image.upright.width))
  }

  private static func json(_ value: some Encodable) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { preconditionFailure("numbers and texts") }
    return Array(data) + [0x0A]
  }

  // MARK: - CVAT

  /// One file for all photographs: "CVAT for images 1.1".
  public static func cvat(_ images: [AnnotatedImage], tolerance: Double) -> [UInt8] {
    var text = """
      <?xml version="1.0" encoding="utf-8"?>
      <annotations>
        <version>1.1</version>
        <meta><task><labels><label><name>\(AnnotatedImage.label)</name><attributes/></label></labels></task></meta>

      """
    for (index, image) in images.enumerated() {
      text += "  <image id=\"\(index)\" name=\"\(escapedForMarkup(image.file))\" "
      text += "width=\"\(image.upright.width)\" height=\"\(image.upright.height)\">\n"
      for polygon in image.polygons(tolerance: tolerance, isUpright: true) {
        let points = polygon.map { "\($0.x.fixed(places: 2)),\($0.y.fixed(places: 2))" }
        text += "    <polygon label=\"\(AnnotatedImage.label)\" occluded=\"0\" source=\"auto\" "
        text += "points=\"\(points.joined(separator: ";"))\" z_order=\"0\"/>\n"
      }
      text += "  </image>\n"
    }
    return Array((text + "</annotations>\n").utf8)
  }
}
