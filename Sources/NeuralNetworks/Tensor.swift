/// An n-dimensional array of Floats, row-major: the last index moves fastest.
///
/// Activations are `[N, H, W, C]`. A value type for what enters and leaves a network; the sessions
/// keep their own memory.
public struct Tensor: Sendable, Equatable {
  /// Length of each axis.
  public let shape: [Int]
  /// The elements, `shape.reduce(1, *)` of them.
  public var values: [Float]

  /// A tensor of given elements. Traps when their number is not the product of the shape.
  public init(shape: [Int], values: [Float]) {
    precondition(values.count == shape.reduce(1, *), "\(values.count) values for shape \(shape)")
    self.shape = shape
    self.values = values
  }

  /// A tensor of zeros.
  public init(zeros shape: [Int]) {
    self.init(shape: shape, values: [Float](repeating: 0, count: shape.reduce(1, *)))
  }

  /// Number of elements.
  public var count: Int { values.count }

  /// The tensor with its axes reordered: axis `k` of the result is axis `order[k]` of this one.
  ///
  /// Cost: one strided pass. Used to bring weights of other frameworks into our layouts.
  public func transposed(_ order: [Int]) -> Tensor {
    precondition(order.sorted() == Array(shape.indices), "\(order) does not permute \(shape)")
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in stride(from: shape.count - 2, through: 0, by: -1) {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    let newShape = order.map { shape[$0] }
    let newStrides = order.map { strides[$0] }
    var result = [Float]()
    result.reserveCapacity(count)
    var index = [Int](repeating: 0, count: shape.count)
    var offset = 0
    for _ in 0..<count {
      result.append(values[offset])
      var axis = shape.count - 1
      while axis >= 0 {
        index[axis] += 1
        offset += newStrides[axis]
        if index[axis] < newShape[axis] { break }
        offset -= newStrides[axis] * newShape[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return Tensor(shape: newShape, values: result)
  }
}
