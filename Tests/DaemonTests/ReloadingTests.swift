import Daemon
import Files
import ModelStore
import Settings
import TemporaryFolders
import Testing

/// A new model comes into service between two photographs; a bad one never does.
@Suite(.timeLimit(.minutes(5))) struct ReloadingTests {
  let daemon: TinyDaemon
  let store: ModelStore

  init() throws {
    daemon = try TinyDaemon()
    store = ModelStore(directory: daemon.folder.appending("models"))
  }

  /// Runs a service that follows the store.
  private func run(_ body: (FolderService) async throws -> Void) async throws {
    var settings = try await daemon.settings()
    settings.model = nil
    settings.modelStore = store.directory
    let service = try FolderService(settings: settings, logger: daemon.log.logger)
    let running = Task { await service.run() }
    defer { service.stop() }
    try await body(service)
    service.stop()
    await running.value
  }

  @Test func aPublishedModelIsFollowedAndAllMasksMadeAnew() async throws {
    let first = try store.publish(try daemon.modelBytes(seed: 1), name: "m")
    try daemon.drop(1, as: "a.jpg")
    try await run { _ in
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
      #expect(try daemon.readMask("a_segmentation.png").record.modelSHA256 == first.sha256)
      let second = try store.publish(try daemon.modelBytes(seed: 2), name: "m")
      try await daemon.until("mask of the second model") {
        try daemon.readMask("a_segmentation.png").record.modelSHA256 == second.sha256
      }
      try daemon.drop(2, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
      #expect(try daemon.readMask("b_segmentation.png").record.modelID == second.id)
    }
    #expect(daemon.log.count("Segmented: a.jpg") == 2)
  }

  @Test(arguments: [
    "truncate -s -100 MODEL", "printf x | dd of=MODEL bs=1 seek=5000 conv=notrunc 2> /dev/null",
    ": > MODEL", "rm MODEL", "ln -sf /etc/passwd MODEL", "rm MODEL; mkfifo MODEL",
  ])
  func aDamagedModelIsRefusedOnceAndTheOldOneStays(_ damage: String) async throws {
    let second = try store.publish(try daemon.modelBytes(seed: 2), name: "second")
    let first = try store.publish(try daemon.modelBytes(seed: 1), name: "first")
    daemon.folder.run(
      "cd \"$D/models/\(second.id)\"; " + damage.replacing("MODEL", with: "model.safetensors"))
    try await expectRefusal(
      after: "cd \"$D/models\"; ln -s \(second.id) new; mv -T new current", keeping: first)
  }

  @Test(arguments: ["nothing", "/etc", "../..", "."])
  func aCurrentThatLeadsNowhereIsRefusedOnceAndTheOldOneStays(_ target: String) async throws {
    let first = try store.publish(try daemon.modelBytes(seed: 1), name: "first")
    try await expectRefusal(
      after: "cd \"$D/models\"; ln -s \(target) new; mv -T new current", keeping: first)
  }

  /// Runs a command while the service runs, and expects that the model does not change.
  private func expectRefusal(after command: String, keeping model: LoadedModel) async throws {
    try await run { _ in
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
      daemon.folder.run(command)
      try await daemon.until("refused") { daemon.log.count("Model not replaced: ") == 1 }
      for index in 1...3 {
        try daemon.drop(index, as: "a\(index).jpg")
        let mask = "a\(index)_segmentation.png"
        try await daemon.until("mask") { daemon.exists("Results/" + mask) }
        #expect(try daemon.readMask(mask).record.modelSHA256 == model.sha256)
      }
    }
    #expect(daemon.log.count("Model not replaced: ") == 1, "said once, not at every listing")
  }

  @Test func anotherTrainersHalfFinishedWorkIsNoModel() async throws {
    let first = try store.publish(try daemon.modelBytes(seed: 1), name: "m")
    try await run { _ in
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
      daemon.folder.run(
        #"cd "$D/models"; mkdir half; head -c 100 /dev/urandom > half/model.safetensors"#)
      try daemon.drop(1, as: "a.jpg")
      try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
      #expect(try daemon.readMask("a_segmentation.png").record.modelSHA256 == first.sha256)
    }
    #expect(daemon.log.count("Model not replaced: ") == 0)
  }

  @Test func reloadingTakesOverWhatItCanAndSaysWhatItCannot() async throws {
    var settings = try await daemon.settings()
    let service = try FolderService(settings: settings, logger: daemon.log.logger)
    let running = Task { await service.run() }
    defer { service.stop() }
    try daemon.drop(1, as: "a.jpg")
    try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
    try daemon.writeModel(seed: 2)
    settings.settle = .milliseconds(60)
    settings.testFolder = "/elsewhere"
    await service.reload(settings)
    try await daemon.until("mask of the new model") { daemon.log.count("Segmented: a.jpg") == 2 }
    #expect(daemon.log.count("Not taken over before the next start: testFolder.") == 1)
    #expect(daemon.log.count("Settings and model were read again.") == 1)
    // Nothing changed: nothing is done anew.
    await service.reload(settings)
    try daemon.drop(2, as: "b.jpg")
    try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    #expect(daemon.log.count("Segmented: a.jpg") == 2)
    service.stop()
    await running.value
  }

  @Test func aModelThatIsGoneAtAReloadLeavesTheOldOne() async throws {
    let settings = try await daemon.settings()
    let service = try FolderService(settings: settings, logger: daemon.log.logger)
    let running = Task { await service.run() }
    defer { service.stop() }
    daemon.folder.run(#"rm "$D/tiny.safetensors""#)
    await service.reload(settings)
    #expect(daemon.log.count("Model not replaced: ") == 1)
    try daemon.drop(1, as: "a.jpg")
    try await daemon.until("mask") { daemon.exists("Results/a_segmentation.png") }
    service.stop()
    await running.value
  }
}
