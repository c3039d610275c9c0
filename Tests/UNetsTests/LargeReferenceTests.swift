import Foundation
import Kernels
import NeuralNetworks
import Testing

private let referenceFolder = ProcessInfo.processInfo.environment["DERMSEG_REFERENCE"]

/// The same as `ReferenceTests` on networks of width 16 and inputs of 128x128 and 512x512. Their
/// files (50 MB) are not part of the project: `DERMSEG_REFERENCE` names their folder.
@Suite(
  .enabled(
    if: referenceFolder != nil, "DERMSEG_REFERENCE names no folder of reference numbers"))
struct LargeReferenceTests {
  static let losses: [String: [Float]] = [
    "A16": [
      0.8273378037210544, 0.805974225100849, 0.7894489325896065, 0.7753185495044452,
      0.7626010945417623, 0.7511645648491512,
    ]
  ]

  private func reference(_ name: String) throws -> ReferenceNetwork {
    .large(name, in: try #require(referenceFolder))
  }

  private func parameters(_ name: String, _ file: String) throws -> [String: Tensor] {
    try reference(name).parameters(
      file, manifest: name == "A16_trained" ? "A16/manifest.txt" : nil)
  }

  @Test(arguments: [("A16", 128), ("A16", 512), ("B216", 128), ("A16_trained", 512)])
  func logitsAndMasks(_ name: String, _ side: Int) throws {
    let reference = try reference(name)
    let inputs = try reference.activations("x\(side).npy")
    let session = try InferenceSession(
      network: reference.architecture.makeNetwork(), parameters: parameters(name, "weights"),
      inputShape: inputs.shape, pool: ThreadPool(threadCount: 2))
    let expected = try reference.activations("\(name)/logits\(side)_f64.npy")
    let logits = try session.logits(inputs)
    let error = relativeError(logits, expected)
    print("\(name) \(side): logits \(error) of the largest")
    #expect(error < 3e-6)
    var changed = 0
    var largest: Float = 0
    func probability(_ tensor: Tensor, _ pixel: Int) -> Float {
      1 / (1 + exp(tensor.values[2 * pixel] - tensor.values[2 * pixel + 1]))
    }
    for pixel in 0..<(side * side) {
      let (found, wanted) = (probability(logits, pixel), probability(expected, pixel))
      largest = max(largest, abs(found - wanted))
      changed += (found >= 0.5) == (wanted >= 0.5) ? 0 : 1
    }
    print("\(name) \(side): softmax \(largest), \(changed) pixels changed")
    #expect(largest < 5e-6)
    #expect(changed == 0)
  }

  @Test(arguments: ["A16", "B216"], [false, true])
  func gradientsAndSteps(_ name: String, _ plain: Bool) throws {
    let reference = try reference(name)
    let inputs = try reference.activations("x_train.npy")
    let labels = try reference.bytes("y_train.npy")
    let session = try TrainingSession(
      network: reference.architecture.makeNetwork(), parameters: parameters(name, "weights"),
      inputShape: inputs.shape, pool: ThreadPool(threadCount: 2), plainConvolutions: plain)
    let first = try session.computeGradients(inputs: inputs, labels: labels)
    let expected = try parameters(name, "grads")
    var worst: (name: String, error: Float) = ("", 0)
    var errors: [Float] = []
    for (tensor, gradient) in session.gradients {
      let error = relativeError(gradient, try #require(expected[tensor]))
      errors.append(error)
      if error > worst.error { worst = (tensor, error) }
    }
    errors.sort()
    print(
      "\(name) \(plain ? "plain" : "fast"): loss \(first.loss), gradients median",
      "\(errors[errors.count / 2]), worst \(worst.error) (\(worst.name))")
    #expect(worst.error < (plain ? 2e-5 : 1e-4), "\(worst)")
    for (step, loss) in (Self.losses[name] ?? []).enumerated() {
      let result = try session.computeGradients(inputs: inputs, labels: labels)
      #expect(abs(result.loss - loss) < 3e-6, "step \(step): \(result.loss), expected \(loss)")
      session.applyStep(Adam(learningRate: 1e-4))
    }
  }
}
