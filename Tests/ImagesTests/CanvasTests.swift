import Images
import Testing

/// What is drawn is where it should be, smooth where it should be, and never outside.
@Suite struct CanvasTests {
  private func pixel(_ canvas: Canvas, _ x: Int, _ y: Int) -> [UInt8] {
    let at = (y * canvas.image.width + x) * 3
    return Array(canvas.image.pixels[at..<(at + 3)])
  }

  /// Pixels that are not white.
  private func drawn(_ canvas: Canvas) -> Set<SIMD2<Int>> {
    var found: Set<SIMD2<Int>> = []
    for y in 0..<canvas.image.height {
      for x in 0..<canvas.image.width where pixel(canvas, x, y) != [255, 255, 255] {
        found.insert(SIMD2(x, y))
      }
    }
    return found
  }

  @Test func aRectangleCoversItsPixelsAndIsCutAtTheEdge() {
    var canvas = Canvas(width: 6, height: 5)
    canvas.fill(x: 4, y: -1, width: 9, height: 3, color: Color(0x102030))
    #expect(drawn(canvas) == [[4, 0], [5, 0], [4, 1], [5, 1]])
    #expect(pixel(canvas, 5, 1) == [0x10, 0x20, 0x30])
    canvas.fill(x: 60, y: 60, width: 3, height: 3, color: .black)
    #expect(drawn(canvas).count == 4)
  }

  @Test func halfOpacityMixes() {
    var canvas = Canvas(width: 2, height: 1, background: .black)
    canvas.fill(x: 0, y: 0, width: 1, height: 1, color: .white, opacity: 0.5)
    #expect(pixel(canvas, 0, 0) == [128, 128, 128])
    #expect(pixel(canvas, 1, 0) == [0, 0, 0])
  }

  @Test func aLineOneWideThroughPixelCentresIsSharp() {
    var canvas = Canvas(width: 8, height: 5)
    canvas.stroke([[2, 2.5], [6, 2.5]], lineWidth: 1, color: .black)
    for x in 2..<6 {
      #expect(pixel(canvas, x, 2) == [0, 0, 0])
      #expect(pixel(canvas, x, 1) == [255, 255, 255])
      #expect(pixel(canvas, x, 3) == [255, 255, 255])
    }
  }

  @Test func aLineBetweenPixelsIsSharedByBoth() {
    var canvas = Canvas(width: 8, height: 6)
    canvas.stroke([[1, 3], [7, 3]], lineWidth: 1, color: .black)
    #expect(pixel(canvas, 4, 2) == [128, 128, 128])
    #expect(pixel(canvas, 4, 3) == [128, 128, 128])
  }

  @Test func aTransparentLineIsNotDarkerWhereItCrossesItself() {
    var canvas = Canvas(width: 21, height: 21)
    canvas.stroke(
      [[0, 10.5], [20, 10.5], [10.5, 20], [10.5, 0]], lineWidth: 3, color: .black, opacity: 0.5)
    #expect(pixel(canvas, 10, 10) == pixel(canvas, 3, 10))
  }

  @Test func aClosedLineReturnsToItsBeginning() {
    var open = Canvas(width: 12, height: 12)
    open.stroke([[2, 2], [10, 2], [10, 10]], lineWidth: 1, color: .black)
    var closed = Canvas(width: 12, height: 12)
    closed.stroke([[2, 2], [10, 2], [10, 10]], lineWidth: 1, color: .black, isClosed: true)
    #expect(!drawn(open).contains([5, 5]))
    #expect(drawn(closed).contains([5, 5]))
  }

  /// Whatever the distance between its two sides, which is passed over eight pixels at a time.
  @Test(arguments: 8...40) func aRingHasBothSidesAndNothingWithin(_ right: Int) {
    var canvas = Canvas(width: 50, height: 12)
    let x = Float(right) + 0.5
    canvas.stroke(
      [[1.5, 1.5], [x, 1.5], [x, 10.5], [1.5, 10.5]], lineWidth: 1, color: .black, isClosed: true)
    for y in 2..<10 {
      #expect((0..<50).filter { pixel(canvas, $0, y) == [0, 0, 0] } == [1, right])
      #expect((3..<(right - 1)).allSatisfy { pixel(canvas, $0, y) == [255, 255, 255] })
    }
  }

