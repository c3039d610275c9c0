import Kernels
import NeuralNetworks
import Testing

/// Outputs, loss, gradients and Adam steps against numbers of another framework in fp64.
@Suite struct ReferenceTests {
  static let variants = ["A", "B2"]
  /// Losses of 10 steps, `expected.json`.
  static let losses: [String: [Float]] = [
    "A": [
      0.7022056459598117, 0.6996236669418562, 0.6964319484530306, 0.6923124727942969,
      0.6875226237425078, 0.6815420173644111, 0.6741238618347826, 0.6654234052440648,
      0.6554739376276434, 0.6448702452771478,
    ],
    "B2": [
      0.6878660082884505, 0.6845823506884156, 0.6826174205627853, 0.6782845100962823,
      0.6731168614802449, 0.6638924807337192, 0.6541657756494035, 0.6409670580187019,
      0.6258383937948079, 0.6074594346499069,
    ],
  ]

  private func session(
    _ reference: ReferenceNetwork, threads: Int, plain: Bool = false
  ) throws -> (TrainingSession, Tensor, [UInt8]) {
    let inputs = try reference.activations("x.npy")
    let session = try TrainingSession(
      network: reference.architecture.makeNetwork(), parameters: reference.parameters("weights"),
      inputShape: inputs.shape, pool: ThreadPool(threadCount: threads), plainConvolutions: plain)
    return (session, inputs, try reference.bytes("y.npy"))
  }

  @Test(arguments: variants, [1, 2, 3]) func logits(_ variant: String, _ threads: Int) throws {
    let reference = ReferenceNetwork.tiny(variant)
    let inputs = try reference.activations("x.npy")
    let session = try InferenceSession(
      network: reference.architecture.makeNetwork(), parameters: reference.parameters("weights"),
      inputShape: inputs.shape, pool: ThreadPool(threadCount: threads))
    let expected = try reference.activations("\(variant).logits.npy")
    #expect(relativeError(try session.logits(inputs), expected) < 3e-6)
    // A second run reuses every buffer.
    #expect(relativeError(try session.logits(inputs), expected) < 3e-6)
  }

  @Test(arguments: variants, [(1, false), (2, false), (2, true)])
  func gradients(_ variant: String, _ run: (threads: Int, plain: Bool)) throws {
    let reference = ReferenceNetwork.tiny(variant)
    let (session, inputs, labels) = try session(
      reference, threads: run.threads, plain: run.plain)
    let result = try session.computeGradients(inputs: inputs, labels: labels)
    #expect(abs(result.loss - (Self.losses[variant] ?? [0])[0]) < 2e-7)
    let expected = try reference.parameters("grads")
    #expect(expected.count == session.gradients.count)
    for (name, gradient) in session.gradients {
      let error = relativeError(gradient, try #require(expected[name]))
      #expect(error < 2e-5, "\(name): \(error)")
    }
  }

  @Test(arguments: variants) func adamAlone(_ variant: String) throws {
    let reference = ReferenceNetwork.tiny(variant)
    let (session, _, _) = try session(reference, threads: 2)
    try session.setGradients(reference.parameters("grads"))
    session.applyStep(Adam(learningRate: 1e-3))
    let expected = try reference.parameters("adam1")
    for (name, parameter) in session.parameters {
      let tensor = try #require(expected[name])
      let difference = zip(parameter.values, tensor.values).map { abs($0 - $1) }.max() ?? 0
      #expect(difference < 6e-8, "\(name): \(difference)")
    }
  }

  @Test(arguments: variants) func oneWholeStep(_ variant: String) throws {
    let reference = ReferenceNetwork.tiny(variant)
    let (session, inputs, labels) = try session(reference, threads: 2)
    _ = try session.computeGradients(inputs: inputs, labels: labels)
    session.applyStep(Adam(learningRate: 1e-3))
    let expected = try reference.parameters("adam1")
    let gradients = try reference.parameters("grads")
    for (name, parameter) in session.parameters {
      let (tensor, slope) = (try #require(expected[name]), try #require(gradients[name]))
      let largest = slope.values.reduce(0) { max($0, abs($1)) }
      for i in 0..<tensor.count where abs(slope.values[i]) > 1e-3 * largest {
        #expect(abs(parameter.values[i] - tensor.values[i]) < 2e-7, "\(name)[\(i)]")
      }
    }
  }

  /// Adam's first steps are ±learning rate by the gradient's sign, so rounding decides where a
  /// gradient is next to zero. With plain convolutions the losses stay together; Winograd's
  /// rounding takes B2 apart after two steps.
  @Test(arguments: variants, [false, true])
  func lossesOfTenSteps(_ variant: String, _ plain: Bool) throws {
    let reference = ReferenceNetwork.tiny(variant)
    let (session, inputs, labels) = try session(reference, threads: 2, plain: plain)
    for (step, expected) in (Self.losses[variant] ?? []).enumerated() {
      let result = try session.computeGradients(inputs: inputs, labels: labels)
      let tolerance: Float = plain || variant == "A" || step < 2 ? 2e-5 : 1e-2
      #expect(abs(result.loss - expected) < tolerance, "step \(step)")
      session.applyStep(Adam(learningRate: 1e-3))
    }
  }
}
