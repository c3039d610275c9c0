import NeuralNetworks

/// Where the time goes, layer by layer, and how far it is from what the products alone would take.
public struct LayerTable: Sendable {
  /// The layers in the order in which they run.
  public let layers: [LayerTime]
  /// Floating-point operations per second of products out of the first-level cache, all threads.
  public let productPeak: Double

  /// Median seconds of all layers, both passes.
  public var totalSeconds: Double {
    layers.reduce(0) { $0 + $1.forwardSeconds + $1.backwardSeconds }
  }

  /// Seconds that the products of all layers take at the measured peak; the gradients' products are
  /// counted as two more forward passes, one for the first layer.
  public var floorSeconds: Double {
    layers.enumerated().reduce(0) { $0 + floor($1.element, isFirst: $1.offset == 0) }
  }

  private func floor(_ layer: LayerTime, isFirst: Bool) -> Double {
    let passes: Double = layer.backwardSeconds == 0 ? 1 : isFirst ? 2 : 3
    return passes * layer.productOperations / productPeak
  }

  /// The table as text.
  public var text: String {
    let isTraining = layers.contains { $0.backwardSeconds > 0 }
    let passes = isTraining ? ["forward ms", "backward ms"] : ["ms"]
    let header =
      ["layer", "operation", "output", "in", "algorithm"] + passes
      + ["floor ms", "GFLOP/s", "share"]
    var rows = [header]
    for (index, layer) in layers.enumerated() {
      let seconds = layer.forwardSeconds + layer.backwardSeconds
      let floor = floor(layer, isFirst: index == 0)
      let operations = layer.directOperations * (isTraining ? (index == 0 ? 2 : 3) : 1)
      let times = isTraining ? [layer.forwardSeconds, layer.backwardSeconds] : [seconds]
      rows.append(
        [
          layer.name, layer.operation, layer.shape.map(String.init).joined(separator: "x"),
          String(layer.inputChannels), layer.algorithm,
        ] + times.map { ($0 * 1e3).text(decimals: 2) } + [
          floor > 0 ? (floor * 1e3).text(decimals: 2) : "",
          operations > 0 ? (operations / seconds / 1e9).text(decimals: 0) : "",
          (100 * seconds / totalSeconds).text(decimals: 1) + " %",
        ])
    }
    return aligned(rows) + "\n" + summary
  }

  private var summary: String {
    """
    all layers \((totalSeconds * 1e3).text(decimals: 1)) ms; their products alone at the measured peak of \
    \((productPeak / 1e9).text(decimals: 0)) GFLOP/s \((floorSeconds * 1e3).text(decimals: 1)) ms: \
    \((100 * floorSeconds / totalSeconds).text(decimals: 0)) %
    GFLOP/s are of direct convolution. The floor of a layer is its products at that peak.
    """
  }

  /// Text columns to the left, numbers to the right.
  private func aligned(_ rows: [[String]]) -> String {
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      row.indices.map { column in
        let padding = String(repeating: " ", count: widths[column] - row[column].count)
        let isText = column < 3 || column == 4
        return isText ? row[column] + padding : padding + row[column]
      }.joined(separator: "  ")
    }.joined(separator: "\n")
  }
}

extension Double {
  /// Rounded to so many decimals, all of them printed.
  public func text(decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let digits = String(Int((magnitude * scale).rounded()))
    let sign = self < 0 ? "-" : ""
    guard decimals > 0 else { return sign + digits }
    let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
    return sign + padded.dropLast(decimals) + "." + padded.suffix(decimals)
  }
}
