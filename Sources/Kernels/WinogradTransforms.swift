// The one-dimensional transforms of Winograd's minimal filtering F(4, 3): four outputs of a filter
// of three taps with six multiplications instead of twelve; in two dimensions 36 instead of 144.
//
//   Y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A        d: 6x6 input tile, g: 3x3 filter, Y: 4x4 output tile
//
// Points 0, 1, -1, 1/2, -2 and infinity, whose rounding error is smaller than that of 0, ±1, ±2:
//
//        | 1  -3/2  -2   3/2  1  0 |        |    1       0       0   |
//        | 0  -1    1/2  5/2  1  0 |        |   1/3     1/3     1/3  |
//   Bᵀ = | 0   1   -5/2  1/2  1  0 |    G = |  -1/3     1/3    -1/3  |
//        | 0  -2   -1    2    1  0 |        | -16/15   -8/15   -4/15 |
//        | 0   1/2 -1   -1/2  1  0 |        |   1/15   -2/15    4/15 |
//        | 0   1   -3/2 -2   3/2 1 |        |    0       0       1   |
//
//        | 1  1   1   1    1  0 |
//   Aᵀ = | 0  1  -1  1/2  -2  0 |
//        | 0  1   1  1/4   4  0 |
//        | 0  1  -1  1/8  -8  1 |
//
// Gradients are the exact transposes: ∂Y -> A ∂Y Aᵀ, and ∂g = Gᵀ [ Σ (Bᵀ d B) ⊙ (A ∂Y Aᵀ) ] G.
// Source: Lavin and Gray, "Fast algorithms for convolutional neural networks" (2015), equations 5
// to 9. Each function works on eight channels (or filters) at a time.

/// Multiplications of one 2-D tile: positions in the transformed domain.
let winogradPositions = 36
/// Side of an output tile.
let winogradTile = 4

typealias Lanes3 = (Lanes, Lanes, Lanes)
typealias Lanes4 = (Lanes, Lanes, Lanes, Lanes)
typealias Lanes6 = (Lanes, Lanes, Lanes, Lanes, Lanes, Lanes)

/// Bᵀ d.
@inline(__always)
func winogradInput(_ d: Lanes6) -> Lanes6 {
  let u = d.4 - d.2
  let v = d.3 - d.1
  return (
    (d.0 - d.2 + u).addingProduct(v, Lanes(repeating: 1.5)),
    (u + v).addingProduct(d.2 + d.3, Lanes(repeating: 1.5)),
    (u - v).addingProduct(d.3 - d.2, Lanes(repeating: 1.5)),
    u.addingProduct(v, Lanes(repeating: 2)),
    u.addingProduct(v, Lanes(repeating: -0.5)),
    (d.5 - d.3 - v).addingProduct(u, Lanes(repeating: 1.5))
  )
}

/// Aᵀ m.
@inline(__always)
func winogradOutput(_ m: Lanes6) -> Lanes4 {
  let sum = m.1 + m.2
  let difference = m.1 - m.2
  return (
    m.0 + sum + m.3 + m.4,
    difference.addingProduct(m.3, Lanes(repeating: 0.5))
      .addingProduct(m.4, Lanes(repeating: -2)),
    sum.addingProduct(m.3, Lanes(repeating: 0.25)).addingProduct(m.4, Lanes(repeating: 4)),
    (difference + m.5).addingProduct(m.3, Lanes(repeating: 0.125))
      .addingProduct(m.4, Lanes(repeating: -8))
  )
}

/// A y, the transpose of `winogradOutput`.
@inline(__always)
func winogradOutputGradient(_ y: Lanes4) -> Lanes6 {
  let even = y.0 + y.2
  let odd = y.1 + y.3
  return (
    y.0,
    even + odd,
    even - odd,
    y.0.addingProduct(y.1, Lanes(repeating: 0.5)).addingProduct(y.2, Lanes(repeating: 0.25))
      .addingProduct(y.3, Lanes(repeating: 0.125)),
    y.0.addingProduct(y.1, Lanes(repeating: -2)).addingProduct(y.2, Lanes(repeating: 4))
      .addingProduct(y.3, Lanes(repeating: -8)),
    y.3
  )
}

/// G g.
@inline(__always)
func winogradFilter(_ g: Lanes3) -> Lanes6 {
  let ends = g.0 + g.2
  return (
    g.0,
    (ends + g.1) * Lanes(repeating: 1 / 3),
    (g.1 - ends) * Lanes(repeating: 1 / 3),
    (g.0.addingProduct(g.1, Lanes(repeating: 0.5)).addingProduct(g.2, Lanes(repeating: 0.25)))
      * Lanes(repeating: -16 / 15),
    (g.0.addingProduct(g.1, Lanes(repeating: -2)).addingProduct(g.2, Lanes(repeating: 4)))
      * Lanes(repeating: 1 / 15),
    g.2
  )
}

/// Gᵀ u, the transpose of `winogradFilter`.
@inline(__always)
func winogradFilterGradient(_ u: Lanes6) -> Lanes3 {
  let one = u.1 * Lanes(repeating: 1 / 3)
  let minusOne = u.2 * Lanes(repeating: 1 / 3)
  let half = u.3 * Lanes(repeating: -16 / 15)
  let minusTwo = u.4 * Lanes(repeating: 1 / 15)
  return (
    u.0 + (one - minusOne) + (half + minusTwo),
    (one + minusOne).addingProduct(half, Lanes(repeating: 0.5))
      .addingProduct(minusTwo, Lanes(repeating: -2)),
    (one - minusOne + u.5).addingProduct(half, Lanes(repeating: 0.25))
      .addingProduct(minusTwo, Lanes(repeating: 4))
  )
}
