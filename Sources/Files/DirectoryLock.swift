import CLinux
import Glibc
import SystemPackage

/// An exclusive lock on a directory, held until the last reference goes away or the process ends,
/// however it ends.
///
/// It is `flock(2)` on the directory itself, so that every path to it (bind mounts, symbolic links)
/// leads to the same lock, and no lock file can be left behind or deleted.
public final class DirectoryLock: Sendable {
  private let descriptor: OwnedDescriptor

  /// Takes the lock without waiting.
  ///
  /// - Throws: ``FileError/locked(_:holder:)`` if another process has it.
  public init(_ directory: DirectoryHandle) throws(FileError) {
    let path = directory.path
    // An open file description of its own: the lock belongs to it.
    descriptor = try .open(
      nil, in: directory.descriptor.number, path: path, opening: ".",
      flags: O_RDONLY | O_DIRECTORY, as: .lock)
    do {
      _ = try retryingInterrupts(.lock, path) { flock(descriptor.number, LOCK_EX | LOCK_NB) }
    } catch .system(_, _, .wouldBlock) {
      throw .locked(path, holder: lockHolder(of: try descriptor.status(path).identity))
    }
  }

  /// The process that has a directory locked; nil if none has, or it cannot be seen from here.
  public static func holder(of directory: DirectoryHandle) -> Int32? {
    guard let identity = try? directory.status().identity else { return nil }
    return lockHolder(of: identity)
  }

  // Closing alone would leave the lock to a child that was forked and has not yet reached its exec.
  deinit { _ = flock(descriptor.number, LOCK_UN) }
}

/// The process that holds a `flock` on an inode, as `/proc/locks` tells; nil if it does not.
private func lockHolder(of identity: FileIdentity) -> Int32? {
  // The kernel's lines: `1: FLOCK  ADVISORY  WRITE 4711 fe:01:131077 0 EOF`.
  guard let text = readKernelText(at: "/proc/locks") else { return nil }
  for line in text.split(separator: "\n") where line.contains("FLOCK") {
    let fields = line.split(separator: " ")
    guard let place = fields.first(where: { $0.filter { $0 == ":" }.count == 2 }),
      let position = fields.firstIndex(of: place), position > 0
    else { continue }
    let parts = place.split(separator: ":")
    guard parts.count == 3, UInt64(parts[2]) == identity.inode,
      let major = UInt32(parts[0], radix: 16), let minor = UInt32(parts[1], radix: 16),
      clinux_device_number(major, minor) == identity.device
    else { continue }
    // 0 or negative: a process outside this one's view of process numbers.
    return Int32(fields[position - 1]).flatMap { $0 > 0 ? $0 : nil }
  }
  return nil
}

/// The number of this process, for others to name.
public func processNumber() -> Int32 { getpid() }
