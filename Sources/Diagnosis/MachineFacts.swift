import CLinux
import Files
import Glibc
import Kernels
import SystemPackage

/// What this machine gives a program, in numbers; nil where the kernel does not tell.
public struct MachineFacts: Sendable, Equatable {
  /// The most inotify instances of one user, and how many the service's user has.
  package var inotifyInstances: Int?
  package var inotifyInstancesUsed: Int?
  /// The most folders that one user may watch.
  package var inotifyWatches: Int?
  /// The most descriptors of a process that this one starts.
  package var openFiles: Int?
  /// Bytes of memory that can be had without swapping.
  package var availableMemory: UInt64?
  /// Processors that are switched on.
  package var processors: Int
  /// Processors that this process may run on.
  package var affinity: Int
  /// Processors that the affinity and the control groups (`cpu.max`) leave.
  package var usableProcessors: Int
  /// Whether the processor has what the programs are compiled for.
  package var isSupported: Bool
  /// The set of instructions that the innermost loops use.
  package var instructions: String

  /// Asks the kernel.
  ///
  /// - Parameter user: Whose inotify instances are counted; others' can only be seen by root.
  package init(user: String) {
    inotifyInstances = Self.number("/proc/sys/fs/inotify/max_user_instances")
    inotifyWatches = Self.number("/proc/sys/fs/inotify/max_user_watches")
    inotifyInstancesUsed = userNumber(of: user).flatMap { Self.inotifyInstances(of: $0) }
    var limit = rlimit()
    if unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 {
      openFiles = Int(clamping: limit.rlim_cur)
    }
    let memory = readKernelText(at: "/proc/meminfo") ?? ""
    for line in memory.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
      let fields = line.split(separator: " ")
      if fields.count > 1 { availableMemory = UInt64(fields[1]).map { $0 << 10 } }
    }
    processors = Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))
    affinity = Int(clinux_affinity_count())
    usableProcessors = usableProcessorCount()
    isSupported = clinux_processor_is_supported() == 1
    instructions = InstructionSet.fastest.name
  }

  private static func number(_ path: FilePath) -> Int? {
    readKernelText(at: path).flatMap { Int($0.filter { !$0.isWhitespace }) }
  }

  /// Counts the descriptors of a user's processes that are inotify instances; nil where one of these
  /// processes cannot be looked at.
  private static func inotifyInstances(of user: uid_t) -> Int? {
    guard let proc = try? DirectoryHandle(opening: "/proc"), let names = try? proc.names() else {
      return nil
    }
    var count = 0
    let descriptors = FileName("fd")
    for name in names where name.bytes.allSatisfy({ (0x30...0x39).contains($0) }) {
      guard let process = try? proc.openDirectory(name), let status = try? process.status(),
        status.owner == user, let descriptors
      else { continue }
      guard let folder = try? process.openDirectory(descriptors),
        let numbers = try? folder.names()
      else { return nil }
      for number in numbers {
        let target = try? folder.symbolicLinkTarget(of: number)
        if target?.elementsEqual("anon_inode:inotify".utf8) == true { count += 1 }
      }
    }
    return count
  }

  /// Facts that a test makes up.
  package init(
    inotifyInstances: Int?, inotifyInstancesUsed: Int? = nil, inotifyWatches: Int?,
    openFiles: Int?, availableMemory: UInt64?, processors: Int, affinity: Int,
    usableProcessors: Int, isSupported: Bool = true, instructions: String = "AVX2"
  ) {
    (self.inotifyInstances, self.inotifyWatches) = (inotifyInstances, inotifyWatches)
    (self.inotifyInstancesUsed, self.openFiles) = (inotifyInstancesUsed, openFiles)
    (self.availableMemory, self.processors) = (availableMemory, processors)
    (self.affinity, self.usableProcessors) = (affinity, usableProcessors)
    (self.isSupported, self.instructions) = (isSupported, instructions)
  }
}
