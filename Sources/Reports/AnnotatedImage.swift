import Images

/// A photograph's mask as other programs' annotations have it.
public struct AnnotatedImage: Sendable {
  /// What annotations call the lesion.
  public static let label = "lesion"

  /// The photograph's path in its folder.
  public let file: String
  /// Pixels, as stored.
  public let width: Int
  /// Pixels, as stored.
  public let height: Int
  let upright: Upright
  let outline: MaskOutline
  let areaPixels: Int
  let box: PixelBox?
  /// Pixels of skin and lesion by turns, down the columns: COCO's run lengths.
  let columnRuns: [Int]

  /// Reads a mask.
  public init(file: String, mask: Image) {
    self.file = file
    (width, height) = (mask.width, mask.height)
    upright = Upright(orientation: mask.orientation, width: mask.width, height: mask.height)
    let plane = LesionPlane(mask)
    outline = plane.map { MaskOutline($0) } ?? .none
    areaPixels = plane?.runs.reduce(0) { $0 + $1.columns.count } ?? 0
    box = plane?.box
    columnRuns = outline.parts.contains { !$0.holes.isEmpty } ? Self.columnRuns(mask) : []
  }

  private static func columnRuns(_ mask: Image) -> [Int] {
    var runs = [0]
    var isLesion = false
    for x in 0..<mask.width {
      for y in 0..<mask.height {
        if (mask.pixels[y * mask.width + x] >= 128) != isLesion {
          isLesion.toggle()
          runs.append(0)
        }
        runs[runs.count - 1] += 1
      }
    }
    return runs
  }

  /// Each part as one closed line; a hole is joined to what is around it by a cut of no width, because the
  /// programs know no polygons with holes.
  ///
  /// - Parameters:
  ///   - tolerance: see ``MaskOutline/Part/smoothRings(tolerance:)``; 0: along the pixels' edges.
  ///   - isUpright: whether in the photograph as it is shown.
  func polygons(tolerance: Double, isUpright: Bool) -> [[SIMD2<Double>]] {
    outline.parts.map { part in
      let rings =
        tolerance > 0
        ? part.smoothRings(tolerance: tolerance)
        : part.rings.map { $0.map { SIMD2<Double>($0) } }
      let joined = Self.joined(rings)
      return isUpright ? joined.map(upright.point) : joined
    }
  }

  private static func joined(_ rings: [[SIMD2<Double>]]) -> [SIMD2<Double>] {
    var line = rings[0]
    var holes = Array(rings.dropFirst())
    while !holes.isEmpty {
      // The nearest hole first, so that no cut crosses another one.
      var best = (distance: Double.infinity, hole: 0, from: 0, to: 0)
      for (index, hole) in holes.enumerated() {
        for (to, point) in hole.enumerated() {
          for (from, other) in line.enumerated() {
            let apart = point - other
            let distance = (apart * apart).sum()
            if distance < best.distance { best = (distance, index, from, to) }
          }
        }
      }
      let hole = holes.remove(at: best.hole)
      let around = hole[best.to...] + hole[...best.to]
      line.insert(contentsOf: around + [line[best.from]], at: best.from + 1)
    }
    return line
  }
}
