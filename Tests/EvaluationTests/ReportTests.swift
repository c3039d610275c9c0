import Datasets
import Evaluation
import FoundationEssentials
import Images
import Masks
import TestScaffold
import Testing

@Suite struct BootstrapTests {
  /// numpy's percentiles of the same samples.
  @Test func intervalsAreThoseOfAnotherImplementation() throws {
    let interval = try #require(
      Bootstrap(resamples: 2000, seed: 7).interval(of: [0.1, 0.4, 0.35, 0.8, 0.95]))
    #expect(abs(interval.mean - 0.52) < 1e-12)
    #expect(abs(interval.low - 0.26) < 1e-12 && abs(interval.high - 0.78) < 1e-12)
  }

  @Test func theSameSeedGivesTheSameInterval() {
    let values = (0..<50).map { Double($0 * $0 % 17) }
    #expect(Bootstrap().interval(of: values) == Bootstrap().interval(of: values))
    #expect(Bootstrap(seed: 2).interval(of: values) != Bootstrap().interval(of: values))
  }

  @Test func edges() {
    #expect(Bootstrap().interval(of: []) == nil)
    #expect(Bootstrap().interval(of: [0.3]) == MeanInterval(mean: 0.3, low: 0.3, high: 0.3))
  }

  /// The textbook's half width: 1.96 standard errors.
  @Test func theIntervalOfManyValuesIsThatOfTheNormalLaw() throws {
    let values = (0..<400).map { Double(($0 * 7919) % 400) / 400 }
    let interval = try #require(Bootstrap().interval(of: values))
    let expected = 1.96 * (1.0 / 12).squareRoot() / 20
    #expect(abs((interval.high - interval.low) / 2 / expected - 1) < 0.05)
  }
}

@Suite struct ReportFilesTests {
  private func report() throws -> (EvaluationReport, ScratchDirectory) {
    let folder = try ScratchDirectory()
    try DrawnPair.write(0..<4, to: folder)
    let pairs = try PairListing(
      images: folder.path.appending("images"), masks: folder.path.appending("masks")
    ).pairs
    var next = 0
    let report = try #require(
      Evaluator().report(on: pairs, modelID: "m-1") { image in
        defer { next += 1 }
        return next == 2
          ? EvaluatedMask(
            Image(width: image.width, height: image.height, channels: 1), pleaseLook: [.noLesion])
          : EvaluatedMask(
            DrawnPair(index: next).mask, pleaseLook: next == 3 ? [.unsureBorder] : [])
      })
    return (report, folder)
  }

  @Test func failuresAndIntervalsAreInTheReport() throws {
    let (report, _) = try report()
    #expect(report.model.failureShare == 0.25)
    #expect(report.model.mean.jaccard == 0.75)
    let interval = try #require(report.model.intervals["jaccard"])
    #expect(interval.mean == 0.75 && interval.low == 0.25 && interval.high == 1)
    // The one without a mask is as far away as can be: 48 x 36 has a diagonal of 60.
    #expect(report.model.mean.hausdorff95 == 15 && report.model.mean.hausdorff95Percent == 25)
    #expect(report.model.pooled.hausdorff95 == nil)
    #expect(report.model.mean.boundaryDistance == 15)
    #expect(report.model.mean.boundaryFMeasure == 0.75)
    #expect(report.model.pooled.boundaryFMeasure == nil)
    let flags = try #require(report.pleaseLook)
    #expect(flags.failures == 1 && flags.caught == 1 && flags.others == 3)
    #expect(flags.flaggedOthers == 1)
    #expect(
      abs(
        report.jaccardGain.mean - (report.model.mean.jaccard - report.noLearningRule.mean.jaccard))
        < 1e-12)
  }

  @Test func jsonGivesTheSameReportBack() throws {
    let (report, _) = try report()
    let bytes = try report.json()
    #expect(try JSONDecoder().decode(EvaluationReport.self, from: Data(bytes)) == report)
    let text = String(decoding: bytes, as: UTF8.self)
    for key in [
      "\"failure_share\"", "\"jaccard_gain\"", "\"hausdorff95_percent\"", "\"model_id\"",
      "\"boundary_distance\"", "\"boundary_distance_percent\"", "\"boundary_f_measure\"",
    ] {
      #expect(text.contains(key))
    }
  }

  @Test func csvHasOneLinePerPhotograph() throws {
    var (report, _) = try report()
    report.images[1].name = "a \"b\", c"
    report.images[1].model.sensitivity = nil
    let lines = String(decoding: report.csv(), as: UTF8.self).split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[0].hasPrefix("name,width,height,jaccard,dice,thresholded_jaccard,"))
    #expect(
      lines[0].hasSuffix(
        ",rule_boundary_distance,rule_boundary_distance_percent,rule_boundary_f_measure"
          + ",please_look"))
    #expect(lines[1].hasPrefix("lesion_00,48,36,1.0,1.0,1.0,1.0,1.0,1.0,0.0,0.0,0.0,0.0,1.0,"))
    #expect(lines[1].hasSuffix(",") && lines[3].hasSuffix(",no-lesion"))
    #expect(lines[2].hasPrefix("\"a \"\"b\"\", c\",48,36,1.0,1.0,1.0,1.0,,1.0,"))
    #expect(lines.filter { !$0.hasPrefix("\"") }.allSatisfy { $0.filter { $0 == "," }.count == 25 })
  }
}

