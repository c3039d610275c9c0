import Files
import ModelStore
import SystemPackage
import TestScaffold
import Testing
import UNets

@Suite struct ModelStoreTests {
  static func model(seed: UInt64) throws -> UNetModel {
    try UNetModel.initialized(
      architecture: UNetArchitecture(inputChannels: 1, width: 2, depth: 1), inputSize: 8,
      seed: seed)
  }

  static func bytes(seed: UInt64) throws -> [UInt8] { try model(seed: seed).safetensors() }

  @Test func aPublishedModelIsTheCurrentOne() throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path.appending("models"))
    #expect(try store.current() == nil)
    #expect(try store.currentID() == nil)
    let bytes = try Self.bytes(seed: 1)
    let published = try store.publish(bytes, name: "default")
    #expect(published.id == "default-" + sha256Hex(bytes).prefix(12))
    #expect(published.sha256 == sha256Hex(bytes))
    let current = try #require(try store.current())
    #expect(current.id == published.id)
    #expect(current.sha256 == published.sha256)
    #expect(current.model == (try Self.model(seed: 1)))
    #expect(current.origin == folder.path.string + "/models/\(current.id)/model.safetensors")
    #expect(try store.currentID() == published.id)
    #expect(try folder.read("models/\(published.id)/model.safetensors") == bytes)
    #expect(folder.shell("cd models/current/ && sha256sum -c --quiet model.sha256") == 0)
    #expect(folder.shell("test -L models/current") == 0)
  }

  @Test func aNewModelReplacesTheCurrentOneAndTheOldStays() throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path)
    let first = try store.publish(try Self.bytes(seed: 1), name: "a")
    let second = try store.publish(try Self.bytes(seed: 2), name: "a")
    #expect(first.id != second.id)
    #expect(try store.currentID() == second.id)
    #expect(try folder.read("\(first.id)/model.safetensors") == (try Self.bytes(seed: 1)))
    // Publishing what is there already puts it back into service and changes no byte.
    #expect(try store.publish(try Self.bytes(seed: 1), name: "a").id == first.id)
    #expect(try store.currentID() == first.id)
    #expect(folder.shell("test $(ls -A | wc -l) = 4") == 0)
  }

  @Test(arguments: [
    ("../evil/name", "-evil-name"), ("", "model"), ("..", "model"), ("Haut é 1", "Haut---1"),
    ("ok_1.2", "ok_1.2"),
  ])
  func namesBecomeSafe(_ name: String, _ expected: String) throws {
    let folder = try ScratchDirectory()
    let model = try ModelStore(directory: folder.path).publish(
      try Self.bytes(seed: 1), name: name)
    #expect(model.id == "\(expected)-\(model.sha256.prefix(12))")
  }

  @Test func whatIsNoModelIsNotPublished() throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path)
    let good = try store.publish(try Self.bytes(seed: 1), name: "a")
    #expect(throws: ModelStoreError.self) {
      try store.publish(Array("no model".utf8), name: "b")
    }
    #expect(throws: ModelStoreError.self) {
      try store.publish(Array(try Self.bytes(seed: 2).dropLast()), name: "b")
    }
    #expect(try store.currentID() == good.id)
    #expect(folder.shell("test $(ls -A | wc -l) = 3") == 0)
  }

  @Test func anyChangedByteIsNoticed() throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path)
    let bytes = try Self.bytes(seed: 1)
    let id = try store.publish(bytes, name: "a").id
    var generator = SystemRandomNumberGenerator()
    let positions =
      [0, 7, 8, bytes.count - 1]
      + (0..<60).map { _ in
        Int.random(in: 0..<bytes.count, using: &generator)
      }
    for position in positions {
      var damaged = bytes
      damaged[position] ^= UInt8(1 << Int.random(in: 0..<8, using: &generator))
      try folder.write(damaged, to: "\(id)/model.safetensors")
      #expect {
        try store.current()
      } throws: { error in
        guard case ModelStoreError.checksumDiffers(let path, _, _) = error else { return false }
        return path.hasSuffix("/\(id)/model.safetensors")
      }
    }
    // A checksum file that was changed along with the model does not help: the folder's name tells.
    var other = bytes
    other[bytes.count - 1] ^= 1
    try folder.write(other, to: "\(id)/model.safetensors")
    try folder.write("\(sha256Hex(other))  model.safetensors\n", to: "\(id)/model.sha256")
    #expect(throws: ModelStoreError.self) { try store.current() }
    try folder.write(bytes, to: "\(id)/model.safetensors")
    try folder.write("\(sha256Hex(bytes))  model.safetensors\n", to: "\(id)/model.sha256")
    #expect(try store.current()?.id == id)
  }

  @Test(arguments: [
    "rm \"$M/model.safetensors\"", ": > \"$M/model.safetensors\"",
    "head -c 100 \"$M/model.safetensors\" > x; mv x \"$M/model.safetensors\"",
    "rm \"$M/model.safetensors\"; mkdir \"$M/model.safetensors\"",
    "rm \"$M/model.safetensors\"; mkfifo \"$M/model.safetensors\"",
    "mv \"$M/model.safetensors\" x; ln -s ../x \"$M/model.safetensors\"",
    "rm \"$M/model.sha256\"", "rm -r \"$M\"", "mv \"$M\" x; ln -s x \"$M\"",
    "rm current; echo x > current", "rm current; mkdir current",
    "rm current; ln -s ../outside current", "rm current; ln -s /etc current",
  ])
  func aDamagedStoreIsAnErrorAndNotAnEmptyOne(_ damage: String) throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path)
    let id = try store.publish(try Self.bytes(seed: 1), name: "a").id
    folder.shell("export M='\(id)'; \(damage)")
    #expect(throws: ModelStoreError.self) { try store.current() }
    // The store can be brought back into service.
    folder.shell("rm -rf current '\(id)'")
    #expect(try store.publish(try Self.bytes(seed: 1), name: "a").id == id)
  }

  @Test func twoPublishersDoNotMeet() throws {
    let folder = try ScratchDirectory()
    let store = ModelStore(directory: folder.path)
    _ = try store.publish(try Self.bytes(seed: 1), name: "a")
    let lock = try DirectoryLock(DirectoryHandle(opening: folder.path))
    #expect(throws: ModelStoreError.self) {
      try store.publish(try Self.bytes(seed: 2), name: "a")
    }
    withExtendedLifetime(lock) {}
  }
}

