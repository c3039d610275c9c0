import Glibc

/// One of the six colours that the C of the ABCD rule counts.
///
/// The rule: Stolz et al., "ABCD rule of dermatoscopy", European Journal of Dermatology 4 (1994) 521-527;
/// Nachbar et al., Journal of the American Academy of Dermatology 30 (1994) 551-559. It leaves to the eye what
/// each colour is. Here each pixel gets the nearest, in CIE L*a*b* (CIE 15:2004; sRGB, white point D65), of the
/// six colours below and of the skin's own, the median outside the lesion, which counts for none. White
/// counts only where it is lighter than that skin, as the rule has it. A colour that takes 3 % of the lesion
/// is present. The six values and the 3 % are this program's choice: photographs without calibrated colour
/// allow no better one.
public enum LesionColor: String, Sendable, CaseIterable, Codable {
  case white
  case red
  case lightBrown = "light_brown"
  case darkBrown = "dark_brown"
  case blueGray = "blue_gray"
  case black

  /// The share of the lesion from which on a colour is present.
  static let smallestShare = 0.03

  /// In words.
  public var name: String {
    switch self {
    case .lightBrown: "light brown"
    case .darkBrown: "dark brown"
    case .blueGray: "blue-gray"
    default: rawValue
    }
  }

  /// What it looks like in a dermoscopy photograph, in sRGB.
  public var example: SIMD3<Double> {
    switch self {
    case .white: [235, 225, 220]
    case .red: [185, 70, 65]
    case .lightBrown: [185, 125, 85]
    case .darkBrown: [95, 55, 40]
    case .blueGray: [105, 115, 135]
    case .black: [30, 22, 22]
    }
  }

  /// How many pixels are of which colour.
  ///
  /// - Parameters:
  ///   - histogram: 32 x 32 x 32 counts, red outermost.
  ///   - skin: the median outside the lesion, [red, green, blue]; nil if there is no outside.
  static func counts(_ histogram: [UInt32], skin: [Double]?) -> [LesionColor: Int] {
    let examples = allCases.map { labColor($0.example) }
    let skin = skin.map { labColor([$0[0], $0[1], $0[2]]) }
    let white = allCases.firstIndex(of: .white)
    // The middles of the 32 steps.
    let steps = (0..<32).map { linearLight(Double($0) * 8 + 3.5) }
    var counts = [Int](repeating: 0, count: examples.count)
    for (cell, count) in histogram.enumerated() where count > 0 {
      let lab = labColor(
        linear: SIMD3(steps[cell >> 10], steps[cell >> 5 & 31], steps[cell & 31]))
      var best: (color: Int?, distance: Double) = (nil, .infinity)
      if let skin { best.distance = squaredDistance(lab, skin) }
      for (color, example) in examples.enumerated() {
        if color == white, let skin, lab.x <= skin.x { continue }
        let distance = squaredDistance(lab, example)
        if distance < best.distance { best = (color, distance) }
      }
      if let color = best.color { counts[color] += Int(count) }
    }
    return Dictionary(uniqueKeysWithValues: zip(allCases, counts))
  }

  private static func squaredDistance(_ a: SIMD3<Double>, _ b: SIMD3<Double>) -> Double {
    ((a - b) * (a - b)).sum()
  }
}

/// CIE L*a*b* of an sRGB colour, 0...255 (IEC 61966-2-1, CIE 15:2004).
func labColor(_ rgb: SIMD3<Double>) -> SIMD3<Double> {
  labColor(linear: SIMD3(linearLight(rgb.x), linearLight(rgb.y), linearLight(rgb.z)))
}

/// The light, 0...1, of a channel of sRGB, 0...255.
private func linearLight(_ value: Double) -> Double {
  let share = value / 255
  return share <= 0.04045 ? share / 12.92 : pow((share + 0.055) / 1.055, 2.4)
}

private func labColor(linear rgb: SIMD3<Double>) -> SIMD3<Double> {
  func root(_ share: Double) -> Double {
    share > 216.0 / 24389 ? cbrt(share) : (24389.0 / 27 * share + 16) / 116
  }
  let (r, g, b) = (rgb.x, rgb.y, rgb.z)
  let x = root((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047)
  let y = root(0.2126729 * r + 0.7151522 * g + 0.0721750 * b)
  let z = root((0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883)
  return SIMD3(116 * y - 16, 500 * (x - y), 200 * (y - z))
}
