import CLinux
import Glibc
import SystemPackage

extension DirectoryHandle {
  /// Makes `name` a symbolic link to `target`, a name in the same directory, by one rename: a reader
  /// finds the old target or the new one. On disk when this returns.
  ///
  /// - Throws: ``FileError/system(_:_:_:)``.
  public func publishSymbolicLink(_ name: FileName, to target: FileName) throws(FileError) {
    let part = PartFile.randomName()
    _ = try retryingInterrupts(.create, path.appending(part)) {
      unsafe target.withCString { old in
        unsafe part.withCString { new in unsafe symlinkat(old, descriptor.number, new) }
      }
    }
    do {
      try rename(part, to: name)
    } catch {
      // The error that led here is the one to report.
      try? remove(part)
      throw error
    }
    try synchronize()
  }

  /// What the symbolic link `name` points to; nil if there is no such entry or it is no link.
  ///
  /// - Throws: ``FileError/system(_:_:_:)``.
  public func symbolicLinkTarget(of name: FileName) throws(FileError) -> [UInt8]? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let capacity = buffer.count
    do {
      let count = try retryingInterrupts(.read, path.appending(name)) {
        unsafe name.withCString { link in
          unsafe buffer.withUnsafeMutableBufferPointer { target -> Int in
            guard let base = target.baseAddress else { return 0 }
            return unsafe readlinkat(descriptor.number, link, base, capacity)
          }
        }
      }
      return buffer.prefix(count).map { UInt8(bitPattern: $0) }
    } catch .system(_, _, .noSuchFileOrDirectory) {
      return nil
    } catch .system(_, _, .invalidArgument) {
      return nil
    }
  }
}
