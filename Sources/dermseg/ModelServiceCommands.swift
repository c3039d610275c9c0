import ArgumentParser
import Files
import FoundationEssentials
import ModelStore
import SystemPackage
import Training

/// `dermseg model list`
struct ModelListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "Lists the models of the store, newest first.",
    discussion: """
      A star marks the model in service, a minus the one that `rollback` would choose. The Jaccard index is \
      that of the rebuild that made the model, on the photographs it held out.

      EXAMPLES
        dermseg model list
        dermseg model list --json --model-store /srv/models
      """)

  @OptionGroup var storeOption: StoreOption
  @Flag(help: "Print JSON.") var json = false

  /// One line of the list.
  private struct Line: Encodable {
    var id: String
    var sizeBytes: Int?
    var written: String?
    var isCurrent: Bool
    var isEarlier: Bool
    var jaccard: Double?

    enum CodingKeys: String, CodingKey {
      case id, written, jaccard
      case sizeBytes = "size_bytes"
      case isCurrent = "is_current"
      case isEarlier = "is_earlier"
    }
  }

  func run() async throws {
    let store = try await storeOption.store()
    let lines = try withStore("Not listed") { () throws(ModelStoreError) in
      let models = try store.list()
      let current = models.first(where: \.isCurrent)?.id ?? ModelStore.builtInID
      let earlier = try store.earlierModels().last { $0 != current }
      return models.map { model in
        Line(
          id: model.id, sizeBytes: model.sizeBytes, written: model.written.map(spelled),
          isCurrent: model.isCurrent, isEarlier: model.id == earlier,
          jaccard: jaccard(of: model.id, in: store))
      }
    }
    if json { return try printJSON(lines) }
    if !lines.contains(where: \.isCurrent) {
      Console.print("* \(ModelStore.builtInID)  the model in the programs")
    }
    for line in lines {
      let mark = line.isCurrent ? "*" : line.isEarlier ? "-" : " "
      let size = line.sizeBytes.map {
        "\(($0 + 50_000) / 100_000 / 10).\(($0 + 50_000) / 100_000 % 10) MB"
      }
      Console.print(
        [
          "\(mark) \(line.id)", line.written ?? "no model file", size,
          line.jaccard.map { "Jaccard \(decimal($0))" },
        ].compactMap { $0 }.joined(separator: "  "))
    }
  }

  private func jaccard(of id: String, in store: ModelStore) -> Double? {
    struct Record: Decodable {
      struct Decision: Decodable { var newJaccard: Double }
      var decision: Decision
    }
    guard let bytes = try? store.note("rebuild.json", of: id) else { return nil }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return (try? decoder.decode(Record.self, from: Data(bytes)))?.decision.newJaccard
  }
}

extension CompletionKind {
  /// What `dermseg model list` lists.
  static var modelsOfStore: CompletionKind {
    .shellCommand("dermseg model list 2>/dev/null | cut -c 3- | cut -d ' ' -f 1")
  }
}

/// `dermseg model promote`
struct ModelPromoteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote", abstract: "Puts a model into service.",
    discussion: """
      The model is verified first. A model file is put into the store. The model in service until now stays in the \
      store, and `rollback` brings it back. A running daemon follows between two photographs; back to \
      `built-in`, the model in the programs, it goes when it is reloaded.

      EXAMPLES
        dermseg model promote unet-3f8a
        dermseg model promote ./mine.safetensors
        dermseg model promote built-in && systemctl reload dermsegd
      """)

  @OptionGroup var storeOption: StoreOption
  @Argument(
    help: "A model of the store, a model file, or built-in.", completion: .modelsOfStore)
  var model: String

  func run() async throws {
    let store = try await storeOption.store()
    let (id, before) = try withStore("Not promoted") { () throws(ModelStoreError) in
      if model == ModelStore.builtInID { return (model, try store.promote(model)) }
      if isFile {
        let before = try store.currentID() ?? ModelStore.builtInID
        return (try store.publish(file: FilePath(model)).id, before)
      }
      let id = try store.id(for: model)
      return (id, try store.promote(id))
    }
    Console.print(
      id == before
        ? "\(id) is in service already." : "\(id) is in service now, instead of \(before).")
    hintAtReload(id)
  }

  /// A store's id is no path; what is both is the store's.
  private var isFile: Bool { model.contains("/") || model.hasSuffix(".safetensors") }
}

