import Images

/// A mask in the making: rows go in from top to bottom, then it is cleaned.
struct MaskDrawing: ~Copyable {
  private let width: Int
  private let height: Int
  /// [height, width], 0 and 255; rows not yet there are 0.
  private var pixels: [UInt8]
  private var rowCount = 0
  private(set) var regions: Regions

  init(width: Int, height: Int) {
    (self.width, self.height) = (width, height)
    pixels = [UInt8](repeating: 0, count: width * height)
    regions = Regions(width: width, height: height)
  }

  /// Adds the next row of probabilities, `[width]`.
  mutating func append(row: Span<Float>, threshold: Float) {
    let start = rowCount * width
    unsafe row.withUnsafeBufferPointer { row in
      unsafe pixels.withUnsafeMutableBufferPointer { pixels in
        // From 0 on: adding to the index would keep this from becoming vector code.
        let pixels = unsafe UnsafeMutableBufferPointer(rebasing: pixels[start..<(start + width)])
        for x in row.indices { unsafe pixels[x] = row[x] >= threshold ? 255 : 0 }
      }
      var x = 0
      while let run = nextRun(from: x, in: start) {
        let weight = unsafe sum(UnsafeBufferPointer(rebasing: row[run]))
        regions.append(
          PixelRun(row: rowCount, start: run.lowerBound, end: run.upperBound, weight: weight))
        x = run.upperBound
      }
    }
    rowCount += 1
  }

  /// Eight partial sums, so that an addition need not wait for the one before.
  private func sum(_ values: UnsafeBufferPointer<Float>) -> Float {
    var sums = SIMD8<Float>.zero
    let whole = values.count & ~7
    for x in stride(from: 0, to: whole, by: 8) {
      unsafe sums +=
        UnsafeRawPointer(values.baseAddress.unsafelyUnwrapped + x).loadUnaligned(
          as: SIMD8<Float>.self)
    }
    var sum = sums.sum()
    for x in whole..<values.count { unsafe sum += values[x] }
    return sum
  }

  /// Removes, keeps and fills.
  consuming func finished(_ settings: MaskSettings, orientation: UInt8) -> MadeMask {
    let (labels, found) = regions.found()
    let kept = Self.kept(of: found, settings, pixels: width * height)
    var lesion = Regions(width: width, height: height)
    for (run, label) in zip(regions.runs, labels) {
      if kept.contains(label) {
        lesion.append(run)
      } else {
        paint(run, 0)
      }
    }
    var lesionPixels = lesion.runs.reduce(0) { $0 + $1.count }
    if settings.fillHoles { lesionPixels += fillHoles(of: lesion.runs) }
    let mask = Image(
      width: width, height: height, channels: 1, pixels: pixels, orientation: orientation)
    return MadeMask(mask: mask, lesionPixels: lesionPixels, regions: found, kept: kept)
  }

  /// The numbers of the regions that stay.
  private static func kept(of regions: [Region], _ settings: MaskSettings, pixels: Int) -> Set<Int>
  {
    let least = settings.smallestSpeck / 100 * Double(pixels)
    let large = regions.indices.filter { Double(regions[$0].area) >= least }
    switch settings.components {
    case .all: return Set(large)
    case .largest:
      let best = large.max { regions[$0].weight < regions[$1].weight }
      return best.map { [$0] } ?? []
    }
  }

  /// Paints background that does not reach the mask's border.
  ///
  /// - Returns: How many pixels that was.
  private mutating func fillHoles(of lesion: [PixelRun]) -> Int {
    var background = Regions(width: width, height: height)
    var next = lesion.startIndex
    for y in 0..<height {
      var start = 0
      while next < lesion.endIndex, lesion[next].row == y {
        let run = lesion[next]
        if run.start > start {
          background.append(PixelRun(row: y, start: start, end: Int(run.start)))
        }
        start = Int(run.end)
        next += 1
      }
      if start < width { background.append(PixelRun(row: y, start: start, end: width)) }
    }
    let (labels, found) = background.found()
    var count = 0
    for (run, label) in zip(background.runs, labels) where found[label].borderPixels == 0 {
      paint(run, 255)
      count += run.count
    }
    return count
  }

  private mutating func paint(_ run: PixelRun, _ value: UInt8) {
    let start = Int(run.row) * width
    for x in run.start..<run.end { pixels[start + Int(x)] = value }
  }

  /// The next run of lesion in the row that begins at an index, from a column on.
  private func nextRun(from column: Int, in rowStart: Int) -> Range<Int>? {
    let (bytes, end) = unsafe (pixels.span.bytes, rowStart + width)
    let first = bytes.firstIndex(isLesion: true, in: (rowStart + column)..<end)
    guard first < end else { return nil }
    let next = bytes.firstIndex(isLesion: false, in: first..<end)
    return (first - rowStart)..<(next - rowStart)
  }
}
