import Images
import Masks
import Testing

@Suite struct MaskDoubtsTests {
  private func plane(_ rows: [String]) -> FloatPlane {
    FloatPlane(
      width: rows[0].count, height: rows.count,
      values: rows.joined().map { Float($0 == "#" ? 10 : ($0.wholeNumberValue ?? 0)) / 10 })
  }

  private func reasons(_ rows: [String], looks: [[Float]] = []) -> [PleaseLook] {
    let plane = plane(rows)
    let made = MaskMaker(settings: MaskSettings(edges: .plain), modelThreshold: 0.5).mask(
      from: plane, for: Image(width: plane.width, height: plane.height, channels: 3))
    return MaskDoubts.found(in: made, of: plane, looks: looks, threshold: 0.5)
  }

  @Test func softnessIsTheFormula() {
    // 0.2 * 0.8 + 0.9 * 0.1 + 0.5 * 0.5 by two pixels.
    let softness = MaskDoubts.softness(of: plane(["29", "5#"]), threshold: 0.5)
    #expect(abs(softness - 0.5 / 3) < 1e-6)
    let other = MaskDoubts.softness(of: plane(["29", "5#"]), threshold: 0.6)
    #expect(abs(other - 0.5 / 2) < 1e-6)
    // Nothing found: divided by one.
    #expect(abs(MaskDoubts.softness(of: plane(["22"]), threshold: 0.5) - 0.32) < 1e-6)
  }

  @Test func aSureNetworkIsTrusted() {
    #expect(reasons(["......", ".####.", ".####.", "......"]) == [])
  }

  @Test func anEmptyMaskIsLookedAt() {
    #expect(reasons(["....", ".44.", "...."]) == [.noLesion])
  }

  @Test func aSoftBorderIsLookedAt() {
    #expect(reasons(["333333", "3####3", "3####3", "333333"]) == [.unsureBorder])
  }

  /// 2 of 8 pixels; 1 of 8; and all of them kept.
  @Test func aSecondRegionIsLookedAt() {
    let rows = [".......", ".####..", ".####.#", "......#", "......."]
    #expect(reasons(rows) == [.severalRegions])
    #expect(reasons([".......", ".####..", ".####.#", "......."]) == [])
    let plane = plane(rows)
    let all = MaskMaker(settings: MaskSettings(components: .all), modelThreshold: 0.5).mask(
      from: plane, for: Image(width: 7, height: 5, channels: 3))
    #expect(MaskDoubts.found(in: all, of: plane, looks: [], threshold: 0.5) == [])
  }

  /// 10 of 16 outermost pixels; 6 of 16; and a single row, which is all border.
  @Test func aLesionThatFillsTheEdgeIsLookedAt() {
    #expect(reasons(["######", "######", ".....#", "......"]) == [.touchesBorder])
    #expect(reasons(["######", "......", "......", "......"]) == [])
    #expect(reasons(["###..."]) == [.touchesBorder])
    #expect(reasons(["##...."]) == [])
  }

  @Test func disagreementIsTheMeanOverLooks() {
    let mean = plane(["##", ".."])
    let same: [Float] = [1, 1, 0, 0]
    let half: [Float] = [1, 0, 0, 0]
    let other: [Float] = [0, 0, 1, 1]
    #expect(MaskDoubts.disagreement(of: [same, same], with: mean, threshold: 0.5) == 0)
    #expect(MaskDoubts.disagreement(of: [same, half], with: mean, threshold: 0.5) == 0.25)
    #expect(MaskDoubts.disagreement(of: [other], with: mean, threshold: 0.5) == 1)
    #expect(MaskDoubts.disagreement(of: [], with: mean, threshold: 0.5) == 0)
    let none = plane(["..", ".."])
    #expect(MaskDoubts.disagreement(of: [[0, 0, 0, 0]], with: none, threshold: 0.5) == 0)
    let drawing = ["......", ".####.", ".####.", "......"]
    let look = plane(["......", ".####.", "......", "......"]).values
    #expect(reasons(drawing, looks: [look]) == [.looksDisagree])
  }

  @Test func codesAreReadAsTheyAreWritten() {
    for reasons in [[], [.noLesion], [.touchesBorder, .looksDisagree]] as [[PleaseLook]] {
      #expect([PleaseLook](codes: reasons.codes) == reasons)
    }
    for text in ["x", "no-lesion ", " ", "no-lesion no-lesion", "no-lesion  touches-border"] {
      #expect([PleaseLook](codes: text) == nil, "\(text)")
    }
  }
}
