import Files
import Glibc
import ModelStore
import SystemPackage
import TemporaryFolders
import Testing
import UNets

/// A model on its way into the store, and each of its calls failing or being the last.
@Suite struct StoreCallByCallTests {
  private static func model(_ seed: UInt64) throws -> [UInt8] {
    try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 2, depth: 1), inputSize: 8,
      seed: seed
    ).safetensors()
  }

  /// A store with one model in service, and a file with another.
  private static func folder() throws -> (TemporaryFolder, old: String, new: String) {
    let folder = try TemporaryFolder()
    let store = ModelStore(directory: folder.appending("models"))
    let old = try store.publish(try model(1), name: "m").id
    try folder.handle.publish(try model(2), as: name("new.safetensors"))
    return (folder, old, "new-" + sha256Hex(try model(2)).prefix(12))
  }

  /// - Returns: the exit code, 128 + signal.
  private static func promote(_ folder: TemporaryFolder, _ plan: FaultPlan?) throws -> Int32 {
    let variables = try plan?.environment(in: folder).map { "'\($0)'" }.joined(separator: " ")
    return folder.run(
      """
      cd "$D"; env \(variables ?? "") '\(try DaemonProcess.programs.appending("dermseg"))' \
      model promote ./new.safetensors --model-store "$D/models" > out 2>&1
      """)
  }

  private static func calls(_ folder: TemporaryFolder) -> Int {
    let bytes = try? readRegularFile(at: folder.appending("trace"), limitBytes: 1 << 22).bytes
    return String(decoding: bytes ?? [], as: UTF8.self).split(separator: "\n")
      .count { !$0.hasPrefix("- ") }
  }

  /// What holds at any instant: the model in service is the old or the new one, whole; every folder that
  /// has a model's name is one.
  private static func check(
    _ folder: TemporaryFolder, _ old: String, _ new: String, _ context: String
  ) throws {
    let store = ModelStore(directory: folder.appending("models"))
    let current = try store.current()?.id
    #expect(current == old || current == new, "\(context)")
    for model in try store.list() {
      #expect(throws: Never.self, "\(context)") { try store.model(model.id) }
    }
  }

  @Test func atEveryCallTheOldOrTheNewModelIsInService() async throws {
    var plan = FaultPlan()
    plan.folders = ["models"]
    let (first, _, newest) = try Self.folder()
    #expect(try Self.promote(first, plan) == 0)
    #expect(try ModelStore(directory: first.appending("models")).currentID() == newest)
    let count = Self.calls(first)
    #expect(count > 20)
    let deeds: [FaultPlan.Deed] = [.signalBefore(SIGKILL), .fail(.ioError)]
    let cases = (1...count).flatMap { at in deeds.map { (at, $0) } }
    let plain = plan
    try await forEach(cases) { at, deed in
      let (folder, old, new) = try Self.folder()
      var plan = plain
      plan.at = at
      plan.deed = deed
      let code = try Self.promote(folder, plan)
      let context = "call \(at), \(deed), exit code \(code)"
      try Self.check(folder, old, new, context)
      if code == 0 {
        let current = try ModelStore(directory: folder.appending("models")).currentID()
        #expect(current == new, "\(context)")
      }
      // Afterwards it succeeds, and nothing is left of the first try.
      #expect(try Self.promote(folder, nil) == 0, "\(context)")
      let rest = folder.run(#"test -z "$(find "$D/models" -name '.dermseg-*.part')""#)
      #expect(rest == 0, "\(context)")
      #expect(
        try ModelStore(directory: folder.appending("models")).rollback().id == old, "\(context)")
    }
  }
}
