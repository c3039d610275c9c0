/// A file system, as far as it matters here: whether inotify hears of every change.
public enum FileSystemKind: Sendable, Equatable {
  /// Changes come from this machine's kernel: inotify hears of all of them.
  case local
  /// Changes may come from another machine or a user process: inotify is silent about those.
  case remote(name: String)

  /// From the magic number of `statfs(2)` (values of `linux/magic.h`).
  init(magic: UInt64) {
    switch magic {
    case 0x6969: self = .remote(name: "NFS")
    case 0xFF53_4D42: self = .remote(name: "CIFS")
    case 0xFE53_4D42: self = .remote(name: "SMB2")
    case 0x517B: self = .remote(name: "SMB")
    case 0x6573_5546: self = .remote(name: "FUSE")
    case 0x0102_1997: self = .remote(name: "9p")
    case 0x00C3_6400: self = .remote(name: "Ceph")
    case 0x5346_414F: self = .remote(name: "AFS")
    case 0x564C: self = .remote(name: "NCP")
    case 0x7375_7245: self = .remote(name: "Coda")
    case 0x786F_4256: self = .remote(name: "VirtualBox share")
    default: self = .local
    }
  }
}