  @Test func aPolygonHasTheAreaOfGeometry() {
    var canvas = Canvas(width: 40, height: 40, background: .white)
    canvas.fill(polygon: [[5.25, 5], [30, 11.5], [20, 35]], color: .black)
    let dark = canvas.image.pixels.reduce(0.0) { $0 + (255 - Double($1)) / 255 / 3 }
    // Half the cross product of two sides.
    let area = abs((30 - 5.25) * (35 - 5) - (20 - 5.25) * (11.5 - 5)) / 2
    #expect(abs(dark - area) < 1.5)
  }

  @Test func aPolygonOverlappingItselfIsHollowThere() {
    var canvas = Canvas(width: 20, height: 20)
    canvas.fill(
      polygon: [
        [2, 2], [18, 2], [18, 18], [2, 18], [2, 2], [6, 6], [14, 6], [14, 14], [6, 14], [6, 6],
      ],
      color: .black)
    #expect(pixel(canvas, 3, 3) == [0, 0, 0])
    #expect(pixel(canvas, 10, 10) == [255, 255, 255])
  }

  @Test func nothingIsDrawnFarOutsideOrFromBrokenNumbers() {
    var canvas = Canvas(width: 5, height: 5)
    canvas.stroke([[-1e9, -1e9], [-1e8, -9e8]], lineWidth: 2, color: .black)
    canvas.stroke([[.nan, 1], [3, 3]], lineWidth: 2, color: .black)
    canvas.fill(polygon: [[100, 100], [200, 100], [150, 1e20]], color: .black)
    canvas.fill(polygon: [[.infinity, 0], [2, 2], [0, 4]], color: .black)
    canvas.stroke([], lineWidth: 2, color: .black)
    canvas.draw("text", x: 400, y: -300, color: .black)
    #expect(drawn(canvas).isEmpty)
  }

  @Test func textFillsTheSizeThatWasForetold() {
    let size = Canvas.size(of: "HH\nH", scale: 2)
    #expect(size == (36, 60))
    var canvas = Canvas(width: 60, height: 80)
    canvas.draw("HH\nH", x: 10, y: 12, color: .black, scale: 2)
    let points = drawn(canvas)
    #expect(points.allSatisfy { (10..<46).contains($0.x) && (12..<72).contains($0.y) })
    #expect(points.contains { $0.x >= 28 && $0.y < 42 }, "the second letter")
    #expect(points.contains { $0.y >= 42 }, "the second line")
  }

  @Test func alignmentMovesTheTextAndLeavesItsForm() {
    func shape(_ alignment: Canvas.TextAlignment, _ x: Int) -> Set<SIMD2<Int>> {
      var canvas = Canvas(width: 60, height: 20)
      canvas.draw("ab7", x: x, y: 2, color: .black, alignment: alignment)
      return drawn(canvas)
    }
    #expect(shape(.leading, 10) == shape(.trailing, 37))
    #expect(shape(.leading, 10) == shape(.center, 23))
  }

  @Test func upwardTextIsTheSameTurnedLeft() {
    var across = Canvas(width: 30, height: 30)
    across.draw("F7", x: 5, y: 4, color: .black)
    var upward = Canvas(width: 30, height: 30)
    upward.draw("F7", x: 4, y: 25, color: .black, isUpward: true)
    let turned = Set(drawn(across).map { SIMD2($0.y, 29 - $0.x) })
    #expect(drawn(upward) == turned)
  }

  @Test func everyPrintableLetterHasAForm() {
    func form(_ letter: Character) -> Set<SIMD2<Int>> {
      var canvas = Canvas(width: 9, height: 15)
      canvas.draw(String(letter), x: 0, y: 0, color: .black)
      return drawn(canvas)
    }
    let forms = Set((0x21...0x7E).map { form(Character(Unicode.Scalar(UInt8($0)))) })
    #expect(forms.count == 94)
    #expect(form(" ").isEmpty)
    #expect(form("漢") == form("字"), "a box")
    #expect(!form("漢").isEmpty && form("é") != form("漢"))
  }

  @Test func aPictureIsPutOnTopAndCutAtTheEdge() {
    var canvas = Canvas(width: 4, height: 3)
    canvas.draw(Image(width: 3, height: 3, channels: 1, filledWith: 9), x: 2, y: -1)
    #expect(drawn(canvas) == [[2, 0], [3, 0], [2, 1], [3, 1]])
    #expect(pixel(canvas, 3, 1) == [9, 9, 9])
  }
}
