import Glibc

/// One Adam step over `count` parameters.
///
/// m = β1·m + (1-β1)·g; v = β2·v + (1-β2)·g²; w -= η · (m / (1-β1^t)) / (sqrt(v / (1-β2^t)) + ε).
/// `step` is t, from 1. Source: Kingma and Ba, "Adam", algorithm 1.
public func adamUpdate(
  parameters: UnsafeMutablePointer<Float>, gradients: UnsafePointer<Float>,
  firstMoments: UnsafeMutablePointer<Float>, secondMoments: UnsafeMutablePointer<Float>,
  count: Int, step: Int, learningRate: Float, beta1: Float, beta2: Float, epsilon: Float,
  pool: ThreadPool
) {
  let correction1 = Float(1 / (1 - pow(Double(beta1), Double(step))))
  let correction2 = Float(1 / (1 - pow(Double(beta2), Double(step))))
  let keep1 = 1 - beta1
  let keep2 = 1 - beta2
  let block = 1 << 14
  pool.parallelFor((count + block - 1) / block) { task in
    for i in (task * block)..<min(count, (task + 1) * block) {
      let g = unsafe gradients[i]
      let m = unsafe beta1 * firstMoments[i] + keep1 * g
      let v = unsafe beta2 * secondMoments[i] + keep2 * g * g
      unsafe firstMoments[i] = m
      unsafe secondMoments[i] = v
      unsafe parameters[i] -=
        learningRate * (m * correction1) / ((v * correction2).squareRoot() + epsilon)
    }
  }
}
