import Files
import ModelStore
import SystemPackage
import TestScaffold
import Testing

/// Which model is in service, and the way back.
@Suite struct ModelServiceTests {
  private let folder: ScratchDirectory
  private let store: ModelStore
  /// Three models; the third is in service.
  private let ids: [String]

  init() throws {
    let scratch = try ScratchDirectory()
    folder = scratch
    store = ModelStore(directory: scratch.path)
    ids = try (1...3).map { seed in
      try ModelStore(directory: scratch.path).publish(
        try ModelStoreTests.bytes(seed: UInt64(seed)), name: "m"
      ).id
    }
  }

  @Test func rollbackGoesBackStepByStep() throws {
    #expect(try store.earlierModels() == [ModelStore.builtInID, ids[0], ids[1]])
    #expect(try store.rollback().id == ids[1])
    #expect(try store.currentID() == ids[1])
    #expect(try store.rollback().id == ids[0])
    #expect(try store.rollback().id == ModelStore.builtInID)
    #expect(try store.currentID() == nil)
    #expect(throws: ModelStoreError.noEarlierModel(store: folder.path.string, current: "built-in"))
    {
      try store.rollback()
    }
    // All of them are still there.
    #expect(Set(try store.list().map(\.id)) == Set(ids))
  }

  @Test func rollbackPassesOverWhatIsGoneOrDamaged() throws {
    folder.shell("rm -r '\(ids[1])'")
    let result = try store.rollback()
    #expect(result.id == ids[0] && result.passedOver.count == 1)
    #expect(try store.promote(ids[2]) == ids[0])
    folder.shell("echo x >> '\(ids[0])/model.safetensors'")
    let second = try store.rollback()
    #expect(second.id == ModelStore.builtInID && second.passedOver.count == 1)
  }

  @Test func aKillBetweenHistoryAndSwitchLosesNothing() throws {
    // The history's last line is the current model itself.
    folder.shell("echo '\(ids[2])' >> history.txt")
    #expect(try store.rollback().id == ids[1])
  }

  @Test(arguments: ["rm history.txt", ": > history.txt", "printf '/x\\n\\n\\377' > history.txt"])
  func aLostHistoryIsNoObstacle(_ damage: String) throws {
    folder.shell(damage)
    #expect(throws: ModelStoreError.self) { try store.rollback() }
    #expect(try store.currentID() == ids[2])
    #expect(try store.promote(ids[0]) == ids[2])
    #expect(try store.rollback().id == ids[2])
  }

