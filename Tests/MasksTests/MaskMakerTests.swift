import Images
import Masks
import Testing

@Suite struct MaskMakerTests {
  /// Probabilities in the size of the photograph: nothing is enlarged.
  private func made(
    _ rows: [String], _ settings: MaskSettings, threshold: Float = 0.5
  ) -> MadeMask {
    let (width, height) = (rows[0].count, rows.count)
    let values = rows.joined().map { Float($0 == "#" ? 10 : ($0.wholeNumberValue ?? 0)) / 10 }
    return MaskMaker(settings: settings, modelThreshold: threshold).mask(
      from: FloatPlane(width: width, height: height, values: values),
      for: Image(width: width, height: height, channels: 3, filledWith: 128))
  }

  private static let scene = [
    "#...........",
    "...#####....",
    "...#...#.5..",
    "...#.#.#.55.",
    "...#...#....",
    "...#####....",
    "...........#",
  ]

  private func settings(
    _ components: MaskComponents, holes: Bool, speck: Double = 0
  ) -> MaskSettings {
    MaskSettings(
      components: components, fillHoles: holes, smallestSpeck: speck, edges: .plain)
  }

  @Test func withoutCleaningTheMaskIsTheThreshold() {
    let all = made(Self.scene, .plain)
    #expect(drawn(all.mask) == Self.scene.map { $0.replacing("5", with: "#") })
    #expect(all.lesionPixels == 22)
    #expect(all.regions.count == 5)
    #expect(drawn(made(Self.scene, .plain, threshold: 0.6).mask)[2] == "...#...#....")
    var own = MaskSettings.plain
    own.threshold = 0.6
    #expect(drawn(made(Self.scene, own).mask)[2] == "...#...#....")
  }

  @Test func oneRegionIsKeptAndItsHoleFilled() {
    let filled = made(Self.scene, settings(.largest, holes: true))
    #expect(
      drawn(filled.mask) == [
        "............", "...#####....", "...#####....", "...#####....", "...#####....",
        "...#####....", "............",
      ])
    #expect(filled.lesionPixels == 25)
    // The ring, the second in reading order.
    #expect(filled.kept == [1])
    let hollow = made(Self.scene, settings(.largest, holes: false))
    // What lies in the hole is another region.
    #expect(drawn(hollow.mask)[3] == "...#...#....")
  }

  @Test func specksGoAndTheRestStays() {
    // 84 pixels: 3 of them are 3.57 %.
    let kept = made(Self.scene, settings(.all, holes: false, speck: 3.5))
    #expect(
      kept.regions.indices.filter { kept.kept.contains($0) }.map { kept.regions[$0].area } == [
        16, 3,
      ])
    let fewer = made(Self.scene, settings(.all, holes: true, speck: 3.6))
    #expect(fewer.lesionPixels == 25)
    let none = made(Self.scene, settings(.largest, holes: true, speck: 50))
    #expect(none.lesionPixels == 0)
    #expect(none.mask.pixels.allSatisfy { $0 == 0 })
  }

  @Test func theSurerOfTwoRegionsIsKept() {
    let kept = made(
      ["##......", "##...555", ".....555", "........"], settings(.largest, holes: true))
    // 4 x 1.0 against 6 x 0.5.
    #expect(drawn(kept.mask)[1] == "##......")
  }

  @Test(arguments: [(1, 1), (1, 9), (9, 1), (8, 8), (17, 3), (16, 5), (33, 2)])
  func anySizeAndAnyRowIsRight(_ width: Int, _ height: Int) {
    for seed in 1...20 {
      var dice = Dice(seed: UInt64(seed))
      let values = (0..<(width * height)).map { _ in dice.roll() }
      let plane = FloatPlane(width: width, height: height, values: values)
      let made = MaskMaker(settings: .plain, modelThreshold: 0.4).mask(
        from: plane, for: Image(width: width, height: height, channels: 1, filledWith: 9))
      #expect(made.mask.pixels == values.map { $0 >= 0.4 ? 255 : 0 })
      #expect(made.lesionPixels == values.count { $0 >= 0.4 })
    }
  }

  @Test func theOrientationIsThePhotographs() {
    var image = Image(width: 20, height: 10, channels: 3, filledWith: 90)
    image.orientation = 6
    let plane = FloatPlane(width: 4, height: 4, values: [Float](repeating: 0.9, count: 16))
    let made = MaskMaker(settings: .standard, modelThreshold: 0.5).mask(from: plane, for: image)
    #expect(made.mask.orientation == 6)
    #expect(made.lesionPixels == 200)
  }
}
