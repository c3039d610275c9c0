// Tiles of an image batch in and out of the transformed domain, eight channels at a time.
//
// A transformed block holds T tiles as [36][T][C]: for each position a matrix that the products
// read directly. Consecutive positions start 64 bytes off a multiple of 4096 bytes, or all 36 would
// share one cache set.

/// The 4x4 output tiles of a batch of images, numbered image by image, row by row.
struct TileGrid {
  let height: Int
  let width: Int
  let rows: Int
  let columns: Int
  let count: Int

  init(batch: Int, height: Int, width: Int) {
    self.height = height
    self.width = width
    rows = (height + winogradTile - 1) / winogradTile
    columns = (width + winogradTile - 1) / winogradTile
    count = batch * rows * columns
  }

  /// First row of the tile's image in the batch, and the tile's first row and column in the image.
  @inline(__always)
  func place(_ tile: Int) -> (firstRow: Int, y: Int, x: Int) {
    let perImage = rows * columns
    let inImage = tile % perImage
    return (
      tile / perImage * height, inImage / columns * winogradTile, inImage % columns * winogradTile
    )
  }
}

/// Floats from one position's matrix `[tiles][channels]` to the next.
func positionStride(tiles: Int, channels: Int) -> Int {
  (tiles * channels + 1023) / 1024 * 1024 + 16
}

/// block[p][slot] = (Bᵀ d B)[p] of the 6x6 input around a tile, zero outside the image; C channels,
/// a multiple of 8.
func transformInputTile(
  _ input: ActivationView, _ grid: TileGrid, tile: Int,
  to block: UnsafeMutablePointer<Float>, stride: Int, temporary: UnsafeMutablePointer<Float>
) {
  let (firstRow, y, x) = grid.place(tile)
  let isInside = y > 0 && x > 0 && y + 5 <= grid.height && x + 5 <= grid.width
  let rowStride = grid.width * input.pixelStride
  let corner = unsafe input.base + (firstRow + y - 1) * rowStride + (x - 1) * input.pixelStride
  for channel in Swift.stride(from: 0, to: input.channels, by: 8) {
    for column in 0..<6 {
      let source = unsafe corner + column * input.pixelStride + channel
      let d: Lanes6
      if isInside {
        d = unsafe (
          load(source), load(source + rowStride), load(source + 2 * rowStride),
          load(source + 3 * rowStride), load(source + 4 * rowStride),
          load(source + 5 * rowStride)
        )
      } else if x + column - 1 < 0 || x + column - 1 >= grid.width {
        d = (.zero, .zero, .zero, .zero, .zero, .zero)
      } else {
        d = unsafe (
          edge(source, rowStride, 0, y, grid.height), edge(source, rowStride, 1, y, grid.height),
          edge(source, rowStride, 2, y, grid.height), edge(source, rowStride, 3, y, grid.height),
          edge(source, rowStride, 4, y, grid.height), edge(source, rowStride, 5, y, grid.height)
        )
      }
      unsafe storeSix(winogradInput(d), to: temporary + 8 * column, stride: 48)
    }
    for row in 0..<6 {
      let w = unsafe loadSix(temporary + 48 * row, stride: 8)
      unsafe storeSix(winogradInput(w), to: block + 6 * row * stride + channel, stride: stride)
    }
  }
}

@inline(__always)
private func edge(
  _ source: UnsafePointer<Float>, _ rowStride: Int, _ row: Int, _ y: Int, _ height: Int
) -> Lanes {
  let inside = y + row - 1 >= 0 && y + row - 1 < height
  return unsafe inside ? load(source + row * rowStride) : .zero
}

