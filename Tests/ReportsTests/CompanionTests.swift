import Files
import Images
import Masks
import Reports
import SystemPackage
import TemporaryFolders
import Testing

@Suite struct CompanionTests {
  static func subject(_ file: String = "a.jpg", scale: Double? = nil) -> ImageReport.Subject {
    ImageReport.Subject(
      file: file, mask: "a_segmentation.png", sha256: String(repeating: "a", count: 64),
      sizeBytes: 4711, modelID: "unet-20261101-0a1b2c3d",
      modelSHA256: String(repeating: "b", count: 64),
      threshold: 0.5, software: "dermseg test", millimetersPerPixel: scale)
  }

  static func photograph(width: Int = 320, height: Int = 240) -> (image: Image, mask: Image) {
    let mask = drawn(width: width, height: height) { x, y in
      let (dx, dy) = (x - Double(width) * 0.4, y - Double(height) * 0.5)
      return dx * dx + dy * dy < Double(height * height) / 16
    }
    var image = Image(width: width, height: height, channels: 3)
    for index in 0..<(width * height) {
      let color: [UInt8] = mask.pixels[index] == 255 ? [120, 80, 60] : [225, 180, 165]
      for channel in 0..<3 { image.pixels[3 * index + channel] = color[channel] }
    }
    return (image, mask)
  }

  @Test func eachMaskHasOtherNamesBesideIt() {
    let masks = ["a_segmentation.png", "a.png_segmentation.png", "a~0123_segmentation.png"].map(
      name)
    for kind in CompanionKind.allCases {
      let names = masks.map { kind.name(beside: $0) }
      #expect(Set(names).count == 3)
      for (mask, companion) in zip(masks, names) {
        #expect(kind.mask(of: companion) == mask)
        #expect(companion.bytes.count <= mask.bytes.count)
      }
    }
    #expect(CompanionKind.report.name(beside: masks[1]) == name("a.png.json"))
    #expect(CompanionKind.overlay.mask(of: name("holiday.jpg")) == nil)
  }