/// A daemon does not take a store without `current` for a decision: it may only be away.
private func hintAtReload(_ id: String) {
  if id == ModelStore.builtInID {
    Console.print("A running daemon takes it when it is reloaded: systemctl reload dermsegd")
  }
}

/// `dermseg model rollback`
struct ModelRollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract: "Puts the model that was in service before into service again.",
    discussion: """
      Models that are gone or damaged are passed over and named. Done again it goes back further. The \
      trainer does not undo it: it compares its next model with the one that is in service then.

      EXAMPLES
        dermseg model rollback
      """)

  @OptionGroup var storeOption: StoreOption

  func run() async throws {
    let store = try await storeOption.store()
    let (id, passedOver) = try withStore("Not rolled back") { () throws(ModelStoreError) in
      try store.rollback()
    }
    for error in passedOver { Console.error("Passed over: \(error)") }
    Console.print("\(id) is in service now.")
    hintAtReload(id)
  }
}

/// `dermseg model verify`
struct ModelVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Reads models and compares them with their checksums.",
    discussion: """
      Each model is read as the daemon would read it. Without a name, all of the store are. The exit code is 1 \
      if one of them cannot be used.

      EXAMPLES
        dermseg model verify
        dermseg model verify unet-3f8a
      """)

  @OptionGroup var storeOption: StoreOption
  @OptionGroup var quiet: QuietOption
  @Argument(help: "Models of the store. Default: all.", completion: .modelsOfStore)
  var models: [String] = []

  func run() async throws {
    let store = try await storeOption.store()
    let ids = try withStore("Not verified") { () throws(ModelStoreError) in
      guard !models.isEmpty else { return try store.list().map(\.id) }
      var ids: [String] = []
      for model in models { ids.append(try store.id(for: model)) }
      return ids
    }
    var failures = 0
    let bar = quiet.bar
    defer { bar.clear() }
    for (index, id) in ids.enumerated() {
      bar.show("Verifying", done: index, of: ids.count)
      do throws(ModelStoreError) {
        let model = try store.model(id)
        quiet.say("\(id): sound, SHA-256 \(model.sha256)")
      } catch {
        failures += 1
        Console.error("\(id): not usable: \(error)")
      }
    }
    if models.isEmpty {
      // The link itself may lead nowhere although every model is sound.
      do throws(ModelStoreError) {
        if let current = try store.current() { quiet.say("current: \(current.id)") }
      } catch {
        failures += 1
        Console.error("current: not usable: \(error)")
      }
    }
    if failures > 0 { throw ExitCode(1) }
  }
}

/// `dermseg model prune`
struct ModelPruneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prune", abstract: "Removes old models from the store.",
    discussion: """
      The newest ones stay, and in any case the one in service and the one that `rollback` would choose.

      EXAMPLES
        dermseg model prune --keep 3
        dermseg model prune --keep 3 --dry-run
      """)

  @OptionGroup var storeOption: StoreOption
  @Option(help: "How many of the newest models stay.") var keep: Int
  @Flag(help: "Only say what would be removed.") var dryRun = false

  func validate() throws {
    if keep < 0 { throw ValidationError("--keep \(keep): at least 0 is needed.") }
  }

  func run() async throws {
    let store = try await storeOption.store()
    let removed = try withStore("Not pruned") { () throws(ModelStoreError) in
      try store.prune(keeping: keep, isRehearsal: dryRun)
    }
    for id in removed { Console.print("\(dryRun ? "Would remove" : "Removed") \(id)") }
    if removed.isEmpty { Console.print("Nothing to remove.") }
  }
}
