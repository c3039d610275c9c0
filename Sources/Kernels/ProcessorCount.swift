import CLinux
import Glibc

/// Processors that this process may use at once: its CPU affinity, cut by the `cpu.max` of its
/// cgroups.
///
/// At least 1. Reads /proc and /sys once per call; both cgroup layouts are understood.
/// Source: sched_getaffinity(2), Linux `Documentation/admin-guide/cgroup-v2.rst` (cpu.max).
public func usableProcessorCount() -> Int {
  var count = Int(clinux_affinity_count())
  for limit in cgroupProcessorLimits() { count = min(count, max(1, Int(limit.rounded(.up)))) }
  return max(1, count)
}

/// Processor limits (quota / period) of this process's cgroup and all its ancestors.
private func cgroupProcessorLimits() -> [Double] {
  var limits: [Double] = []
  for line in smallFile("/proc/self/cgroup").split(separator: "\n") {
    let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { continue }
    let controllers = parts[1].split(separator: ",")
    let isVersion2 = parts[0] == "0" && controllers.isEmpty
    guard isVersion2 || controllers.contains("cpu") else { continue }
    var path = String(parts[2])
    while true {
      if isVersion2 {
        limits += quota(smallFile("/sys/fs/cgroup\(path)/cpu.max"))
      } else {
        let folder = "/sys/fs/cgroup/cpu\(path)"
        limits += quota(
          smallFile("\(folder)/cpu.cfs_quota_us") + " " + smallFile("\(folder)/cpu.cfs_period_us"))
      }
      guard let slash = path.lastIndex(of: "/"), path != "/" else { break }
      path = slash == path.startIndex ? "/" : String(path[..<slash])
    }
  }
  return limits
}

/// "200000 100000" -> [2.0]; "max 100000" and "-1 100000" -> [].
package func quota(_ text: String) -> [Double] {
  let numbers = text.split(whereSeparator: { $0 == " " || $0 == "\n" }).map { Double($0) }
  guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0
  else { return [] }
  return [quota / period]
}

private func smallFile(_ path: String) -> String {
  let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return "" }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 4096)
  let length = unsafe read(descriptor, &bytes, bytes.count)
  return length > 0 ? String(decoding: bytes[..<length], as: UTF8.self) : ""
}