  @Test func aReportSaysWhatWasMeasured() throws {
    let (image, mask) = Self.photograph()
    let choice = CompanionChoice(kinds: Set(CompanionKind.allCases), table: true)
    let plane = FloatPlane(width: 2, height: 2, values: [0, 1, 0.5, 0.25])
    let made = try Companions(
      choice, Self.subject(scale: 0.1), photograph: image, mask: mask, probabilities: plane)
    let json = try #require(made.files[.report])
    let report = try #require(ImageReport(json))
    #expect(report.json() == json)
    let lesion = try #require(report.lesion)
    #expect(lesion == ShapeMeasurements(mask))
    let millimeters = try #require(report.millimeters)
    #expect(abs(millimeters.area - Double(lesion.areaPixels) * 0.01) < 1e-4)
    #expect(abs(millimeters.maximumDiameter - lesion.maximumDiameterPixels * 0.1) < 1e-4)
    #expect(report.colors?.present == [.darkBrown])
    #expect(report.caption[0].hasSuffix(" mm across"))
    #expect(ImageReport(Array("{}".utf8)) == nil && ImageReport([]) == nil)
    // 16 bits, and of the photograph's size.
    let png = try #require(made.files[.probabilities])
    #expect(
      PNGHeader.read(from: png) == PNGHeader(width: 320, height: 240, bitDepth: 16, colorType: 0))
    let decoded = try ImageDecoder.decode(png)
    #expect(decoded.pixels.first == 0 && decoded.pixels[319] == 255)
  }

  @Test func anEmptyMaskHasAReportToo() throws {
    let (image, _) = Self.photograph()
    let choice = CompanionChoice(kinds: [.report, .overlay], table: true, millimetersPerPixel: 0.1)
    let made = try Companions(
      choice, Self.subject(scale: 0.1), photograph: image,
      mask: Image(width: 320, height: 240, channels: 1), probabilities: nil)
    let report = try #require(made.files[.report].flatMap { ImageReport($0) })
    #expect(report.lesion == nil && report.millimeters == nil && report.colors == nil)
    #expect(report.caption[0] == "no lesion found")
    #expect(made.files[.overlay] != nil && made.row?.values.count == ResultsRow.header.count)
  }

  @Test func aReasonToLookIsInReportTableAndPicture() throws {
    let (image, mask) = Self.photograph()
    func made(_ reasons: [PleaseLook]?) throws -> (ImageReport, String, Image) {
      var subject = Self.subject()
      subject.pleaseLook = reasons
      let made = try Companions(
        CompanionChoice(kinds: [.report, .overlay], table: true), subject, photograph: image,
        mask: mask, probabilities: nil)
      let column = try #require(ResultsRow.header.firstIndex(of: "please_look"))
      let json = try #require(made.files[.report])
      let picture = try #require(made.files[.overlay])
      let row = try #require(made.row)
      return (
        try #require(ImageReport(json)), row.values[column], try ImageDecoder.decode(picture)
      )
    }
    let (old, oldValue, _) = try made(nil)
    #expect(old.pleaseLook == nil && oldValue == "" && old.warning == [])
    let (good, goodValue, goodPicture) = try made([])
    #expect(good.pleaseLook == [] && goodValue == "" && good.warning == [])
    let (bad, badValue, badPicture) = try made([.touchesBorder, .unsureBorder])
    #expect(bad.pleaseLook == [.touchesBorder, .unsureBorder])
    #expect(badValue == "touches-border unsure-border")
    // Words in the warning's own colour.
    func amber(_ picture: Image) -> Int {
      (0..<(picture.width * picture.height)).count {
        Int(picture.pixels[3 * $0]) - Int(picture.pixels[3 * $0 + 2]) > 90
      }
    }
    #expect(amber(badPicture) > amber(goodPicture) + 100)
  }

  @Test(arguments: UInt8(1)...8)
  func theOverlayIsUpright(_ orientation: UInt8) throws {
    var (image, mask) = Self.photograph()
    (image.orientation, mask.orientation) = (orientation, orientation)
    let outline = Measurements(photograph: image, mask: mask).outline
    let picture = OverlayPicture.drawn(image, outline: outline, caption: [])
    #expect(picture.orientation == 1)
    let upright = mask.upright()
    #expect(picture.width == upright.width && picture.height == upright.height)
    // The line lies where the upright mask has its border, and nowhere else.
    var lineCount = 0
    for y in 0..<picture.height {
      for x in 0..<picture.width {
        let at = (y * picture.width + x) * 3
        guard picture.pixels[at] < 100, picture.pixels[at + 1] > 240 else { continue }
        lineCount += 1
        var around: Set<UInt8> = []
        for row in max(y - 3, 0)...min(y + 3, upright.height - 1) {
          let middle = row * upright.width + x
          around.formUnion(upright.pixels[(middle - 3)...(middle + 3)])
        }
        #expect(around == [0, 255], "\(x), \(y)")
      }
    }
    #expect(lineCount > 300)
  }

  @Test func theCaptionIsLeftOutWhereItDoesNotFit() {
    let image = Image(width: 100, height: 90, channels: 3, filledWith: 200)
    let outline = MaskOutline(Image(width: 100, height: 90, channels: 1))
    func dark(_ caption: [String]) -> Int {
      OverlayPicture.drawn(image, outline: outline, caption: caption).pixels.count { $0 < 100 }
    }
    #expect(dark(["a phrase that is too long"]) == 0)
    #expect(dark(["5 %"]) > 0)
    // Of a warning, what there is room for.
    func warned(_ phrases: [String]) -> Image {
      OverlayPicture.drawn(image, outline: outline, caption: [], warning: phrases)
    }
    let long = "please look: it is long"
    #expect(warned([long]) == warned([]) && warned([long, "look"]) == warned(["look"]))
    #expect(warned(["look"]) != warned([]))
  }

  @Test func largePhotographsAreMadeSmaller() {
    let image = Image(width: 4000, height: 1000, channels: 3, filledWith: 200)
    let outline = MaskOutline(Image(width: 4000, height: 1000, channels: 1))
    let picture = OverlayPicture.drawn(image, outline: outline, caption: [])
    #expect(picture.width == 2048 && picture.height == 512)
  }
}

