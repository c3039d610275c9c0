import CKernels

/// The innermost loops for one set of processor instructions, chosen once when the program starts.
///
/// The loops are in the C target CKernels, because Swift compiles a module for one instruction set;
/// its header describes the blocked layout `[C / 16][capacity][16]` that they share.
@safe public struct InstructionSet: @unchecked Sendable {
  let loops: ck_kernels

  /// The fastest that this processor runs; `DERMSEG_INSTRUCTIONS=AVX2` in the environment takes the
  /// smaller one.
  public static let fastest = unsafe InstructionSet(loops: ck_kernels_for_processor().pointee)

  /// All that this processor runs, the fastest first.
  public static var all: [InstructionSet] {
    var sets: [InstructionSet] = []
    while let set = unsafe ck_kernels_at(sets.count) {
      unsafe sets.append(InstructionSet(loops: set.pointee))
    }
    return sets
  }

  /// "AVX-512", "AVX2" or "generic".
  public var name: String { unsafe String(cString: loops.name) }
}

/// Channels of a block of the blocked layout.
let blockChannels = 16

/// Blocks that hold `channels` channels.
@inline(__always)
func blockCount(_ channels: Int) -> Int { (channels + blockChannels - 1) / blockChannels }

/// Floats from one matrix of the blocked layout to the next: 64 bytes off a multiple of 4096, or
/// matrices that are written side by side would share one cache set.
@inline(__always)
func matrixStride(_ count: Int) -> Int { (count + 1023) / 1024 * 1024 + 16 }

/// Results larger than this are written past the caches; the next layer reads them from memory
/// anyway.
let streamingFloats = 1 << 21

extension ActivationView {
  /// The same window for the C loops.
  @inline(__always)
  var images: ck_images {
    unsafe ck_images(
      base: base, batch: batch, height: height, width: width, channels: channels,
      pixel_stride: pixelStride)
  }

  /// Whether the C loops may write here past the caches: whole cache lines of a large result.
  var isStreamable: Bool {
    unsafe pixels * channels >= streamingFloats && pixelStride % blockChannels == 0
      && Int(bitPattern: base) % 64 == 0
  }

  /// Channels `range` of this view.
  func channels(_ range: Range<Int>) -> ActivationView {
    var part = self
    part.channels = range.count
    unsafe part.base += range.lowerBound
    return part
  }
}
