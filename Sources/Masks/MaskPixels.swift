extension RawSpan {
  /// The first index in a range whose pixel of a mask is lesion, which it is from 128 on, or is none; the
  /// range's end if there is no such pixel. Looks at 32 or 8 at a time.
  package func firstIndex(isLesion: Bool, in range: Range<Int>) -> Int {
    let unwanted: UInt64 = isLesion ? 0 : .max
    let lesion: UInt64 = 0x8080_8080_8080_8080
    var index = range.lowerBound
    while index + 32 <= range.upperBound {
      let words = unsafe unsafeLoadUnaligned(fromByteOffset: index, as: SIMD4<UInt64>.self)
      let wanted = (words ^ unwanted) & lesion
      if wanted[0] | wanted[1] | wanted[2] | wanted[3] != 0 { break }
      index += 32
    }
    while index + 8 <= range.upperBound {
      let eight = unsafe unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self)
      let wanted = (UInt64(littleEndian: eight) ^ unwanted) & lesion
      if wanted != 0 { return index + wanted.trailingZeroBitCount / 8 }
      index += 8
    }
    while index < range.upperBound,
      unsafe (unsafeLoad(fromByteOffset: index, as: UInt8.self) >= 128) != isLesion
    {
      index += 1
    }
    return index
  }
}
