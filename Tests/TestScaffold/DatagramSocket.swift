import Glibc
import SystemPackage

/// A datagram socket that stands where journald or systemd would listen.
public final class DatagramSocket {
  private let descriptor: Int32

  /// Binds it to a path.
  public init(at path: String) throws {
    descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
    let result = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw Errno(rawValue: errno) }
    var timeout = timeval(tv_sec: 20, tv_usec: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// The next datagram; nil after 20 s without one.
  public func receive() -> [UInt8]? { receive(flags: 0) }

  /// Those that are there already.
  public func receiveWaiting() -> [[UInt8]] {
    Array(sequence(state: ()) { _ in self.receive(flags: Int32(MSG_DONTWAIT)) })
  }

  private func receive(flags: Int32) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 256 << 10)
    var count = 0
    // With a time limit it is not taken up again by itself after a signal.
    repeat {
      count = unsafe recv(descriptor, &buffer, buffer.count, flags)
    } while count < 0
      && errno == EINTR
    return count < 0 ? nil : Array(buffer.prefix(count))
  }
}

/// The fields of an entry in the journal's native protocol: `NAME=value`, or, where the value may hold
/// a newline, `NAME`, the length as 64 bits little-endian, and the value.
public func journalFields(_ datagram: [UInt8]) -> [String: [UInt8]] {
  var fields: [String: [UInt8]] = [:]
  var rest = datagram[...]
  while let end = rest.firstIndex(of: 0x0a) {
    let line = rest[rest.startIndex..<end]
    rest = rest[(end + 1)...]
    if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
      fields[String(decoding: line[..<equals], as: UTF8.self)] = Array(line[(equals + 1)...])
    } else {
      let length = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
      let value = rest.dropFirst(8).prefix(length)
      fields[String(decoding: line, as: UTF8.self)] = Array(value)
      rest = rest.dropFirst(8 + length + 1)
    }
  }
  return fields
}
