import NeuralNetworks
import Testing

@Suite struct TensorTests {
  @Test func transposedMovesEveryElement() {
    let tensor = Tensor(shape: [2, 3, 4], values: (0..<24).map(Float.init))
    let moved = tensor.transposed([2, 0, 1])
    #expect(moved.shape == [4, 2, 3])
    for i in 0..<2 {
      for j in 0..<3 {
        for k in 0..<4 {
          #expect(moved.values[(k * 2 + i) * 3 + j] == tensor.values[(i * 3 + j) * 4 + k])
        }
      }
    }
    #expect(moved.transposed([1, 2, 0]) == tensor)
  }
}
