import Images
import Testing

@Suite struct LineChartTests {
  private func chart(_ points: [SIMD2<Double>], countsAlongX: Bool = true) -> LineChart {
    LineChart(
      title: "Title", xLabel: "along", yLabel: "up", countsAlongX: countsAlongX,
      series: [.init(name: "one", color: Color(0x1F6FB4), points: points)])
  }

  /// The texts of an SVG, in their order.
  private func texts(_ chart: LineChart) -> [String] {
    chart.svg().split(separator: "\n").filter { $0.hasPrefix("<text") }.compactMap { line in
      line.split(separator: ">").dropFirst().first?.split(separator: "<").first.map(String.init)
    }
  }

  @Test func marksAreRoundAndEncloseTheValues() {
    let texts = texts(chart((1...10).map { SIMD2(Double($0), 0.17 + Double($0) * 0.05) }))
    #expect(texts.prefix(7) == ["0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "1"])
    #expect(texts.contains("10") && texts.contains("Title") && texts.contains("along"))
    #expect(texts.contains("up") && texts.contains("one"))
  }

  @Test(
    arguments: [
      [], [SIMD2(1, 0.5)], [SIMD2(1, 0), SIMD2(2, 0)], [SIMD2(1, -3), SIMD2(2, 1e9)],
      [SIMD2(1, .nan), SIMD2(2, .infinity)], [SIMD2(1, 1e300), SIMD2(2, -1e300)],
      [SIMD2(0, 1e-30), SIMD2(9, 2e-30)], [SIMD2(1, 0.1), SIMD2(2, .nan), SIMD2(3, 0.2)],
    ] as [[SIMD2<Double>]])
  func anyNumbersMakeAChart(_ points: [SIMD2<Double>]) {
    for counts in [true, false] {
      let chart = chart(points, countsAlongX: counts)
      #expect(chart.image().width == 900)
      #expect(!chart.svg().contains("nan") && !chart.svg().contains("inf"))
    }
  }

  @Test func theLineIsWhereItsNumbersAre() {
    let image = chart([SIMD2(0, 0), SIMD2(10, 10)]).image()
    // The plot is 96...872 by 86...496.
    func isBlue(_ x: Int, _ y: Int) -> Bool {
      let at = (y * image.width + x) * 3
      return image.pixels[at] == 0x1F && image.pixels[at + 2] == 0xB4
    }
    #expect(isBlue(96, 496 - 1) || isBlue(96, 496))
    #expect(isBlue(484, 291) || isBlue(484, 290))
    #expect(isBlue(871, 86) || isBlue(871, 87))
    #expect(!isBlue(484, 250) && !isBlue(484, 330))
  }

  @Test func namesCannotBreakTheDocument() {
    var chart = chart([SIMD2(1, 1)])
    chart.title = "a < b & \"c\" > d\u{1}"
    #expect(chart.svg().contains(">a &lt; b &amp; &quot;c&quot; &gt; d </text>"))
  }
}