@Suite struct ModelLocatorTests {
  @Test func theNamedFileComesBeforeTheStore() throws {
    let folder = try ScratchDirectory()
    let store = folder.path.appending("models")
    let stored = try ModelStore(directory: store).publish(
      try ModelStoreTests.bytes(seed: 1), name: "stored")
    try folder.write(try ModelStoreTests.bytes(seed: 2), to: "my model.safetensors")
    let file = folder.path.appending("my model.safetensors")
    let named = try ModelLocator.load(explicitFile: file, store: store)
    #expect(named.id.hasPrefix("my-model-"))
    #expect(named.origin == file.string)
    #expect(try ModelLocator.load(explicitFile: nil, store: store).id == stored.id)
  }

  @Test func aNamedFileThatIsNoModelIsAnError() throws {
    let folder = try ScratchDirectory()
    let store = folder.path.appending("models")
    _ = try ModelStore(directory: store).publish(
      try ModelStoreTests.bytes(seed: 1), name: "stored")
    try folder.write("text", to: "bad.safetensors")
    for name in ["bad.safetensors", "missing.safetensors"] {
      #expect {
        try ModelLocator.load(explicitFile: folder.path.appending(name), store: store)
      } throws: { error in
        "\(error)".contains(name)
      }
    }
  }
}
