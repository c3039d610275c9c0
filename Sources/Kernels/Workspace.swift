/// Scratch memory of the convolutions, reserved once and reused by every layer of a network.
public final class Workspace: Sendable {
  /// Floats that a convolution asks for.
  public struct Need: Sendable, Equatable {
    /// Floats used by all threads together.
    public var shared: Int
    /// Floats of each thread.
    public var perThread: Int

    /// Nothing.
    public static let none = Need(shared: 0, perThread: 0)

    /// What is enough for either.
    public func union(_ other: Need) -> Need {
      Need(shared: max(shared, other.shared), perThread: max(perThread, other.perThread))
    }
  }

  let shared: FloatBuffer
  let threads: [FloatBuffer]

  /// Reserves memory for a need; pages that are never touched cost nothing.
  public init(_ need: Need, threadCount: Int) {
    shared = FloatBuffer(count: need.shared)
    threads = (0..<threadCount).map { _ in FloatBuffer(count: need.perThread) }
  }
}
