import Files
import FoundationEssentials
import Images
import Masks
import Reports
import TemporaryFolders
import Testing

@Suite struct AnnotationTests {
  /// A ring, so that there is a hole, and a part for itself.
  private static let ring = drawn(width: 60, height: 50) { x, y in
    let distance = (x - 25) * (x - 25) + (y - 25) * (y - 25)
    return (36...400).contains(distance) || (x > 50 && y > 40)
  }
  private static let plain = drawn(width: 60, height: 50) { x, y in
    (x - 30) * (x - 30) / 4 + (y - 25) * (y - 25) < 150
  }

  static let images = [
    AnnotatedImage(file: "ring & <co>.jpg", mask: ring),
    AnnotatedImage(file: "plain.jpg", mask: plain),
    AnnotatedImage(file: "empty.jpg", mask: Image(width: 60, height: 50, channels: 1)),
  ]

  private struct Labelme: Decodable {
    struct Shape: Decodable {
      var label: String
      var points: [[Double]]
    }
    var shapes: [Shape]
    var imagePath: String
    var imageWidth: Int
    var imageHeight: Int
  }

  @Test(arguments: [0, 0.5]) func aPolygonWithACutHoldsTheMask(_ tolerance: Double) throws {
    let json = AnnotationFiles.labelme(Self.images[0], path: "p.jpg", tolerance: tolerance)
    let file = try JSONDecoder().decode(Labelme.self, from: Data(json))
    #expect(file.imagePath == "p.jpg" && file.imageWidth == 60 && file.imageHeight == 50)
    #expect(file.shapes.count == 2 && file.shapes.allSatisfy { $0.label == "lesion" })
    let rings = file.shapes.map { $0.points.map { SIMD2($0[0], $0[1]) } }
    let again = filled(rings, width: 60, height: 50)
    let different = zip(again.pixels, Self.ring.pixels).count { $0 != $1 }
    #expect(tolerance == 0 ? different == 0 : different < 30, "\(different)")
  }

  @Test func aTurnedPhotographHasUprightPoints() throws {
    var mask = Self.plain
    mask.orientation = 6
    let json = AnnotationFiles.labelme(
      AnnotatedImage(file: "a.jpg", mask: mask), path: "a.jpg", tolerance: 0)
    let file = try JSONDecoder().decode(Labelme.self, from: Data(json))
    #expect(file.imageWidth == 50 && file.imageHeight == 60)
    let rings = file.shapes.map { $0.points.map { SIMD2($0[0], $0[1]) } }
    #expect(filled(rings, width: 50, height: 60).pixels == mask.upright().pixels)
  }

  @Test func cvatHasAnImageForEachPhotograph() {
    let xml = String(decoding: AnnotationFiles.cvat(Self.images, tolerance: 0.5), as: UTF8.self)
    #expect(xml.ranges(of: "<image ").count == 3 && xml.ranges(of: "<polygon ").count == 3)
    #expect(xml.contains("name=\"ring &amp; &lt;co&gt;.jpg\" width=\"60\" height=\"50\""))
  }

  static let hasPycocotools = isThere("pycocotools")
  static let hasJSONSchema = isThere("jsonschema")

  static func isThere(_ module: String) -> Bool {
    (try? TemporaryFolder().run("python3 -c 'import \(module)' 2> /dev/null")) == 0
  }

  /// Masks read back by COCO's own tools are those that were written.
  @Test(.enabled(if: hasPycocotools, "the Python package pycocotools is not there"))
  func pycocotoolsReadsTheMasksBack() throws {
    let folder = try TemporaryFolder()
    try folder.handle.publish(
      AnnotationFiles.coco(Self.images, tolerance: 0, software: "test"), as: name("c.json"))
    for (index, mask) in [Self.ring, Self.plain].enumerated() {
      try folder.handle.publish(mask.pixels, as: name("\(index + 1).raw"))
    }
    let script = """
      import sys
      from pycocotools.coco import COCO
      coco = COCO(sys.argv[1] + '/c.json')
      assert len(coco.getImgIds()) == 3 and len(coco.getAnnIds()) == 2
      for a in coco.loadAnns(coco.getAnnIds()):
          mask = (coco.annToMask(a) * 255).astype('uint8').tobytes()
          assert mask == open(f"{sys.argv[1]}/{a['image_id']}.raw", 'rb').read(), a['image_id']
          assert a['area'] == mask.count(255)
      """
    try folder.handle.publish(Array(script.utf8), as: name("check.py"))
    #expect(
      folder.run(#"python3 "$D/check.py" "$D" > "$D/out" 2>&1 || { cat "$D/out"; false; }"#) == 0)
  }

  /// Reports are what their schema says.
  @Test(.enabled(if: hasJSONSchema, "the Python package jsonschema is not there"))
  func reportsFollowTheirSchema() throws {
    let folder = try TemporaryFolder()
    try Self.writeReports(to: folder)
    let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let script = """
      import glob, json, sys, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft202012Validator.check_schema(schema)
      files = glob.glob(sys.argv[2] + '/*.json')
      assert len(files) == 3
      for file in files: jsonschema.validate(json.load(open(file)), schema)
      """
    try folder.handle.publish(Array(script.utf8), as: name("check.py"))
    #expect(folder.run("python3 $D/check.py '\(root)/docs/report.schema.json' $D") == 0)
  }

  /// Without a validator: every key of a report is in the schema, and what is required is there.
  @Test func theSchemaNamesEveryKey() throws {
    let root = "/" + #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let bytes = try readRegularFile(
      at: .init("\(root)/docs/report.schema.json"), limitBytes: 1 << 20
    ).bytes
    let folder = try TemporaryFolder()
    try Self.writeReports(to: folder)
    let schema = try JSONDecoder().decode(Schema.self, from: Data(bytes))
    for index in 0..<3 {
      let report = try folder.handle.readRegularFile(name("\(index).json"), limitBytes: 1 << 20)
      let json = try JSONDecoder().decode(JSON.self, from: Data(report.bytes))
      schema.check(json, "report")
    }
  }

