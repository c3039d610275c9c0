import Images
import Masks

/// A plane drawn with characters; `#` is set.
func plane(_ rows: String...) -> BinaryPlane { plane(rows) }

func plane(_ rows: [String]) -> BinaryPlane {
  BinaryPlane(
    width: rows[0].count, height: rows.count, isSet: rows.joined().map { $0 == "#" })
}

/// The rows of a plane or mask, as they would be drawn.
func drawn(_ plane: BinaryPlane) -> [String] {
  (0..<plane.height).map { y in
    String((0..<plane.width).map { plane.isSet[y * plane.width + $0] ? "#" : "." })
  }
}

func drawn(_ mask: Image) -> [String] {
  drawn(
    BinaryPlane(width: mask.width, height: mask.height, isSet: mask.pixels.map { $0 == 255 }))
}

/// Random numbers that are the same each time (Knuth's MMIX constants).
struct Dice {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }

  /// In 0..<1.
  mutating func roll() -> Float {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Float(state >> 40) / Float(1 << 24)
  }
}
