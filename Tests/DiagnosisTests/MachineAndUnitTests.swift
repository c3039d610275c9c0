import Diagnosis
import Settings
import Testing

@Suite struct MachineAndUnitTests {
  private func facts(
    instances: Int = 128, used: Int? = 1, watches: Int = 100_000, openFiles: Int = 1024,
    memory: UInt64 = 8 << 30, processors: Int = 4, affinity: Int = 4, usable: Int = 4,
    isSupported: Bool = true
  ) -> MachineFacts {
    MachineFacts(
      inotifyInstances: instances, inotifyInstancesUsed: used, inotifyWatches: watches,
      openFiles: openFiles, availableMemory: memory, processors: processors, affinity: affinity,
      usableProcessors: usable, isSupported: isSupported)
  }

  private func troubles(
    _ facts: MachineFacts, folders: Int = 1, unit: [String: String] = [:],
    settings: Settings? = nil
  ) -> [String] {
    MachineFindings(facts, settings: settings, folderCount: folders, unit: unit).findings
      .filter { $0.severity != .good }
      .map { "\($0.severity.rawValue): \($0.message) => \($0.remedy ?? "nothing")" }
  }

  @Test func anOrdinaryMachineIsGood() {
    #expect(troubles(facts()) == [])
    #expect(troubles(facts(), unit: ["MemoryMax": "2147483648", "LimitNOFILE": "524288"]) == [])
    #expect(troubles(facts(), unit: ["MemoryMax": "infinity"]) == [])
  }

  @Test func everyLimitIsJudged() {
    #expect(troubles(facts(used: 127))[0].contains("fs.inotify.max_user_instances=1024"))
    #expect(troubles(facts(watches: 5000), folders: 4999)[0].contains("max_user_watches=524288"))
    #expect(troubles(facts(openFiles: 64))[0].hasPrefix("bad: Open files"))
    #expect(troubles(facts(), unit: ["LimitNOFILE": "64"])[0].contains("LimitNOFILE=1024"))
    #expect(troubles(facts(memory: 100 << 20))[0].hasPrefix("bad: Memory: 100 MiB"))
    #expect(troubles(facts(memory: 700 << 20))[0].hasPrefix("warning: Memory: 700 MiB"))
    #expect(troubles(facts(), unit: ["MemoryMax": "104857600"])[0].contains("MemoryMax=2G"))
    #expect(troubles(facts(isSupported: false))[0].hasPrefix("bad: The processor has no AVX2"))
  }

