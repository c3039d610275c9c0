import NeuralNetworks
import Testing

/// Runs an ONNX graph with plain loops as the operators are defined, `[N, C, H, W]`.
struct ONNXRunner {
  private var values: [String: Tensor]
  private let numbers: [String: Int]

  /// - Returns: every value by its name.
  static func run(_ graph: ONNXReader, image: Tensor) throws -> [String: Tensor] {
    var runner = ONNXRunner(values: graph.tensors, numbers: graph.numbers)
    runner.values["image"] = image
    for node in graph.nodes { runner.values[node.output] = try runner.result(node) }
    return runner.values
  }

  private func result(_ node: ONNXReader.Node) throws -> Tensor {
    let x = try #require(values[node.inputs[0]])
    func input(_ index: Int) throws -> Tensor { try #require(values[node.inputs[index]]) }
    switch node.type {
    case "Transpose": return x.transposed(try #require(node.ints["perm"]))
    case "Div": return elementwise(x, try input(1)) { $0 / $1 }
    case "Sub": return elementwise(x, try input(1)) { $0 - $1 }
    case "Mul": return elementwise(x, try input(1)) { $0 * $1 }
    case "Max": return elementwise(x, try input(1)) { max($0, $1) }
    case "Sqrt": return Tensor(shape: x.shape, values: x.values.map { $0.squareRoot() })
    case "ReduceMean":
      #expect(node.ints["axes"] == [1, 2, 3])
      let count = x.count / x.shape[0]
      return made([x.shape[0], 1, 1, 1]) { n, _, _, _ in
        x.values[(n * count)..<((n + 1) * count)].reduce(0, +) / Float(count)
      }
    case "Relu": return Tensor(shape: x.shape, values: x.values.map { max(0, $0) })
    case "Conv": return convolution(x, try input(1), try input(2), try #require(node.ints["pads"]))
    case "ConvTranspose": return transposedConvolution(x, try input(1), try input(2))
    case "BatchNormalization":
      let epsilon = try #require(node.floats["epsilon"])
      let (scale, shift) = (try input(1).values, try input(2).values)
      let (mean, variance) = (try input(3).values, try input(4).values)
      return made(x.shape) { n, c, y, column in
        (x[n, c, y, column] - mean[c]) / (variance[c] + epsilon).squareRoot() * scale[c] + shift[c]
      }
    case "MaxPool":
      return made([x.shape[0], x.shape[1], x.shape[2] / 2, x.shape[3] / 2]) { n, c, y, column in
        max(
          max(x[n, c, 2 * y, 2 * column], x[n, c, 2 * y, 2 * column + 1]),
          max(x[n, c, 2 * y + 1, 2 * column], x[n, c, 2 * y + 1, 2 * column + 1]))
      }
    case "Resize":
      #expect(node.strings["mode"] == "nearest" && node.strings["nearest_mode"] == "floor")
      #expect(node.strings["coordinate_transformation_mode"] == "asymmetric")
      #expect(try input(2).values == [1, 1, 2, 2])
      return made([x.shape[0], x.shape[1], x.shape[2] * 2, x.shape[3] * 2]) { n, c, y, column in
        x[n, c, y / 2, column / 2]
      }
    case "Concat":
      let other = try input(1)
      let first = x.shape[1]
      return made([x.shape[0], first + other.shape[1], x.shape[2], x.shape[3]]) { n, c, y, column in
        c < first ? x[n, c, y, column] : other[n, c - first, y, column]
      }
    case "Softmax":
      #expect(node.ints["axis"] == [1])
      return made(x.shape) { n, c, y, column in
        1 / (1 + Float.exp(x[n, 1 - c, y, column] - x[n, c, y, column]))
      }
    case "Gather":
      let index = try #require(numbers[node.inputs[1]])
      let plane = made([x.shape[0], 1, x.shape[2], x.shape[3]]) { n, _, y, column in
        x[n, index, y, column]
      }
      return Tensor(shape: [x.shape[0], x.shape[2], x.shape[3]], values: plane.values)
    default:
      Issue.record("an unknown operator: \(node.type)")
      return x
    }
  }

  private func elementwise(
    _ x: Tensor, _ y: Tensor, _ operation: (Float, Float) -> Float
  ) -> Tensor {
    made(x.shape) { n, c, row, column in
      operation(
        x[n, c, row, column],
        y.shape == x.shape
          ? y[n, c, row, column]
          : y.values[y.count == 1 ? 0 : y.shape.count == 4 && y.shape[1] == 1 ? n : c])
    }
  }

  private func convolution(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor, _ pads: [Int]
  ) -> Tensor {
    let (kernelHeight, kernelWidth) = (weight.shape[2], weight.shape[3])
    #expect(pads[0] + pads[2] == kernelHeight - 1 && pads[1] + pads[3] == kernelWidth - 1)
    return made([x.shape[0], weight.shape[0], x.shape[2], x.shape[3]]) { n, o, y, column in
      var sum = bias.values[o]
      for i in 0..<weight.shape[1] {
        for dy in 0..<kernelHeight {
          for dx in 0..<kernelWidth {
            let (row, place) = (y + dy - pads[0], column + dx - pads[1])
            guard row >= 0, place >= 0, row < x.shape[2], place < x.shape[3] else { continue }
            sum += x[n, i, row, place] * weight[o, i, dy, dx]
          }
        }
      }
      return sum
    }
  }

  private func transposedConvolution(_ x: Tensor, _ weight: Tensor, _ bias: Tensor) -> Tensor {
    made([x.shape[0], weight.shape[1], 2 * x.shape[2], 2 * x.shape[3]]) { n, o, y, column in
      (0..<weight.shape[0]).reduce(bias.values[o]) { sum, i in
        sum + x[n, i, y / 2, column / 2] * weight[i, o, y % 2, column % 2]
      }
    }
  }

  private func made(_ shape: [Int], _ value: (Int, Int, Int, Int) -> Float) -> Tensor {
    var tensor = Tensor(zeros: shape)
    var index = 0
    for n in 0..<shape[0] {
      for c in 0..<shape[1] {
        for y in 0..<shape[2] {
          for x in 0..<shape[3] {
            tensor.values[index] = value(n, c, y, x)
            index += 1
          }
        }
      }
    }
    return tensor
  }
}

extension Tensor {
  /// An element of four axes.
  fileprivate subscript(_ a: Int, _ b: Int, _ c: Int, _ d: Int) -> Float {
    values[((a * shape[1] + b) * shape[2] + c) * shape[3] + d]
  }
}

extension Float {
  /// e to the power of x, by the series after halving; good to 1e-7.
  fileprivate static func exp(_ x: Float) -> Float {
    let scaled = Double(x) / 1024
    var (sum, term) = (1.0, 1.0)
    for k in 1..<12 {
      term *= scaled / Double(k)
      sum += term
    }
    for _ in 0..<10 { sum *= sum }
    return Float(sum)
  }
}