  private static func writeReports(to folder: TemporaryFolder) throws {
    let (image, mask) = CompanionTests.photograph()
    let full = Image(width: 320, height: 240, channels: 1, filledWith: 255)
    let empty = Image(width: 320, height: 240, channels: 1)
    for (index, mask) in [mask, full, empty].enumerated() {
      var subject = CompanionTests.subject(scale: index == 0 ? 0.02 : nil)
      subject.pleaseLook = index == 0 ? nil : index == 1 ? [.touchesBorder] : []
      let report = ImageReport(
        subject, mask: mask, Measurements(photograph: image, mask: mask))
      try folder.handle.publish(report.json(), as: name("\(index).json"))
    }
  }

  private enum JSON: Decodable {
    case object([String: JSON])
    case other

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      self = (try? container.decode([String: JSON].self)).map { .object($0) } ?? .other
    }
  }

  private final class Schema: Decodable {
    let properties: [String: Schema]?
    let required: [String]?

    func check(_ json: JSON, _ path: String) {
      guard case .object(let values) = json, let properties else { return }
      for key in required ?? [] { #expect(values[key] != nil, "\(path).\(key) is missing") }
      for (key, value) in values {
        #expect(properties[key] != nil, "\(path).\(key) is not in the schema")
        properties[key]?.check(value, "\(path).\(key)")
      }
    }
  }
}

@Suite struct GalleryTests {
  @Test func thePageHasAllPhotographsAndNeedsNothingElse() throws {
    let (image, mask) = CompanionTests.photograph()
    var gallery = Gallery(title: "A & B")
    for file in ["a.jpg", "<b>.jpg"] {
      let report = ImageReport(
        CompanionTests.subject(file), mask: mask, Measurements(photograph: image, mask: mask))
      try gallery.add(report, photograph: image, mask: file == "a.jpg" ? mask : nil)
    }
    let page = String(decoding: gallery.html(), as: UTF8.self)
    #expect(page.contains("<h1>A &amp; B</h1>") && page.contains("&lt;b&gt;.jpg"))
    #expect(!page.contains("<b>.jpg") && !page.contains("http://") && !page.contains("https://"))
    #expect(page.ranges(of: "<tr><td class=\"picture\">").count == 2)
    #expect(page.ranges(of: "src=\"data:image/jpeg;base64,").count == 2)
    #expect(page.ranges(of: "<svg").count == 1)
    // What is nowhere known has no column.
    #expect(!page.contains("area mm²") && page.contains("across px"))
    #expect(!page.contains("please look") && !page.contains("id=\"flagged\""))
    // On a telephone each measurement says what it is.
    #expect(page.contains("td:nth-child(3)::before{content:\"area % \"}"))
    #expect(348.4.fixed(places: 0) == "348" && 0.25.fixed(places: 3) == "0.250")
  }

  @Test func thoseToLookAtComeFirst() throws {
    let (image, mask) = CompanionTests.photograph()
    var gallery = Gallery(title: "")
    for (file, reasons) in [("a.jpg", []), ("b.jpg", [.unsureBorder]), ("c.jpg", nil)]
      as [(String, [PleaseLook]?)]
    {
      var subject = CompanionTests.subject(file)
      subject.pleaseLook = reasons
      let report = ImageReport(subject, mask: mask, Measurements(photograph: image, mask: mask))
      try gallery.add(report, photograph: image, mask: mask)
    }
    let page = String(decoding: gallery.html(), as: UTF8.self)
    let places = try ["b.jpg", "a.jpg", "c.jpg"].map {
      try #require(page.firstRange(of: "<b>\($0)</b>")).lowerBound
    }
    #expect(places == places.sorted())
    #expect(page.ranges(of: "<tr class=\"look\">").count == 1)
    #expect(page.contains("<em>\(PleaseLook.unsureBorder.text)</em>"))
    #expect(page.contains("Only the 1 to look at"))
  }
}