@Suite struct ResultsTableTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func row(_ file: String, area: Int = 10) -> ResultsRow {
    let mask = drawn(width: 20, height: 20) { x, y in y < 1 && x < Double(area) }
    let measurements = Measurements(photograph: nil, mask: mask)
    return ResultsRow(ImageReport(CompanionTests.subject(file), mask: mask, measurements))
  }

  private func files(_ column: Int = 0) throws -> [String] {
    let bytes = try folder.handle.readRegularFile(ResultsTable.name, limitBytes: 1 << 24).bytes
    let rows = try #require(CommaSeparated.rows(of: String(decoding: bytes, as: UTF8.self)))
    #expect(rows[0] == ResultsRow.header)
    #expect(rows.allSatisfy { $0.count == ResultsRow.header.count })
    return rows.dropFirst().map { $0[column] }
  }

  @Test func linesAreAddedAlsoByTheNextProcess() throws {
    let names = ["a.jpg", "with, comma.jpg", "with \"quotes\".jpg", "ward/b.png"]
    for name in names { try ResultsTable(in: folder.handle).add(row(name)) }
    let table = ResultsTable(in: folder.handle)
    try table.add(row("c.jpg"))
    try table.add(row("d.jpg"))
    #expect(try files() == names + ["c.jpg", "d.jpg"])
    #expect(folder.run(#"test -z "$(find "$D" -name '*.part')""#) == 0)
  }

  @Test func aPhotographHasOneLine() throws {
    let table = ResultsTable(in: folder.handle)
    for name in ["a.jpg", "b, c.jpg", "d.jpg"] { try table.add(row(name)) }
    try table.add(row("b, c.jpg", area: 7))
    #expect(try files() == ["a.jpg", "d.jpg", "b, c.jpg"])
    try ResultsTable(in: folder.handle).add(row("a.jpg", area: 6))
    #expect(try files(4) == ["10", "7", "6"])
  }

  @Test func aTornLineIsRepaired() throws {
    let table = ResultsTable(in: folder.handle)
    for name in ["a.jpg", "b.jpg"] { try table.add(row(name)) }
    folder.run(#"truncate -s -5 "$D/results.csv""#)
    try table.add(row("c.jpg"))
    #expect(try files() == ["a.jpg", "c.jpg"])
    folder.run(#"printf 'd.jpg,half a l' >> "$D/results.csv""#)
    try ResultsTable(in: folder.handle).add(row("e.jpg"))
    #expect(try files() == ["a.jpg", "c.jpg", "e.jpg"])
  }

  @Test func whatIsEmptyGoneOrSomebodyElsesBecomesATable() throws {
    let table = ResultsTable(in: folder.handle)
    folder.run(#": > "$D/results.csv""#)
    try table.add(row("a.jpg"))
    folder.run(#"rm "$D/results.csv""#)
    try table.add(row("b.jpg"))
    #expect(try files() == ["b.jpg"])
    folder.run(#"echo 'my;own;table' > "$D/results.csv""#)
    try table.add(row("c.jpg"))
    #expect(try files() == ["c.jpg"])
    #expect(folder.run(#"grep -q own "$D/results-old.csv""#) == 0)
  }

  @Test func aLongTableIsNotWrittenAnewForEachLine() throws {
    let table = ResultsTable(in: folder.handle)
    try table.replace(with: (0..<1600).map { row("\($0).jpg") })
    for index in 0..<150 { try table.add(row("\(index).jpg", area: 5)) }
    #expect(try files().count == 1750)
    for index in 150..<201 { try table.add(row("\(index).jpg", area: 5)) }
    #expect(try files().count <= 1601)
    #expect(Set(try files()).count == 1600)
  }
}
