import Daemon
import Files
import Glibc
import TemporaryFolders
import Testing

/// Folders that come and go, and daemons that must not start.
@Suite(.timeLimit(.minutes(5))) struct TroubleTests {
  let daemon: TinyDaemon

  init() throws { daemon = try TinyDaemon() }

  private func refusal(_ more: [String: String]) async throws -> DaemonError? {
    do {
      _ = try FolderService(settings: try await daemon.settings(more), logger: daemon.log.logger)
      return nil
    } catch let error as DaemonError {
      return error
    }
  }

  @Test(arguments: [#"rm -r "$D/test""#, #"mv "$D/test" "$D/away""#])
  func theTestFolderMayGoAndComeBack(_ away: String) async throws {
    try daemon.drop(1, as: "a.jpg")
    try await daemon.run {
      try await daemon.until("a") { daemon.exists("Results/a_segmentation.png") }
      daemon.folder.run(away)
      try await daemon.until("told") { daemon.log.count("The test folder is gone") == 1 }
      #expect(daemon.exists("Results/a_segmentation.png"), "nothing is deleted")
      daemon.folder.run(#"mkdir "$D/test""#)
      try await daemon.until("back") { daemon.log.count("The test folder is back") == 1 }
      try daemon.drop(2, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
    #expect(daemon.log.count("The test folder is gone") == 1)
  }

  @Test func aFolderThatIsReplacedIsFollowed() async throws {
    try await daemon.run {
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
      daemon.folder.run(#"cd "$D"; mkdir new; mv test old && mv new test"#)
      try daemon.drop(2, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
  }

  @Test func aTestFolderThatIsMissingAtTheStartIsWaitedFor() async throws {
    daemon.folder.run(#"rmdir "$D/test""#)
    try await daemon.run {
      try await daemon.until("told") { daemon.log.count("The test folder is gone") == 1 }
      daemon.folder.run(#"mkdir "$D/test""#)
      try daemon.drop(2, as: "b.jpg")
      try await daemon.until("b") { daemon.exists("Results/b_segmentation.png") }
    }
  }

  @Test func aResultsFolderThatCannotBeWrittenIsWaitedFor() async throws {
    try await daemon.run {
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
      daemon.folder.run(#"cd "$D"; mv Results away; : > Results"#)
      try daemon.drop(1, as: "a.jpg")
      try await daemon.until("waits") { daemon.log.count("Waiting: ") >= 2 }
      daemon.folder.run(#"cd "$D"; rm Results"#)
      try await daemon.until("a") { daemon.exists("Results/a_segmentation.png") }
    }
    #expect(daemon.log.count("Going on: ") == 1)
    #expect(
      daemon.log.count("Waiting: ") < 6, "one entry per try, and the tries are 1, 2, 4 s apart")
  }

  @Test func aResultsFolderThatComesAndIsAnothersIsWaitedFor() async throws {
    daemon.folder.run(#"mkdir "$D/new""#)
    var lock: DirectoryLock? = try DirectoryLock(
      DirectoryHandle(opening: daemon.folder.appending("new")))
    try await daemon.run {
      try await daemon.until("ready") { daemon.log.count("Ready") == 1 }
      daemon.folder.run(#"cd "$D"; mv Results away; mv new Results"#)
      try daemon.drop(1, as: "a.jpg")
      try await daemon.until("waits") { daemon.log.count("Waiting: ") >= 2 }
      #expect(try daemon.masks() == [], "another daemon works there")
      withExtendedLifetime(lock) { lock = nil }
      try await daemon.until("a") { daemon.exists("Results/a_segmentation.png") }
    }
    #expect(daemon.log.count("Going on: ") == 1)
  }

  @Test func aRemovedResultsFolderIsMadeAgainWithAllMasks() async throws {
    try daemon.drop(1, as: "a.jpg")
    try daemon.drop(2, as: "b.jpg")
    try await daemon.run {
      try await daemon.until("both") { try daemon.masks().count == 2 }
      daemon.folder.run(#"rm -r "$D/Results""#)
      try await daemon.until("both again") {
        daemon.exists("Results") ? try daemon.masks().count == 2 : false
      }
    }
  }

  @Test func aSecondDaemonIsRefusedAndNamesTheFirst() async throws {
    try await daemon.run {
      guard case .alreadyServed(_, _, let holder)? = try await refusal([:]) else {
        Issue.record("the second one started")
        return
      }
      #expect(holder == nil || holder == getpid())
      // Another state directory, the same Results folder through a link.
      daemon.folder.run(#"cd "$D"; ln -s Results link"#)
      let other = try await refusal([
        "state-directory": daemon.folder.appending("state2").string,
        "results-folder": daemon.folder.appending("link").string,
      ])
      #expect(other?.exitCode == 75)
      // Another Results folder, the same state directory.
      let results = daemon.folder.appending("Results2").string
      #expect(try await refusal(["results-folder": results])?.exitCode == 75)
    }
    #expect(try await refusal([:]) == nil, "when the first has ended, the next one starts")
  }

  @Test(
    "W10: folders that overlap, also through links",
    arguments: [
      "test", "test/Results", "test/sub/Results", "link/Results", "test/../test/R", ".",
    ])
  func overlappingFoldersAreRefused(_ results: String) async throws {
    daemon.folder.run(#"cd "$D"; ln -s test link; mkdir test/sub"#)
    let path = daemon.folder.appending(results).string
    let error = try #require(try await refusal(["results-folder": path]))
    #expect(error.exitCode == 78)
    #expect(error.description.contains("is inside the"))
    #expect(daemon.folder.run(#"test -z "$(find "$D/test" -mindepth 1 ! -name sub)""#) == 0)
  }

  @Test func withoutAModelItSaysWhatItLookedFor() async throws {
    let missing = daemon.folder.appending("no.safetensors").string
    let error = try #require(try await refusal(["model": missing]))
    #expect(error.exitCode == 78)
    #expect(error.description.contains("no.safetensors"))
  }

  @Test func aModelThatIsNoModelIsRefused() async throws {
    daemon.folder.run(#"head -c 100000 /dev/urandom > "$D/tiny.safetensors""#)
    #expect(try await refusal([:])?.exitCode == 78)
  }

  @Test func stateAndResultsThatCannotBeMadeAreRefused() async throws {
    daemon.folder.run(#": > "$D/file""#)
    let path = daemon.folder.appending("file").appending("x").string
    #expect(try await refusal(["state-directory": path])?.exitCode == 73)
    #expect(try await refusal(["results-folder": path])?.exitCode == 73)
  }

  @Test func aPhotographThatKilledTheProgramTwiceIsLeftAlone() async throws {
    try daemon.drop(1, as: "poison.jpg")
    try daemon.drop(2, as: "good.jpg")
    let status = try #require(
      try DirectoryHandle(opening: daemon.folder.appending("test")).status(of: name("poison.jpg")))
    daemon.folder.run(#"mkdir "$D/state""#)
    for _ in 1...2 {
      let state = try DirectoryHandle(opening: daemon.folder.appending("state"))
      try PoisonGuard(state).begin(SourcePath(name("poison.jpg")), status.identity)
      daemon.folder.run(#"printf x > "$D/state/crashed""#)
    }
    try await daemon.run {
      try await daemon.until("note") { daemon.exists("Results/failed/poison.jpg.txt") }
      try await daemon.until("good") { daemon.exists("Results/good_segmentation.png") }
      #expect(try daemon.note("poison.jpg.txt").contains("ended 2 times"))
      let fields = try #require(daemon.log.fields("Not segmented: poison.jpg: "))
      #expect(fields["MESSAGE_ID"] == "33ee0e9ec8954ea1ba8d8ff33704fc37", "a kind of its own")
      try daemon.drop(3, as: "poison.jpg")
      try await daemon.until("replaced") { daemon.exists("Results/poison_segmentation.png") }
    }
  }
}
