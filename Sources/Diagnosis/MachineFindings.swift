import Settings
import SystemPackage

/// Judges the limits and the processor of a machine.
package struct MachineFindings {
  private let facts: MachineFacts
  private let settings: Settings?
  private let configFile: FilePath
  /// What was found.
  package private(set) var findings: [Finding] = []

  /// - Parameters:
  ///   - folderCount: How many folders are to be watched.
  ///   - configFile: The daemon's configuration.
  ///   - unit: The properties of the daemon's unit; empty where there is none.
  package init(
    _ facts: MachineFacts, settings: Settings?, folderCount: Int,
    configFile: FilePath = Settings.defaultFile, unit: [String: String]
  ) {
    (self.facts, self.settings, self.configFile) = (facts, settings, configFile)
    let name = ServiceInstance(configFile: configFile).unit
    judgeInotify(folderCount)
    judgeOpenFiles(unit, name)
    judgeMemory(unit, name)
    judgeProcessor()
  }

  private mutating func add(
    _ area: Finding.Area, _ severity: Finding.Severity, _ message: String, remedy: String? = nil
  ) {
    findings.append(Finding(area, severity, message, remedy: remedy))
  }

  private mutating func judgeInotify(_ folderCount: Int) {
    let isSilent = "Without one the folder is looked at every few seconds instead."
    if let most = facts.inotifyInstances {
      let used = facts.inotifyInstancesUsed.map { ", \($0) in use" } ?? ""
      let isShort = most < 8 || most - (facts.inotifyInstancesUsed ?? 0) < 2
      add(
        .limits, isShort ? .warning : .good,
        "inotify instances of a user: at most \(most)\(used)." + (isShort ? " \(isSilent)" : ""),
        remedy: isShort ? Self.sysctl("fs.inotify.max_user_instances=1024") : nil)
    }
    if let most = facts.inotifyWatches {
      let isShort = most < folderCount + 16
      add(
        .limits, isShort ? .warning : .good,
        "inotify watches of a user: at most \(most), for \(folderCount) folder\(folderCount == 1 ? "" : "s")."
          + (isShort ? " \(isSilent)" : ""),
        remedy: isShort
          ? Self.sysctl("fs.inotify.max_user_watches=\(max(524_288, 2 * folderCount))") : nil)
    }
  }

  private static func sysctl(_ setting: String) -> String {
    "echo \(setting) >> /etc/sysctl.d/60-dermseg.conf && sysctl --system"
  }

  private mutating func judgeOpenFiles(_ unit: [String: String], _ name: String) {
    let ofUnit = unit["LimitNOFILE"].flatMap { $0 == "infinity" ? Int.max : Int($0) }
    guard let most = ofUnit ?? facts.openFiles else { return }
    // The daemon has about 33 open, and one more for each level of sub-folders.
    let isShort = most < 128
    let text = most == .max ? "unlimited" : "at most \(most)"
    add(
      .limits, isShort ? .bad : .good,
      "Open files of \(ofUnit == nil ? "a process" : "the service"): \(text).",
      remedy: isShort
        ? (ofUnit == nil ? "ulimit -n 1024" : dropIn("LimitNOFILE=1024", unit: name))
        : nil)
  }

  private mutating func judgeMemory(_ unit: [String: String], _ name: String) {
    // The largest photograph, decoded and resized, beside the model: measured at 50 megapixels.
    let (needed, comfortable): (UInt64, UInt64) = (256 << 20, 1 << 30)
    if let available = facts.availableMemory {
      let severity: Finding.Severity =
        available < needed ? .bad : available < comfortable ? .warning : .good
      add(
        .limits, severity, "Memory: \(megabytes(available)) available.",
        remedy: severity == .good
          ? nil : "ps -eo rss,unit,args --sort=-rss | head  # and end what is not needed")
    }
    if let limit = unit["MemoryMax"].flatMap({ UInt64($0) }), limit < comfortable {
      add(
        .limits, limit < needed ? .bad : .warning,
        "Memory: the service may have \(megabytes(limit)); photographs of 50 megapixels need about 1 GiB.",
        remedy: dropIn("MemoryMax=2G", unit: name))
    }
  }

  private mutating func judgeProcessor() {
    guard facts.isSupported else {
      return add(
        .processor, .bad, "The processor has no AVX2 and FMA, which the programs are compiled for.",
        remedy: "a machine with an Intel processor since 2013 or an AMD processor since 2015")
    }
    add(.processor, .good, "Instructions: \(facts.instructions).")
    let isLimited = facts.usableProcessors < facts.processors
    var reasons: [String] = []
    if facts.affinity < facts.processors { reasons.append("CPU affinity leaves \(facts.affinity)") }
    if facts.usableProcessors < facts.affinity {
      reasons.append("cpu.max of the control group leaves \(facts.usableProcessors)")
    }
    let why = reasons.isEmpty ? "" : ": " + reasons.joined(separator: ", ")
    add(
      .processor, .good,
      "Processors: \(facts.usableProcessors) of \(facts.processors) usable\(isLimited ? why : "").")
    if let threads = settings?.threads, threads > facts.usableProcessors {
      add(
        .processor, .warning,
        "\(threads) threads are configured, which get in each other's way on \(facts.usableProcessors) "
          + "processors.", remedy: edit(configFile, "threads: auto"))
    }
  }
}
