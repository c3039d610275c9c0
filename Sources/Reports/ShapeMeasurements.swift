import Glibc
import Images

/// How large a lesion is and what form it has, measured on its mask.
///
/// Lengths are in pixels of the photograph as it is stored, points from its top left corner, the middle of
/// the first pixel at (0.5, 0.5). Where the mask has several parts, they are measured together. What a
/// diagnosis would need is not in here, and none is made.
public struct ShapeMeasurements: Sendable, Equatable, Codable {
  /// Pixels of the lesion, A.
  public var areaPixels: Int
  /// A in per cent of the photograph.
  public var areaPercent: Double
  /// Parts that hang together over the sides of their pixels.
  public var parts: Int
  /// Of the photograph's border, the share that is lesion, 0...1: a lesion that is cut there is not measured
  /// whole.
  public var borderShare: Double
  /// The smallest rectangle around the lesion.
  public var boundingBox: PixelBox
  /// The mean of its pixels' middles, [x, y].
  public var centroid: [Double]
  /// The length of its border, holes included, P: with the number of changes between lesion and skin along
  /// the rows, the columns and both diagonals, P = pi / 8 (rows + columns + (diagonals) / sqrt 2).
  ///
  /// Within 1 % on discs of 20 pixels or more; up to 7 % too short on a square that stands upright, the worst
  /// case.
  /// Source: the Cauchy-Crofton formula for four directions; Legland, Kiêu, Devaux, "Computation of Minkowski
  /// measures on 2D and 3D binary images", Image Analysis & Stereology 26 (2007) 83-92.
  public var perimeterPixels: Double
  /// The diameter of a disc of this area, sqrt(4 A / pi).
  public var equivalentDiameterPixels: Double
  /// The longest distance between two of its points (Feret), corners of pixels counted.
  public var maximumDiameterPixels: Double
  /// P² / (4 pi A): 1 for a disc, larger the longer or the more ragged the lesion is.
  ///
  /// Source: Cox, "A method of assigning numerical and percentage values to the degree of roundness of sand
  /// grains", Journal of Paleontology 1 (1927) 179-183, as its reciprocal; for lesions Golston, Stoecker, Moss,
  /// Dhillon, "Automatic detection of irregular borders in melanoma and other skin tumors", Computerized
  /// Medical Imaging and Graphics 16 (1992) 199-203.
  public var compactness: Double
  /// The share of the convex hull that is not lesion, 1 - A / hull: 0 for every convex form, however long.
  ///
  /// Source: the complement of solidity; among the features of Celebi et al., "A methodological approach to
  /// the classification of dermoscopy images", Computerized Medical Imaging and Graphics 31 (2007) 362-373.
  public var borderIrregularity: Double
  /// The angle of the major axis against the rows, -90...90 degrees, clockwise as seen.
  public var orientationDegrees: Double
  /// The share of the lesion that is not lesion on the other side of the major axis, 0...1: see ``Asymmetry``.
  public var asymmetryMajorAxis: Double
  /// The same of the minor axis.
  public var asymmetryMinorAxis: Double

  enum CodingKeys: String, CodingKey {
    case parts, centroid, compactness
    case areaPixels = "area_pixels"
    case areaPercent = "area_percent"
    case borderShare = "border_share"
    case boundingBox = "bounding_box"
    case perimeterPixels = "perimeter_pixels"
    case equivalentDiameterPixels = "equivalent_diameter_pixels"
    case maximumDiameterPixels = "maximum_diameter_pixels"
    case borderIrregularity = "border_irregularity"
    case orientationDegrees = "orientation_degrees"
    case asymmetryMajorAxis = "asymmetry_major_axis"
    case asymmetryMinorAxis = "asymmetry_minor_axis"
  }
}

extension ShapeMeasurements {
  /// Measures a mask.
  ///
  /// Cost: one pass over the mask and some over the rectangle around the lesion; docs/results.md has times.
  ///
  /// - Parameter mask: grey; a pixel is lesion from 128 on.
  /// - Returns: nil if no pixel is.
  public init?(_ mask: Image) {
    guard let plane = LesionPlane(mask) else { return nil }
    self.init(plane, parts: MaskOutline(plane).parts.count, of: mask)
  }