  @Test func theReasonForFewerProcessorsIsSaid() async throws {
    func line(_ facts: MachineFacts) -> String? {
      MachineFindings(facts, settings: nil, folderCount: 1, unit: [:]).findings
        .first { $0.message.hasPrefix("Processors: ") }?.message
    }
    #expect(line(facts()) == "Processors: 4 of 4 usable.")
    #expect(
      line(facts(affinity: 3, usable: 2)) == "Processors: 2 of 4 usable: CPU affinity leaves 3, "
        + "cpu.max of the control group leaves 2.")
    let settings = try await Settings.load(
      configFile: nil, options: ["threads": "8"], environment: [:])
    #expect(
      troubles(facts(), settings: settings)[0].hasSuffix(
        "=> editor /etc/dermseg/dermseg.yaml  # threads: auto"))
  }

  private static let sound =
    "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\nNRestarts=0\n"

  private func unitTroubles(
    _ daemon: String, options: [String: String] = [:]
  ) async throws -> [String] {
    let settings = try await Settings.load(configFile: nil, options: options, environment: [:])
    let systemd = systemd(["dermsegd.service": daemon, "dermseg-trainer.timer": Self.sound])
    return UnitFindings(systemd, settings: settings).findings
      .filter { $0.severity != .good }
      .map { "\($0.severity.rawValue): \($0.message) => \($0.remedy ?? "nothing")" }
  }

  @Test func unitsAreJudged() async throws {
    #expect(try await unitTroubles(Self.sound) == [])
    let missing = try await unitTroubles("LoadState=not-found\n")
    #expect(
      missing == [
        "bad: dermsegd.service is not installed (not-found). => make install && systemctl daemon-reload"
      ])
    let stopped = try await unitTroubles(
      "LoadState=loaded\nActiveState=inactive\nUnitFileState=disabled\n")
    #expect(stopped[0].hasSuffix("=> systemctl enable --now dermsegd.service"))
    let failed = try await unitTroubles(
      "LoadState=loaded\nActiveState=failed\nResult=exit-code\nUnitFileState=enabled\n")
    #expect(failed[0].hasPrefix("bad: dermsegd.service failed (exit-code)"))
    let restarted = try await unitTroubles(
      Self.sound.replacing("NRestarts=0", with: "NRestarts=3"))
    #expect(restarted[0].contains("restarted 3 times"))
    let changed = try await unitTroubles(Self.sound + "NeedDaemonReload=yes\n")
    #expect(changed[0].hasSuffix("=> systemctl daemon-reload"))
    let none = UnitFindings(noSystemd, settings: nil).findings
    #expect(none.count == 1 && none[0].message.contains("/run/systemd/system is missing"))
  }

  @Test func anInstanceIsAUnitOfItsOwn() async throws {
    let settings = try await Settings.load(
      configFile: nil, options: ["results-folder": "/srv/dermseg/ward/Results", "threads": "8"],
      environment: ServiceInstance(configFile: "/etc/dermseg/ward.yaml").environment([:]))
    #expect(settings.stateDirectory == "/var/lib/dermsegd-ward")
    let sandboxed = Self.sound + "ProtectSystem=strict\nStateDirectory=dermsegd-ward\n"
    let systemd = systemd([
      "dermsegd@ward.service": sandboxed + "ReadWritePaths=-/srv/dermseg/ward/Results\n",
      "dermseg-trainer.timer": Self.sound,
    ])
    let found = UnitFindings(systemd, settings: settings, configFile: "/etc/dermseg/ward.yaml")
      .findings
    #expect(found.map(\.severity) == [.good, .good])
    #expect(found[0].message == "dermsegd@ward.service is active, enabled.")
    let limited = MachineFindings(
      facts(), settings: settings, folderCount: 1, configFile: "/etc/dermseg/ward.yaml",
      unit: ["MemoryMax": "104857600"]
    ).findings.filter { $0.severity != .good }.compactMap(\.remedy)
    #expect(limited.first?.contains("/etc/systemd/system/dermsegd@ward.service.d/") == true)
    #expect(limited.last == "editor /etc/dermseg/ward.yaml  # threads: auto")
  }

  @Test func aSandboxThatShutsAFolderOutIsFound() async throws {
    let sandboxed =
      Self.sound
      + "ProtectSystem=strict\nProtectHome=yes\nStateDirectory=dermsegd\n"
      + "ReadWritePaths=-/srv/dermseg/Results\nInaccessiblePaths=\n"
    #expect(try await unitTroubles(sandboxed) == [])
    let elsewhere = try await unitTroubles(sandboxed, options: ["results-folder": "/data/masks"])
    #expect(elsewhere.count == 1 && elsewhere[0].contains("ReadWritePaths=/data/masks"))
    let spaced = try await unitTroubles(sandboxed, options: ["results-folder": "/data/100 % a"])
    let granted = sandboxed.replacing(
      "ReadWritePaths=", with: #"ReadWritePaths="/data/100 % a" "/data/\\\"b" "#)
    for folder in ["/data/100 % a", #"/data/\"b"#] {
      #expect(try await unitTroubles(granted, options: ["results-folder": folder]) == [])
    }
    #expect(spaced[0].contains(#"'ReadWritePaths="/data/100 %% a"'"#))
    let home = try await unitTroubles(sandboxed, options: ["test-folder": "/home/a/in"])
    #expect(home.count == 1 && home[0].contains("ProtectHome=no"))
  }
}
