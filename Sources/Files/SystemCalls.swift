import CLinux
import Glibc
import SystemPackage

// The one file that calls the kernel for files. Every call retries EINTR and turns errno into a
// `FileError` here, and nowhere else.

/// A file descriptor with one owner: closed when the owner goes away.
struct OwnedDescriptor: ~Copyable {
  let number: CInt

  deinit { _ = Glibc.close(number) }

  /// Closes and reports: for a written file, an error here means that bytes were lost.
  consuming func close(_ path: FilePath) throws(FileError) {
    let result = Glibc.close(number)
    let error = Errno(rawValue: errno)
    discard self
    // After EINTR Linux has closed the descriptor all the same: a second close could hit another's.
    if result != 0, error != .interrupted { throw .system(.close, path, error) }
  }
}

extension OwnedDescriptor {
  /// `openat` of a name in a directory; without a name, of `place` (the path itself unless given).
  ///
  /// - Parameter path: What error messages name.
  static func open(
    _ name: FileName?, in directory: CInt?, path: FilePath, opening place: FilePath? = nil,
    flags: CInt, mode: mode_t = 0, as operation: FileOperation = .open
  ) throws(FileError) -> OwnedDescriptor {
    let base = directory ?? AT_FDCWD
    let flags = flags | O_CLOEXEC
    let number = try retryingInterrupts(operation, path) {
      if let name {
        return unsafe name.withCString { unsafe openat(base, $0, flags, mode) }
      }
      return unsafe (place ?? path).withPlatformString { unsafe openat(base, $0, flags, mode) }
    }
    return OwnedDescriptor(number: number)
  }

  func status(_ path: FilePath) throws(FileError) -> FileStatus {
    var status = stat()
    _ = try retryingInterrupts(.examine, path) { unsafe fstat(number, &status) }
    return FileStatus(status)
  }

  /// Reads from the current position to the end, but never more than `limitBytes` + 1 bytes.
  func readAll(expecting sizeBytes: Int, limitBytes: Int, path: FilePath) throws(FileError)
    -> [UInt8]
  {
    // One byte more than expected, so that growth shows without a second round.
    var bytes = [UInt8](repeating: 0, count: min(max(sizeBytes, 0), limitBytes) + 1)
    var filled = 0
    while true {
      let count = try retryingInterrupts(.read, path) {
        unsafe bytes.withUnsafeMutableBytes {
          unsafe read(number, $0.baseAddress?.advanced(by: filled), $0.count - filled)
        }
      }
      filled += count
      if count == 0 || filled == bytes.count { break }
    }
    bytes.removeLast(bytes.count - filled)
    return bytes
  }

  func writeAll(_ bytes: [UInt8], path: FilePath) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let count = try retryingInterrupts(.write, path) {
        unsafe bytes.withUnsafeBytes {
          unsafe write(number, $0.baseAddress?.advanced(by: written), $0.count - written)
        }
      }
      // Not seen on Linux for regular files; without this line it would be an endless loop.
      if count == 0 { throw .system(.write, path, .ioError) }
      written += count
    }
  }

  /// Writes all bytes from a position on; the file's own position stays.
  func writeAll(_ bytes: [UInt8], path: FilePath, at offset: Int) throws(FileError) {
    var written = 0
    while written < bytes.count {
      let count = try retryingInterrupts(.write, path) {
        unsafe bytes.withUnsafeBytes {
          unsafe pwrite(
            number, $0.baseAddress?.advanced(by: written), $0.count - written, offset + written)
        }
      }
      if count == 0 { throw .system(.write, path, .ioError) }
      written += count
    }
  }

  /// Reads `count` bytes from a position on, fewer where the file ends.
  func readAll(count: Int, at offset: Int, path: FilePath) throws(FileError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let got = try retryingInterrupts(.read, path) {
        unsafe bytes.withUnsafeMutableBytes {
          unsafe pread(
            number, $0.baseAddress?.advanced(by: filled), $0.count - filled, offset + filled)
        }
      }
      if got == 0 { break }
      filled += got
    }
    bytes.removeLast(count - filled)
    return bytes
  }

  /// Closes a second descriptor of the file: some file systems tell only then that bytes were lost.
  func reportLostWrites(_ path: FilePath) throws(FileError) {
    let duplicate = try retryingInterrupts(.close, path) { fcntl(number, F_DUPFD_CLOEXEC, 0) }
    try OwnedDescriptor(number: duplicate).close(path)
  }

  /// Writes what the kernel still holds of this file to disk.
  ///
  /// Never retried after an error: Linux may have marked the lost pages clean, and a second `fsync`
  /// would report success (PostgreSQL's "fsyncgate").
  func synchronize(_ path: FilePath) throws(FileError) {
    if fsync(number) != 0 { throw .system(.synchronize, path, Errno(rawValue: errno)) }
  }
}

/// Runs a call that returns -1 for an error until it is not interrupted.
func retryingInterrupts<Result: FixedWidthInteger>(
  _ operation: FileOperation, _ path: @autoclosure () -> FilePath, _ call: () -> Result
) throws(FileError) -> Result {
  while true {
    let result = call()
    if result != -1 { return result }
    let error = Errno(rawValue: errno)
    if error != .interrupted { throw .system(operation, path(), error) }
  }
}
