/// Scratch memory of one layer's pass: a part that all threads share and one for each thread.
@safe public struct Workspace {
  /// Floats that a layer asks for.
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

    /// What is enough for both at once.
    public static func + (_ one: Need, _ other: Need) -> Need {
      Need(shared: one.shared + other.shared, perThread: one.perThread + other.perThread)
    }

    /// Floats of the whole workspace.
    public func count(threads: Int) -> Int {
      Self.aligned(shared) + threads * Self.aligned(perThread)
    }

    fileprivate static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
  }

  let shared: UnsafeMutablePointer<Float>
  let threads: [UnsafeMutablePointer<Float>]
  private let owned: FloatBuffer?

  /// Divides memory of `need.count(threads:)` Floats, aligned to 64 bytes, that outlives this.
  public init(_ need: Need, threads: Int, in memory: UnsafeMutablePointer<Float>) {
    unsafe shared = unsafe memory
    let first = unsafe memory + Need.aligned(need.shared)
    unsafe self.threads = (0..<threads).map { unsafe first + $0 * Need.aligned(need.perThread) }
    owned = nil
  }

  /// Reserves memory of its own.
  public init(_ need: Need, threadCount: Int) {
    let memory = FloatBuffer(count: need.count(threads: threadCount))
    unsafe shared = unsafe memory.base
    let first = unsafe memory.base + Need.aligned(need.shared)
    unsafe threads = (0..<threadCount).map { unsafe first + $0 * Need.aligned(need.perThread) }
    owned = memory
  }
}
