import Kernels

// The plain-loop twins of the kernels: every formula written out, in double precision.

/// An array [batch, height, width, channels] with its own memory, and a view with unused Floats
/// between the pixels.
final class Activations {
  let buffer: FloatBuffer
  let view: ActivationView

  /// Values in -1...1 from a seed; the Floats between the pixels hold 777.
  init(_ batch: Int, _ height: Int, _ width: Int, _ channels: Int, gap: Int = 0, seed: UInt64?) {
    let stride = channels + gap
    buffer = FloatBuffer(count: batch * height * width * stride)
    view = unsafe ActivationView(
      base: buffer.base, batch: batch, height: height, width: width, channels: channels,
      pixelStride: stride)
    var random = SplitMix(state: seed ?? 0)
    for i in 0..<buffer.count {
      let isGap = i % stride >= channels
      unsafe buffer.base[i] = isGap ? 777 : seed == nil ? 0 : random.value()
    }
  }

  subscript(n: Int, y: Int, x: Int, c: Int) -> Double {
    get { Double(unsafe view.pixel(row: n * view.height + y, x: x)[c]) }
    set { unsafe view.pixel(row: n * view.height + y, x: x)[c] = Float(newValue) }
  }

  /// Whether the Floats between the pixels are untouched.
  var gapsAreUntouched: Bool {
    (0..<buffer.count).allSatisfy { i in
      unsafe i % view.pixelStride < view.channels || buffer.base[i] == 777
    }
  }
}

struct SplitMix {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
  mutating func value() -> Float { Float(next() >> 40) * 0x1p-23 - 1 }
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
}

/// A flat array of weights with its own memory.
func randomBuffer(_ count: Int, seed: UInt64) -> FloatBuffer {
  let buffer = FloatBuffer(count: count)
  var random = SplitMix(state: seed)
  for i in 0..<count { unsafe buffer.base[i] = random.value() }
  return buffer
}

struct PlainConvolution {
  let geometry: ConvolutionGeometry

  private func weight(_ weights: FloatBuffer, _ dy: Int, _ dx: Int, _ i: Int, _ o: Int) -> Double {
    let (k, inner) = (geometry.kernelSize, geometry.inputChannels)
    return Double(
      unsafe weights.base[((dy * k + dx) * inner + i) * geometry.outputChannels + o])
  }

  private func forEachTap(
    _ view: ActivationView, _ body: (_ n: Int, _ y: Int, _ x: Int, _ dy: Int, _ dx: Int) -> Void
  ) {
    for n in 0..<view.batch {
      for y in 0..<view.height {
        for x in 0..<view.width {
          for dy in 0..<geometry.kernelSize {
            for dx in 0..<geometry.kernelSize {
              let (sy, sx) = (y + dy - geometry.padding, x + dx - geometry.padding)
              if sy >= 0, sy < view.height, sx >= 0, sx < view.width { body(n, y, x, dy, dx) }
            }
          }
        }
      }
    }
  }

  func forward(_ input: Activations, _ weights: FloatBuffer, _ bias: FloatBuffer) -> [Double] {
    let view = input.view
    let outer = geometry.outputChannels
    var result = [Double](repeating: 0, count: view.pixels * outer)
    for i in result.indices { result[i] = Double(unsafe bias.base[i % outer]) }
    forEachTap(view) { n, y, x, dy, dx in
      let at = ((n * view.height + y) * view.width + x) * outer
      for i in 0..<geometry.inputChannels {
        let value = input[n, y + dy - geometry.padding, x + dx - geometry.padding, i]
        for o in 0..<outer { result[at + o] += value * weight(weights, dy, dx, i, o) }
      }
    }
    return geometry.hasReLU ? result.map { max($0, 0) } : result
  }

  func inputGradient(_ gradient: Activations, _ weights: FloatBuffer) -> [Double] {
    let view = gradient.view
    let inner = geometry.inputChannels
    var result = [Double](repeating: 0, count: view.pixels * inner)
    forEachTap(view) { n, y, x, dy, dx in
      let (sy, sx) = (y + dy - geometry.padding, x + dx - geometry.padding)
      let at = ((n * view.height + sy) * view.width + sx) * inner
      for o in 0..<geometry.outputChannels {
        let slope = gradient[n, y, x, o]
        for i in 0..<inner { result[at + i] += slope * weight(weights, dy, dx, i, o) }
      }
    }
    return result
  }

  func weightGradient(_ input: Activations, _ gradient: Activations) -> [Double] {
    let (inner, outer) = (geometry.inputChannels, geometry.outputChannels)
    var result = [Double](repeating: 0, count: geometry.weightCount)
    forEachTap(gradient.view) { n, y, x, dy, dx in
      let at = (dy * geometry.kernelSize + dx) * inner * outer
      for i in 0..<inner {
        let value = input[n, y + dy - geometry.padding, x + dx - geometry.padding, i]
        for o in 0..<outer { result[at + i * outer + o] += value * gradient[n, y, x, o] }
      }
    }
    return result
  }
}

/// max |found - expected| / max |expected|.
func relativeError(_ found: (Int) -> Double, _ expected: [Double]) -> Double {
  var (largest, difference) = (0.0, 0.0)
  for (i, value) in expected.enumerated() {
    largest = max(largest, abs(value))
    difference = max(difference, abs(found(i) - value))
    if !found(i).isFinite { return .infinity }
  }
  return largest == 0 ? difference : difference / largest
}