  init(_ plane: LesionPlane, parts: Int, of mask: Image) {
    let moments = Moments(plane.runs)
    let hull = ConvexHull(plane.runs)
    let perimeter = plane.perimeter
    let area = moments.area
    let asymmetry = Asymmetry(plane, moments)
    areaPixels = Int(area)
    areaPercent = (100 * area / Double(mask.width * mask.height)).rounded(places: 4)
    self.parts = parts
    borderShare = Self.borderShare(plane, mask).rounded(places: 5)
    boundingBox = plane.box
    centroid = [moments.center.x.rounded(places: 3), moments.center.y.rounded(places: 3)]
    perimeterPixels = perimeter.rounded(places: 3)
    equivalentDiameterPixels = (4 * area / .pi).squareRoot().rounded(places: 3)
    maximumDiameterPixels = hull.diameter.rounded(places: 3)
    compactness = (perimeter * perimeter / (4 * .pi * area)).rounded(places: 5)
    borderIrregularity = max(0, 1 - area / hull.area).rounded(places: 5)
    orientationDegrees = (moments.orientation * 180 / .pi).rounded(places: 2)
    asymmetryMajorAxis = asymmetry.majorAxis.rounded(places: 5)
    asymmetryMinorAxis = asymmetry.minorAxis.rounded(places: 5)
  }

  /// Of the outermost pixels of the mask, how many are lesion.
  private static func borderShare(_ plane: LesionPlane, _ mask: Image) -> Double {
    var count = 0
    for run in plane.runs {
      if run.y == 0 || run.y == mask.height - 1 {
        count += run.columns.count
      } else {
        if run.columns.lowerBound == 0 { count += 1 }
        if run.columns.upperBound == mask.width, mask.width > 1 { count += 1 }
      }
    }
    let all =
      mask.width == 1 || mask.height == 1
      ? mask.width * mask.height : 2 * (mask.width + mask.height) - 4
    return Double(count) / Double(all)
  }
}

/// Area, centre and spread of a lesion.
struct Moments {
  /// Pixels.
  let area: Double
  /// The mean of the pixels' middles.
  let center: SIMD2<Double>
  /// Central second moments per pixel: the means of (x - cx)², (y - cy)² and (x - cx)(y - cy).
  let xx: Double
  let yy: Double
  let xy: Double

  /// - Parameter runs: at least one.
  init(_ runs: [LesionPlane.Run]) {
    // Counted from a corner of the lesion, so that squares of large numbers do not eat the digits.
    let (left, top) = (Double(runs[0].columns.lowerBound), Double(runs[0].y))
    var (n, sx, sy, sxx, syy, sxy) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    for run in runs {
      let (a, b) = (Double(run.columns.lowerBound) - left, Double(run.columns.upperBound) - left)
      let y = Double(run.y) - top + 0.5
      let count = b - a
      // Sums over x = a + 1/2 ... b - 1/2.
      let x = (b * b - a * a) / 2
      n += count
      sx += x
      sy += count * y
      sxx += (b * b * b - a * a * a) / 3 - count / 12
      syy += count * y * y
      sxy += x * y
    }
    area = n
    center = SIMD2(sx / n + left, sy / n + top)
    xx = sxx / n - (sx / n) * (sx / n)
    yy = syy / n - (sy / n) * (sy / n)
    xy = sxy / n - (sx / n) * (sy / n)
  }

  /// The angle of the major axis, -pi / 2 ... pi / 2: 1/2 atan2(2 xy, xx - yy).
  var orientation: Double { 0.5 * atan2(2 * xy, xx - yy) }
}

extension LesionPlane {
  /// See ``ShapeMeasurements/perimeterPixels``.
  var perimeter: Double {
    // Bits in which neighbours differ; 8 for each pair of a lesion pixel and another.
    var (rows, columns, diagonals) = (0, 0, 0)
    func add(_ pixel: UInt64, right: UInt64, below: UInt64, belowRight: UInt64) {
      rows += (pixel ^ right).nonzeroBitCount
      columns += (pixel ^ below).nonzeroBitCount
      diagonals += (pixel ^ belowRight).nonzeroBitCount + (right ^ below).nonzeroBitCount
    }
    // Over the ends of rows as well: there are the rims, which do not differ.
    let (stride, end) = (stride, values.count - stride - 1)
    unsafe values.withUnsafeBytes { values in
      func eight(_ index: Int) -> UInt64 {
        unsafe values.loadUnaligned(fromByteOffset: index, as: UInt64.self)
      }
      for at in Swift.stride(from: 0, to: end & ~7, by: 8) {
        add(
          eight(at), right: eight(at + 1), below: eight(at + stride),
          belowRight: eight(at + stride + 1))
      }
      for at in (end & ~7)..<end {
        unsafe add(
          UInt64(values[at]), right: UInt64(values[at + 1]), below: UInt64(values[at + stride]),
          belowRight: UInt64(values[at + stride + 1]))
      }
    }
    return .pi / 8 * (Double((rows + columns) / 8) + Double(diagonals / 8) / 2.0.squareRoot())
  }
}