@Suite struct PictureTests {
  private func scores(_ jaccards: [Double]) -> [ImageScores] {
    jaccards.enumerated().map { index, jaccard in
      var scores = Scores(ConfusionCounts(truePositives: 1))
      scores.jaccard = jaccard
      return ImageScores(
        name: "\(index)", width: 1, height: 1, model: scores, noLearningRule: scores)
    }
  }

  @Test func theChosenAreSpreadFromWorstToBest() {
    let images = scores([0.9, 0.1, 0.5, 0.7, 0.3])
    #expect(ContactSheet.chosen(images, count: 3).map(\.name) == ["1", "2", "0"])
    #expect(ContactSheet.chosen(images, count: 1).map(\.name) == ["1"])
    #expect(ContactSheet.chosen(images, count: 9).map(\.name) == ["1", "4", "2", "3", "0"])
  }

  @Test func theSheetHasThreeCellsPerRow() {
    var sheet = ContactSheet(title: "t")
    let pair = DrawnPair(index: 1, width: 600, height: 450)
    let none = Image(width: 600, height: 450, channels: 1)
    sheet.add(image: pair.image, truth: pair.mask, mask: none, caption: "c")
    sheet.add(image: pair.image, truth: pair.mask, mask: pair.mask, caption: "c")
    let page = sheet.drawn()
    #expect(page.width == 948 && page.height == 12 + 38 + 12 + 2 * (225 + 19 + 12))
    func pixel(_ x: Int, _ y: Int) -> [UInt8] {
      Array(page.pixels[((y * page.width + x) * 3)..<((y * page.width + x) * 3 + 3)])
    }
    let small = pair.image.resized(width: 300, height: 225)
    let (x, y) = (150, 112)
    #expect(
      pixel(12 + x, 54 + y) == Array(small.pixels[((y * 300 + x) * 3)..<((y * 300 + x) * 3 + 3)]))
    // The middle of the lesion: white for the expert, black where nothing was found.
    #expect(pixel(324 + x, 54 + y) == [255, 255, 255] && pixel(636 + x, 54 + y) == [0, 0, 0])
    #expect(pixel(636 + x, 54 + 256 + y) == [255, 255, 255])
  }

  @Test func outlinesAreDrawnInTheirColours() {
    let pair = DrawnPair(index: 2, width: 200, height: 150)
    let none = Image(width: 200, height: 150, channels: 1)
    func colours(_ picture: Image) -> Set<[UInt8]> {
      Set(
        (0..<(200 * 150)).map { pixel in
          let at = (pixel / 200 * picture.width + pixel % 200) * 3
          return Array(picture.pixels[at..<(at + 3)])
        })
    }
    func rgb(_ color: Color) -> [UInt8] { [color.red, color.green, color.blue] }
    let truth = colours(
      OutlinePicture.drawn(pair.image, truth: pair.mask, mask: none, caption: "c"))
    #expect(truth.contains(rgb(OutlinePicture.truthColor)))
    #expect(!truth.contains(rgb(OutlinePicture.maskColor)))
    let mask = colours(
      OutlinePicture.drawn(pair.image, truth: none, mask: pair.mask, caption: "c"))
    #expect(mask.contains(rgb(OutlinePicture.maskColor)))
    #expect(!mask.contains(rgb(OutlinePicture.truthColor)))
    let large = DrawnPair(index: 2, width: 2048, height: 512)
    #expect(
      OutlinePicture.drawn(large.image, truth: large.mask, mask: large.mask, caption: "").width
        == 1024)
  }
}
