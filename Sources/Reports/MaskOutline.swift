import Images
import Masks

/// The border of a mask as closed lines along the edges of its pixels: exactly the mask, as polygons.
///
/// Cost: linear in the length of the border, after a look at each pixel of the rectangle around the lesion.
public struct MaskOutline: Sendable, Equatable {
  /// What hangs together over the sides of its pixels, and the holes in it.
  public struct Part: Sendable, Equatable {
    /// The outer line, clockwise as seen.
    public var outer: [SIMD2<Int>]
    /// The lines around its holes, counter-clockwise.
    public var holes: [[SIMD2<Int>]]

    /// All lines, the outer one first.
    public var rings: [[SIMD2<Int>]] { [outer] + holes }
  }

  /// From top to bottom by their first rows. Points are corners of pixels, (0, 0) the top left one of the
  /// mask; only those where the line turns.
  public let parts: [Part]

  /// Follows the border of a mask, in its stored order.
  ///
  /// - Parameter mask: grey; a pixel is lesion from 128 on.
  public init(_ mask: Image) {
    if let plane = LesionPlane(mask) { self.init(plane) } else { self.init(parts: []) }
  }

  private init(parts: [Part]) { self.parts = parts }

  /// No border: that of an empty mask.
  static let none = MaskOutline(parts: [])

  init(_ plane: LesionPlane) {
    var tracer = BorderTracer(plane)
    var parts: [Part] = []
    var holes: [(ring: [SIMD2<Int>], below: SIMD2<Int>)] = []
    for pixel in tracer.upperSides() {
      guard let ring = tracer.ring(from: pixel) else { continue }
      if Self.doubledArea(ring) > 0 {
        parts.append(Part(outer: ring, holes: []))
      } else {
        holes.append((ring, pixel))
      }
    }
    for (hole, below) in holes {
      // Of the parts around it, the innermost one.
      let around = parts.indices.filter { Self.contains(parts[$0].outer, above: below) }
      let innermost = around.min {
        Self.doubledArea(parts[$0].outer) < Self.doubledArea(parts[$1].outer)
      }
      if let innermost { parts[innermost].holes.append(hole) }
    }
    self.init(parts: parts)
  }

  /// Twice the area within a line: positive if it runs clockwise as seen.
  static func doubledArea(_ ring: [SIMD2<Int>]) -> Int {
    var sum = 0
    for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) { sum += a.x * b.y - a.y * b.x }
    return sum
  }

  /// Whether the pixel above another one lies within a ring.
  private static func contains(_ ring: [SIMD2<Int>], above pixel: SIMD2<Int>) -> Bool {
    let (x, y) = (Double(pixel.x) + 0.5, Double(pixel.y) - 0.5)
    var isInside = false
    for (a, b) in zip(ring, ring.dropFirst() + ring.prefix(1)) where a.x == b.x {
      if Double(a.x) > x, (Double(a.y) < y) != (Double(b.y) < y) { isInside.toggle() }
    }
    return isInside
  }
}

/// Walks along the border with the lesion on its right.
private struct BorderTracer {
  private let plane: LesionPlane
  /// Whether the upper side of a pixel was walked along; every ring has at least one such side.
  private var isWalked: [Bool]

  init(_ plane: LesionPlane) {
    self.plane = plane
    isWalked = [Bool](repeating: false, count: plane.values.count)
  }

  /// Where a pixel of the mask lies in the plane.
  private func index(_ pixel: SIMD2<Int>) -> Int {
    (pixel.y - plane.box.y + 1) * plane.stride + pixel.x - plane.box.x + 1
  }

  /// The lesion pixels under pixels that are none, in reading order.
  func upperSides() -> [SIMD2<Int>] {
    var found: [SIMD2<Int>] = []
    let values = unsafe plane.values.span.bytes
    for run in plane.runs {
      let start = index(SIMD2(run.columns.lowerBound, run.y)) - plane.stride
      let end = start + run.columns.count
      var at = values.firstIndex(isLesion: false, in: start..<end)
      while at < end {
        found.append(SIMD2(run.columns.lowerBound + at - start, run.y))
        at = values.firstIndex(isLesion: false, in: (at + 1)..<end)
      }
    }
    return found
  }

  private func isLesion(_ pixel: SIMD2<Int>) -> Bool { plane.values[index(pixel)] != 0 }

  /// The ring that begins along the upper side of a lesion pixel; nil if that is none, or was walked along.
  mutating func ring(from pixel: SIMD2<Int>) -> [SIMD2<Int>]? {
    let start = index(pixel)
    guard plane.values[start - plane.stride] == 0, !isWalked[start] else { return nil }
    var ring: [SIMD2<Int>] = []
    var (at, direction) = (pixel, SIMD2(1, 0))
    repeat {
      // The two pixels beyond the next corner.
      if direction.x == 1 { isWalked[index(at)] = true }
      at = at &+ direction
      let right = SIMD2(-direction.y, direction.x)
      let ahead = Self.pixel(at, direction, right)
      let aheadLeft = ahead &- right
      if !isLesion(ahead) {
        // Also where the pixel across the corner is lesion: it belongs to the part only over sides.
        ring.append(at)
        direction = right
      } else if isLesion(aheadLeft) {
        ring.append(at)
        direction = SIMD2(direction.y, -direction.x)
      }
    } while !(at == pixel && direction == SIMD2(1, 0))
    return ring
  }

  /// The pixel beyond a corner, to the right of the direction.
  private static func pixel(
    _ corner: SIMD2<Int>, _ direction: SIMD2<Int>, _ right: SIMD2<Int>
  ) -> SIMD2<Int> {
    let towards = direction &+ right
    return SIMD2(towards.x > 0 ? corner.x : corner.x - 1, towards.y > 0 ? corner.y : corner.y - 1)
  }
}
