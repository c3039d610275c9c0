import Glibc
import SystemPackage

/// Where a path really leads: a file system, and a path from that file system's own root.
///
/// Symbolic links and bind mounts are seen through, so that two paths to one folder are the same
/// place.
public struct RealPlace: Sendable, Equatable {
  /// The file system's number, as the kernel writes it in `/proc/self/mountinfo`.
  private let fileSystem: String
  private let path: FilePath
  /// Where the file system is mounted that the path leads to.
  private let mountPoint: FilePath

  /// Finds out where a path leads, or would lead if what is missing of it were made.
  public init(of path: FilePath) {
    let resolved = Self.resolve(path)
    let best = Self.mount(ofResolved: resolved)
    if var within = best.map({ $0.root }), let point = best?.point {
      within.append(resolved.components.dropFirst(point.components.count))
      (fileSystem, self.path, mountPoint) = (best?.fileSystem ?? "", within, point)
    } else {
      (fileSystem, self.path, mountPoint) = ("", resolved, "/")
    }
  }

  private init(_ mount: Mount) {
    (fileSystem, path, mountPoint) = (mount.fileSystem, mount.root, mount.point)
  }

  /// What is mounted in the folders below a path.
  public static func mounts(below path: FilePath) -> [(folder: SubfolderPath, place: RealPlace)] {
    let resolved = resolve(path)
    return mounts().compactMap { mount in
      guard mount.point != resolved, mount.point.starts(with: resolved) else { return nil }
      var names: [FileName] = []
      var rest = mount.point
      while rest != resolved, let name = FileName(lastComponentOf: rest) {
        names.append(name)
        rest = rest.removingLastComponent()
      }
      return (SubfolderPath(names.reversed()), RealPlace(mount))
    }
  }

  /// Whether this place was reached through a mount that is no longer there, where the same path now
  /// leads to `now`: what had been hidden beneath the mount.
  public func isUnmounted(seenFrom now: RealPlace) -> Bool {
    fileSystem != now.fileSystem && mountPoint != now.mountPoint
      && mountPoint.starts(with: now.mountPoint)
  }

  /// Whether this place is `other` or somewhere below it.
  public func isInside(_ other: RealPlace) -> Bool {
    fileSystem == other.fileSystem && path.starts(with: other.path)
  }

  /// Whether one of the two is, or is inside, the other.
  public func overlaps(_ other: RealPlace) -> Bool { isInside(other) || other.isInside(self) }

  private static func resolve(_ path: FilePath) -> FilePath {
    let resolved = unsafe path.withPlatformString { name -> FilePath? in
      guard let real = unsafe realpath(name, nil) else { return nil }
      defer { unsafe free(real) }
      return unsafe FilePath(platformString: real)
    }
    if let resolved { return resolved }
    guard let last = path.lastComponent else { return path.isEmpty ? resolve(".") : path }
    return resolve(path.removingLastComponent()).appending(last)
  }

  struct Mount {
    var fileSystem: String
    var root: FilePath
    var point: FilePath
    var type: String
  }

  /// What is mounted where a path leads.
  static func mount(of path: FilePath) -> Mount? { mount(ofResolved: resolve(path)) }

  /// The longest mount point that leads there; of several at one place, the last covers the others.
  private static func mount(ofResolved path: FilePath) -> Mount? {
    var best: Mount?
    for mount in mounts() where path.starts(with: mount.point) {
      if mount.point.components.count >= (best?.point.components.count ?? 0) { best = mount }
    }
    return best
  }

  /// The mounts that this process sees, in the order they were made (proc(5)).
  private static func mounts() -> [Mount] {
    guard let text = readKernelText(at: "/proc/self/mountinfo") else { return [] }
    return text.split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ")
      guard fields.count > 4 else { return nil }
      // Optional fields end with a lone minus; the kind of file system follows.
      let end = fields.firstIndex(of: "-") ?? fields.endIndex
      return Mount(
        fileSystem: String(fields[2]), root: unescaped(fields[3]), point: unescaped(fields[4]),
        type: end + 1 < fields.endIndex ? String(fields[end + 1]) : "")
    }
  }

  /// The kernel writes space, tab, newline and backslash as `\040` and so on.
  private static func unescaped(_ text: Substring) -> FilePath {
    var bytes: [CChar] = []
    var rest = Array(text.utf8)[...]
    while let first = rest.first {
      let digits = rest.dropFirst().prefix(3)
      if first == UInt8(ascii: "\\"), digits.count == 3,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
      {
        bytes.append(CChar(bitPattern: value))
        rest = rest.dropFirst(4)
      } else {
        bytes.append(CChar(bitPattern: first))
        rest = rest.dropFirst()
      }
    }
    return FilePath(platformString: bytes + [0])
  }
}

/// A file of `/proc` or `/sys`, which says size 0 whatever it holds; nil if it cannot be read.
public func readKernelText(at path: FilePath) -> String? {
  guard let file = try? OwnedDescriptor.open(nil, in: nil, path: path, flags: O_RDONLY),
    let bytes = try? file.readAll(expecting: 1 << 20, limitBytes: 1 << 20, path: path)
  else { return nil }
  return String(decoding: bytes, as: UTF8.self)
}