  @Test func promoteSwitchesAndRefuses() throws {
    #expect(try store.promote(ids[0]) == ids[2])
    #expect(try store.currentID() == ids[0])
    #expect(try store.promote(ids[0]) == ids[0])
    #expect(try store.promote(ModelStore.builtInID) == ids[0])
    #expect(try store.current() == nil)
    #expect(throws: ModelStoreError.unknownModel("m-0", known: try store.list().map(\.id))) {
      try store.promote("m-0")
    }
    for id in ["..", "../x", "", "current"] {
      #expect(throws: ModelStoreError.self) { try store.promote(id) }
    }
    folder.shell("echo x >> '\(ids[1])/model.safetensors'")
    #expect(throws: ModelStoreError.self) { try store.promote(ids[1]) }
    #expect(try store.current() == nil)
  }

  @Test func namesMayBeShortened() throws {
    #expect(try store.id(for: ids[0]) == ids[0])
    #expect(try store.id(for: String(ids[0].prefix(6))) == ids[0])
    #expect(try store.id(for: String(ids[1].suffix(12).prefix(5))) == ids[1])
    #expect(throws: ModelStoreError.ambiguousModel("m-", fitting: try store.list().map(\.id))) {
      try store.id(for: "m-")
    }
    #expect(throws: ModelStoreError.self) { try store.id(for: "") }
    #expect(throws: ModelStoreError.self) { try store.id(for: "zzz") }
  }

  @Test func theListIsNewestFirstAndKnowsOnlyModels() throws {
    for (index, id) in ids.enumerated() {
      folder.shell("touch -d @\(1000 + index) '\(id)/model.safetensors'")
    }
    folder.shell(
      "mkdir other lost+found .m-0123456789ab; touch m-0123456789ab; mkdir x-0123456789ab")
    let list = try store.list()
    #expect(list.map(\.id) == [ids[2], ids[1], ids[0], "x-0123456789ab"])
    #expect(list.map(\.isCurrent) == [true, false, false, false])
    #expect(list[0].written?.seconds == 1002 && (list[0].sizeBytes ?? 0) > 100)
    #expect(list[3].sizeBytes == nil)
    #expect(try ModelStore(directory: folder.path.appending("none")).list().isEmpty)
  }

  @Test func pruningKeepsWhatIsInUse() throws {
    for (index, id) in ids.enumerated() {
      folder.shell("touch -d @\(1000 + index) '\(id)/model.safetensors'; mkdir -p other")
    }
    try store.promote(ids[0])
    // The current one is the oldest, the one before it the newest.
    #expect(try store.prune(keeping: 0, isRehearsal: true) == [ids[1]])
    #expect(try store.list().count == 3)
    #expect(try store.prune(keeping: 2) == [])
    #expect(try store.prune(keeping: 1) == [ids[1]])
    #expect(try store.prune(keeping: 0) == [])
    #expect(Set(try store.list().map(\.id)) == [ids[0], ids[2]])
    #expect(try store.rollback().id == ids[2])
    #expect(folder.shell("test -d other -a -L current") == 0)
    #expect(folder.shell("test -z \"$(ls -A | grep part)\"") == 0)
  }

  @Test func pruningMayBeOfModelsWithANoteOnly() throws {
    folder.shell("echo x > '\(ids[0])/rebuild.json'; cp '\(ids[0])/rebuild.json' '\(ids[1])/'")
    for (index, id) in ids.enumerated() {
      folder.shell("touch -d @\(1000 + index) '\(id)/model.safetensors'")
    }
    let other = try store.publish(try ModelStoreTests.bytes(seed: 9), name: "other").id
    folder.shell("touch -d @1 '\(other)/model.safetensors'")
    try store.promote(ids[2])
    // The oldest one is nobody's, the others in use or the newest.
    #expect(try store.prune(keeping: 1, having: "rebuild.json") == [ids[0]])
    #expect(Set(try store.list().map(\.id)) == [ids[1], ids[2], other])
  }

  @Test func nothingIsChangedWhileAnotherProcessChangesIt() throws {
    let lock = try DirectoryLock(DirectoryHandle(opening: folder.path))
    for change in [
      { _ = try store.rollback() }, { _ = try store.promote(ids[0]) },
      { _ = try store.prune(keeping: 0) },
      { _ = try store.publish(try ModelStoreTests.bytes(seed: 4), name: "m") },
    ] as [() throws -> Void] {
      #expect {
        try change()
      } throws: { error in
        if case ModelStoreError.locked = error { return true }
        return false
      }
    }
    #expect(try store.currentID() == ids[2])
    withExtendedLifetime(lock) {}
  }

  @Test func withoutAStoreThereIsAReason() throws {
    let missing = ModelStore(directory: folder.path.appending("none"))
    #expect(throws: ModelStoreError.noStore(path: folder.path.string + "/none")) {
      try missing.rollback()
    }
    #expect(throws: ModelStoreError.self) { try missing.model("m-0123456789ab") }
  }
}

@Suite struct ModelNoteTests {
  @Test func notesLieBesideTheModel() throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path)
    let notes = [
      try #require(ModelNote("metrics.json", Array("{}".utf8))),
      try #require(ModelNote("worst/1_a.png", [1])), try #require(ModelNote("worst/2_b.png", [2])),
    ]
    let model = try store.publish(
      try ModelStoreTests.bytes(seed: 1), name: "m", notes: notes, isPromoted: false)
    #expect(try store.current() == nil)
    #expect(try store.note("metrics.json", of: model.id) == Array("{}".utf8))
    #expect(try store.note("none", of: model.id) == nil)
    #expect(try store.note("metrics.json", of: "none") == nil)
    #expect(try folder.read("\(model.id)/worst/2_b.png") == [2])
    #expect(
      folder.shell(
        "test \"$(ls '\(model.id)' | xargs)\" = 'metrics.json model.safetensors model.sha256 worst'"
      ) == 0)
    // The same model again: its folder stays as it is, and it may come into service now.
    _ = try store.publish(try ModelStoreTests.bytes(seed: 1), name: "m")
    #expect(try store.currentID() == model.id)
    #expect(try store.note("metrics.json", of: model.id) != nil)
  }

  @Test(arguments: ["", "a/b/c", "/a", "a/", "..", "../a", "a/..", "."])
  func noNoteLiesElsewhere(_ path: String) {
    #expect(ModelNote(path, []) == nil)
  }

  /// What a trainer killed at any instant leaves: private names, which the next one sweeps.
  @Test func halfFoldersAreNeverSeenAndSwept() throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path)
    let good = try store.publish(try ModelStoreTests.bytes(seed: 1), name: "m").id
    folder.shell(
      "mkdir .dermseg-0123456789abcdef.part; echo x > .dermseg-0123456789abcdef.part/model.safetensors"
    )
    #expect(try store.list().map(\.id) == [good])
    _ = try store.publish(try ModelStoreTests.bytes(seed: 2), name: "m")
    #expect(folder.shell("test ! -e .dermseg-0123456789abcdef.part") == 0)
  }
}
