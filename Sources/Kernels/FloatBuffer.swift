import Glibc

/// A block of Floats, aligned to 64 bytes (a cache line), owned by this object.
///
/// Memory comes straight from the kernel (`mmap`), so pages that are never written cost nothing,
/// and a large block can use huge pages. Contents start as zeros.
@safe public final class FloatBuffer: @unchecked Sendable {
  /// Number of Floats.
  public let count: Int
  /// The first Float; valid as long as this object lives.
  public let base: UnsafeMutablePointer<Float>
  private let mappedBytes: Int

  /// Reserves `count` Floats, all zero. Traps when the address space is exhausted.
  public init(count: Int) {
    self.count = count
    let hugePage = 2 << 20
    let bytes = max(1, count) * MemoryLayout<Float>.stride
    let unit = bytes >= 4 * hugePage ? hugePage : 4096
    mappedBytes = (bytes + unit - 1) / unit * unit
    let address = unsafe mmap(
      nil, mappedBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    guard let address = unsafe address, unsafe address != MAP_FAILED else {
      fatalError("no memory for \(mappedBytes) bytes")
    }
    if unit == hugePage { unsafe madvise(address, mappedBytes, MADV_HUGEPAGE) }
    unsafe base = address.assumingMemoryBound(to: Float.self)
  }

  deinit { unsafe munmap(base, mappedBytes) }

  /// The Floats, for reading and writing.
  public var all: UnsafeMutableBufferPointer<Float> {
    unsafe UnsafeMutableBufferPointer(start: base, count: count)
  }
}