/// output tile = Aᵀ m A (+ bias, ReLU), cut at the image's edge; `block` is [36][T][stride of
/// channels].
func transformOutputTile(
  _ block: UnsafePointer<Float>, stride: Int, _ grid: TileGrid, tile: Int,
  to output: ActivationView, bias: UnsafePointer<Float>?, hasReLU: Bool, accumulate: Bool,
  temporary: UnsafeMutablePointer<Float>
) {
  let (firstRow, y, x) = grid.place(tile)
  let rows = min(winogradTile, grid.height - y)
  let columns = min(winogradTile, grid.width - x)
  let rowStride = grid.width * output.pixelStride
  let corner = unsafe output.base + (firstRow + y) * rowStride + x * output.pixelStride
  for channel in Swift.stride(from: 0, to: output.channels, by: 8) {
    for column in 0..<6 {
      let m = unsafe loadSix(block + column * stride + channel, stride: 6 * stride)
      let w = winogradOutput(m)
      let target = unsafe temporary + 8 * column
      unsafe store(w.0, to: target)
      unsafe store(w.1, to: target + 48)
      unsafe store(w.2, to: target + 96)
      unsafe store(w.3, to: target + 144)
    }
    let offset = unsafe bias.map { unsafe load($0 + channel) } ?? .zero
    for row in 0..<rows {
      var w = winogradOutput(unsafe loadSix(temporary + 48 * row, stride: 8))
      w = (w.0 + offset, w.1 + offset, w.2 + offset, w.3 + offset)
      if hasReLU { w = (clamp(w.0), clamp(w.1), clamp(w.2), clamp(w.3)) }
      let target = unsafe corner + row * rowStride + channel
      unsafe put(w.0, target, accumulate)
      if columns > 1 { unsafe put(w.1, target + output.pixelStride, accumulate) }
      if columns > 2 { unsafe put(w.2, target + 2 * output.pixelStride, accumulate) }
      if columns > 3 { unsafe put(w.3, target + 3 * output.pixelStride, accumulate) }
    }
  }
}

/// block[p][slot] = (A y Aᵀ)[p] of a 4x4 tile of output gradients, zero outside the image.
func transformGradientTile(
  _ gradient: ActivationView, channels: Range<Int>, _ grid: TileGrid, tile: Int,
  to block: UnsafeMutablePointer<Float>, stride: Int, temporary: UnsafeMutablePointer<Float>
) {
  let (firstRow, y, x) = grid.place(tile)
  let rows = grid.height - y
  let columns = grid.width - x
  let rowStride = grid.width * gradient.pixelStride
  let corner = unsafe gradient.base + (firstRow + y) * rowStride + x * gradient.pixelStride
  for channel in Swift.stride(from: channels.lowerBound, to: channels.upperBound, by: 8) {
    for column in 0..<4 {
      let source = unsafe corner + column * gradient.pixelStride + channel
      let inside = column < columns
      let d: Lanes4 = unsafe (
        inside ? load(source) : .zero,
        inside && rows > 1 ? load(source + rowStride) : .zero,
        inside && rows > 2 ? load(source + 2 * rowStride) : .zero,
        inside && rows > 3 ? load(source + 3 * rowStride) : .zero
      )
      unsafe storeSix(winogradOutputGradient(d), to: temporary + 8 * column, stride: 32)
    }
    let target = unsafe block + (channel - channels.lowerBound)
    for row in 0..<6 {
      let source = unsafe temporary + 32 * row
      let w: Lanes4 = unsafe (
        load(source), load(source + 8), load(source + 16), load(source + 24)
      )
      unsafe storeSix(winogradOutputGradient(w), to: target + 6 * row * stride, stride: stride)
    }
  }
}

@inline(__always)
func clamp(_ value: Lanes) -> Lanes { value.replacing(with: 0, where: value .< 0) }

@inline(__always)
private func put(_ value: Lanes, _ target: UnsafeMutablePointer<Float>, _ accumulate: Bool) {
  unsafe store(accumulate ? load(target) + value : value, to: target)
}

@inline(__always)
func loadSix(_ source: UnsafePointer<Float>, stride: Int) -> Lanes6 {
  unsafe (
    load(source), load(source + stride), load(source + 2 &* stride), load(source + 3 &* stride),
    load(source + 4 &* stride), load(source + 5 &* stride)
  )
}

@inline(__always)
func storeSix(_ values: Lanes6, to target: UnsafeMutablePointer<Float>, stride: Int) {
  unsafe store(values.0, to: target)
  unsafe store(values.1, to: target + stride)
  unsafe store(values.2, to: target + 2 &* stride)
  unsafe store(values.3, to: target + 3 &* stride)
  unsafe store(values.4, to: target + 4 &* stride)
  unsafe store(values.5, to: target + 5 &* stride)
}
