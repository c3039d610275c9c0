import Images
import Masks

/// Paints hair over in a photograph that was brought to the network's size.
///
/// A grey closing along lines of four directions removes what is dark and thinner than the lines are long.
/// Where that changes a channel by more than a contrast, and the pixels that were changed hang together as
/// something long and thin, there is hair. Each of its pixels gets what lies on both sides of it, in the
/// direction in which it is thinnest, the nearer side counting more.
///
/// Source: Lee, Ng, Gallagher, Coldman and McLean, "DullRazor: A software approach to hair removal from
/// images", Computers in Biology and Medicine 27 (1997): closing, threshold, test of length and width,
/// interpolation between two sides. Theirs works at the photograph's size with lines of three directions,
/// tests each pixel by the lines through it instead of each region, and smooths what it painted.
///
/// Cost: 80 passes over the channels at the network's size, whatever the photograph's.
package struct HairRemoval: Sendable {
  /// Pixels of the lines along rows and columns; odd. Those along diagonals have as much length.
  package var lineLength = 9
  /// By how much hair is darker than its closing in one channel at least, 0...255.
  package var contrast = 20
  /// Hair is at least so long, in pixels: the diagonal of the rectangle that encloses it.
  package var leastLength = 15.0
  /// Hair, with a pixel more on each side, is at most so wide, in pixels: twice area / perimeter, which holds
  /// for hairs that cross, too.
  package var mostWidth = 4.0

  /// The usual one, for 192 to 256 pixels.
  package init() {}

  /// The picture without hair; the same if there is none.
  package func applied(to image: Image) -> Image {
    let hair = hair(in: image)
    guard hair.isSet.contains(true) else { return image }
    var result = image
    for y in 0..<image.height {
      for x in 0..<image.width where hair.isSet[y * image.width + x] {
        guard let sides = Sides(of: (x, y), in: hair) else { continue }
        for channel in 0..<image.channels {
          result.pixels[(y * image.width + x) * image.channels + channel] =
            sides.value(of: image, channel: channel)
        }
      }
    }
    return result
  }

  /// Where there is hair, and a pixel around it.
  package func hair(in image: Image) -> BinaryPlane {
    let (width, height) = (image.width, image.height)
    var dark = BinaryPlane(
      width: width, height: height, isSet: [Bool](repeating: false, count: width * height))
    for channel in 0..<image.channels {
      let plane = GreyPlane(image, channel: channel)
      for line in PixelLine.four(length: lineLength) {
        let closed = plane.closed(along: line)
        for index in dark.isSet.indices
        where Int(closed.values[index]) - Int(plane.values[index]) > contrast {
          dark.isSet[index] = true
        }
      }
    }
    return longAndThin(dark.widened())
  }

  /// Leaves out the regions that are too short or too wide for hair.
  private func longAndThin(_ plane: BinaryPlane) -> BinaryPlane {
    var found = plane.regions()
    let (labels, regions) = found.found()
    var extents = [Extent](repeating: Extent(), count: regions.count)
    for (run, label) in zip(found.runs, labels) { extents[label].add(run, of: plane) }
    var result = plane
    for (run, label) in zip(found.runs, labels) {
      let extent = extents[label]
      let width = 2 * Double(regions[label].area) / Double(extent.perimeter)
      if extent.length < leastLength || width > mostWidth { result.set(run, to: false) }
    }
    return result
  }
}

extension BinaryPlane {
  /// With the eight neighbours of all pixels that are set.
  fileprivate func widened() -> BinaryPlane {
    var result = self
    for y in 0..<height {
      for x in 0..<width where isSet[y * width + x] {
        for row in max(y - 1, 0)...min(y + 1, height - 1) {
          for column in max(x - 1, 0)...min(x + 1, width - 1) {
            result.isSet[row * width + column] = true
          }
        }
      }
    }
    return result
  }
}

/// How far a region reaches.
private struct Extent {
  private var (left, right, top, bottom) = (Int32.max, Int32.min, Int32.max, Int32.min)
  /// Sides of its pixels that no other pixel of it touches.
  private(set) var perimeter = 0

  mutating func add(_ run: PixelRun, of plane: BinaryPlane) {
    (left, right) = (min(left, run.start), max(right, run.end))
    (top, bottom) = (min(top, run.row), max(bottom, run.row + 1))
    let (row, width) = (Int(run.row), plane.width)
    perimeter += 2
    for x in Int(run.start)..<Int(run.end) {
      if row == 0 || !plane.isSet[(row - 1) * width + x] { perimeter += 1 }
      if row == plane.height - 1 || !plane.isSet[(row + 1) * width + x] { perimeter += 1 }
    }
  }

  /// The diagonal of what encloses it, without the pixel that was added on each side.
  var length: Double {
    let (width, height) = (Double(right - left - 2), Double(bottom - top - 2))
    return (width * width + height * height).squareRoot()
  }
}

/// The two pixels beside hair between which the way through one of its pixels is shortest.
private struct Sides {
  private var first: (pixel: Int, distance: Int)
  private var second: (pixel: Int, distance: Int)

  /// How far a side may be away, in pixels.
  private static let farthest = 12

  /// Nil where hair reaches the edge of the picture in all directions.
  init?(of pixel: (x: Int, y: Int), in hair: BinaryPlane) {
    var best: Sides?
    var shortest = Double.infinity
    for (dx, dy) in [(1, 0), (0, 1), (1, 1), (1, -1)] {
      guard let first = Self.side(of: pixel, (dx, dy), in: hair),
        let second = Self.side(of: pixel, (-dx, -dy), in: hair)
      else { continue }
      let way = Double(first.distance + second.distance) * Double(dx * dx + dy * dy).squareRoot()
      if way < shortest { (best, shortest) = (Sides(first: first, second: second), way) }
    }
    guard let best else { return nil }
    self = best
  }

  private init(first: (pixel: Int, distance: Int), second: (pixel: Int, distance: Int)) {
    (self.first, self.second) = (first, second)
  }

  private static func side(
    of pixel: (x: Int, y: Int), _ step: (dx: Int, dy: Int), in hair: BinaryPlane
  ) -> (pixel: Int, distance: Int)? {
    for distance in 1...farthest {
      let (x, y) = (pixel.x + distance * step.dx, pixel.y + distance * step.dy)
      guard (0..<hair.width).contains(x), (0..<hair.height).contains(y) else { return nil }
      if !hair.isSet[y * hair.width + x] { return (y * hair.width + x, distance) }
    }
    return nil
  }

  /// On the straight line between the values of both sides.
  func value(of image: Image, channel: Int) -> UInt8 {
    func value(_ side: (pixel: Int, distance: Int)) -> Int {
      Int(image.pixels[side.pixel * image.channels + channel])
    }
    let total = first.distance + second.distance
    let sum = value(first) * second.distance + value(second) * first.distance
    return UInt8((sum + total / 2) / total)
  }
}
