import NeuralNetworks

/// A mirroring of a picture at its axes; done twice it is undone.
struct Flip: Equatable {
  var acrossColumns: Bool
  var acrossRows: Bool

  static let none = Flip(acrossColumns: false, acrossRows: false)
  static let all = [
    none, Flip(acrossColumns: true, acrossRows: false),
    Flip(acrossColumns: false, acrossRows: true),
    Flip(acrossColumns: true, acrossRows: true),
  ]

  /// The mirrored pictures.
  ///
  /// - Parameter tensor: `[N, H, W, C]`.
  func applied(to tensor: Tensor) -> Tensor {
    if self == .none { return tensor }
    let (height, width, channels) = (tensor.shape[1], tensor.shape[2], tensor.shape[3])
    var values: [Float] = []
    values.reserveCapacity(tensor.values.count)
    for image in 0..<tensor.shape[0] {
      for y in 0..<height {
        let row = image * height + (acrossRows ? height - 1 - y : y)
        for x in 0..<width {
          let start = (row * width + (acrossColumns ? width - 1 - x : x)) * channels
          values += tensor.values[start..<(start + channels)]
        }
      }
    }
    return Tensor(shape: tensor.shape, values: values)
  }
}
