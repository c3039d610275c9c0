import Glibc
import TemporaryFolders
import Testing

/// The daemon as its users meet it.
@Suite(.timeLimit(.minutes(5))) struct DermsegdTests {
  let daemon: DaemonProcess

  init() throws { daemon = try DaemonProcess() }

  @Test func copiedMovedAndSlowlyWrittenPhotographsEachGetOneMask() async throws {
    for index in 0..<3 { try daemon.makePhotograph("p\(index)", index: index) }
    try daemon.start()
    try await daemon.waitUntilReady()
    daemon.folder.run(#"cp "$D/p0" "$D/test/copied.jpg"; mv "$D/p1" "$D/test/moved.jpg""#)
    // 25 pieces, 200 ms apart: twice the settle time, so that it is looked at while it is cut.
    daemon.folder.run(
      #"""
      s=$(stat -c %s "$D/p2"); n=$(( s / 25 + 1 )); i=0
      while [ $i -lt 25 ]; do dd if="$D/p2" bs=$n skip=$i count=1 2>/dev/null; i=$((i+1)); sleep 0.2
      done > "$D/test/slow.jpg"
      """#)
    try await daemon.until("three masks") { try daemon.masks().count == 3 }
    for source in ["copied", "moved", "slow"] {
      #expect(try daemon.isRight("\(source)_segmentation.png", of: source + ".jpg"), "\(source)")
      #expect(daemon.log.count(of: "Segmented: \(source).jpg") == 1, "\(source)")
    }
    #expect(!daemon.exists("Results/failed"))
    try await daemon.stop()
    #expect(daemon.log.count(of: "Stopped as told: 3 segmented, 0 left") == 1)
  }

  @Test func whatIsNoPhotographLeavesAReasonAndTheNextOneIsProcessed() async throws {
    try daemon.makePhotograph("p", index: 1)
    try daemon.start()
    try await daemon.waitUntilReady()
    daemon.folder.run(
      #"""
      cd "$D/test"; echo hello > text.jpg; : > empty.jpg; mkdir folder.jpg; mkfifo pipe.jpg
      head -c $(( $(stat -c %s ../p) / 2 )) ../p > cut.jpg; ln -s ../p link.jpg; cp ../p good.jpg
      """#)
    let bad = ["text", "empty", "folder", "pipe", "cut", "link"]
    try await daemon.until("six notes") {
      bad.allSatisfy { daemon.exists("Results/failed/\($0).jpg.txt") }
    }
    try await daemon.until("the good one") { daemon.exists("Results/good_segmentation.png") }
    #expect(try daemon.masks() == ["good_segmentation.png"])
    for source in bad { #expect(daemon.log.count(of: "Not segmented: \(source).jpg: ") == 1) }
    try await daemon.stop()
  }

  @Test func whatWasThereBeforeTheStartIsDoneOnce() async throws {
    try daemon.makePhotograph("p", index: 1)
    daemon.folder.run(#"for i in 1 2 3; do cp "$D/p" "$D/test/a$i.jpg"; done"#)
    for _ in 1...2 {
      try daemon.start()
      try await daemon.waitUntilReady()
      try await daemon.until("three masks") { try daemon.masks().count == 3 }
      try await daemon.stop()
    }
    #expect(daemon.log.count(of: "Segmented: ") == 3)
  }

  @Test func withoutAModelItSaysHowToGetOneAndEndsWith78() async throws {
    try daemon.start(["--model", "/nonexistent/model.safetensors"])
    #expect(try await daemon.waitForEnd() == 78)
    #expect(daemon.log.contains("Not started: "))
    #expect(daemon.log.contains("/nonexistent/model.safetensors"))
  }

  @Test func aSecondDaemonEndsWith75AndNamesTheFirst() async throws {
    try daemon.start()
    try await daemon.waitUntilReady()
    let first = daemon.pid
    let program = try DaemonProcess.programs.appending("dermsegd")
    let arguments = daemon.arguments().map { "'\($0)'" }.joined(separator: " ")
    #expect(daemon.folder.run("'\(program)' \(arguments) 2> \"$D/second\"") == 75)
    #expect(daemon.folder.run("grep -q 'process \(first) already works' \"$D/second\"") == 0)
    try await daemon.killHard()
    try daemon.start()
    try await daemon.waitUntilReady()
    try await daemon.stop()
  }

  @Test("W10: Results inside the test folder") func resultsInsideTheTestFolderEndWith78()
    async throws
  {
    let inside = daemon.folder.appending("test").appending("Results")
    try daemon.start(["--results-folder", "\(inside)"])
    #expect(try await daemon.waitForEnd() == 78)
    #expect(daemon.log.contains("is inside the test folder"))
    #expect(!daemon.exists("test/Results"), "nothing is made in the test folder")
  }

  @Test(.enabled(if: canMakeMountNamespace))
  func resultsInsideTheTestFolderThroughABindMountEndWith78() async throws {
    daemon.folder.run(#"mkdir "$D/test/sub" "$D/other""#)
    try daemon.start(
      ["--results-folder", "\(daemon.folder.appending("other").appending("Results"))"],
      wrapper: mountNamespace + #" sh -c 'mount --bind "$D/test/sub" "$D/other"; exec "$@"' - "$@""#
    )
    #expect(try await daemon.waitForEnd() == 78)
    #expect(daemon.log.contains("is inside the test folder"))
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func itStopsWhenTold(_ signal: Int32) async throws {
    try daemon.start()
    try await daemon.waitUntilReady()
    daemon.send(signal)
    #expect(try await daemon.waitForEnd() == 0)
    #expect(daemon.log.contains("Stopped as told"))
  }

  @Test func toldToStopBeforeItIsReadyItStopsCleanly() async throws {
    for milliseconds in stride(from: 0, through: 60, by: 4) {
      daemon.folder.run(#": > "$D/log""#)
      try daemon.start()
      try await Task.sleep(for: .milliseconds(milliseconds))
      daemon.send(SIGTERM)
      let code = try await daemon.waitForEnd()
      // Before the program's first line the order ends it as the kernel does.
      #expect(code == 0 || code == 128 + SIGTERM && daemon.log.isEmpty, "\(code): \(daemon.log)")
      #expect(code != 0 || daemon.log.contains("Stopped as told"))
    }
  }

  @Test(.enabled(if: canMakeMountNamespace))
  func theFirstIsNamedEvenWhereTheKernelsListOfLocksIsHidden() async throws {
    try daemon.start()
    try await daemon.waitUntilReady()
    let program = try DaemonProcess.programs.appending("dermsegd")
    let arguments = daemon.arguments().map { "'\($0)'" }.joined(separator: " ")
    let code = daemon.folder.run(
      "unshare -m sh -c 'mount --bind /dev/null /proc/locks; exec \"$@\"' - "
        + "'\(program)' \(arguments) 2> \"$D/second\"")
    #expect(code == 75)
    #expect(
      daemon.folder.run("grep -q 'process \(daemon.pid) already works' \"$D/second\"") == 0)
    try await daemon.stop()
  }

  @Test func noWorkingThreadAsksForMoreThanOrdinaryPriority() async throws {
    try daemon.makePhotograph("p", index: 1)
    try daemon.start()
    try await daemon.waitUntilReady()
    daemon.folder.run(#"cp "$D/p" "$D/test/a.jpg""#)
    try await daemon.until("mask") { try daemon.masks().count == 1 }
    // Field 19 of stat(5), counted after the name in parentheses: the nice value. One thread is
    // libdispatch's own, which waits for all events; dermsegd.service allows it what it asks for.
    let status = daemon.folder.run(
      "cat /proc/\(daemon.pid)/task/*/stat | sed 's/.*) //' | awk '$17 < 0 { n++ } END { exit n > 1 }'"
    )
    #expect(status == 0, "an ordinary user is refused that, with a line in the journal")
    try await daemon.stop()
  }

  @Test func stoppedInTheMiddleOfWorkItLeavesNoPartAndLosesNothing() async throws {
    try daemon.makePhotograph("p", index: 1, width: 640, height: 480)
    daemon.folder.run(
      #"i=10; while [ $i -lt 40 ]; do cp "$D/p" "$D/test/a$i.jpg"; i=$((i+1)); done"#)
    try daemon.start()
    try await daemon.until("some masks") { try daemon.masks().count >= 3 }
    try await daemon.stop()
    #expect(daemon.folder.run(#"test -z "$(find "$D/Results" -name '*.part')""#) == 0)
    let count = try daemon.masks().count
    #expect(daemon.log.count(of: "Segmented: ") == count)
    try daemon.start()
    try await daemon.waitUntilReady()
    try await daemon.until("all masks") { try daemon.masks().count == 30 }
    try await daemon.stop()
    for mask in try daemon.masks() {
      let source = mask.replacing("_segmentation.png", with: ".jpg")
      #expect(try daemon.isRight(mask, of: source, width: 640, height: 480))
    }
    #expect(daemon.log.count(of: "Segmented: ") == 30, "none was done twice")
  }

  @Test(arguments: [
    (["--bogus"], 2), (["--threads", "none"], 2), (["--config", "/nonexistent.yaml"], 78),
    (["--test-folder"], 2), (["--state-directory", "/proc/nothing/here"], 73),
  ])
  func mistakesOnTheCommandLineHaveTheirExitCodes(_ more: [String], _ code: Int) async throws {
    try daemon.start(more)
    #expect(try await daemon.waitForEnd() == Int32(code))
    #expect(!daemon.log.isEmpty)
  }

  @Test func aWrongKeyInTheFileEndsWith78AndASuggestion() async throws {
    daemon.folder.run(#"echo 'testFoldr: /x' > "$D/empty.yaml""#)
    try daemon.start()
    #expect(try await daemon.waitForEnd() == 78)
    #expect(
      daemon.log.contains("line 1: there is no key \"testFoldr\". Did you mean \"testFolder\"?"))
  }

  @Test(arguments: [("--help", "EXAMPLES"), ("--version", "dermsegd ")])
  func helpAndVersionEndWith0(_ option: String, _ text: String) async throws {
    try daemon.start([option])
    #expect(try await daemon.waitForEnd() == 0)
    #expect(daemon.log.contains(text))
  }

  @Test func sourcesAreSacred() async throws {
    try daemon.makePhotograph("p", index: 1)
    daemon.folder.run(
      #"""
      cd "$D/test"; cp ../p a.jpg; cp ../p a.png; echo no > b.jpg; mkdir d.jpg; touch .hidden x.part
      find . -printf '%p %i %s %T@ %m %n\n' | sort > ../before
      """#)
    try daemon.start()
    try await daemon.until("both masks and notes") {
      try daemon.masks().count == 2 && daemon.exists("Results/failed/d.jpg.txt")
        && daemon.exists("Results/failed/b.jpg.txt")
    }
    try await daemon.stop()
    #expect(
      daemon.folder.run(
        #"cd "$D/test"; find . -printf '%p %i %s %T@ %m %n\n' | sort | cmp - ../before"#) == 0)
  }
}

/// A shell command that runs the rest in a mount namespace of its own.
let mountNamespace = getuid() == 0 ? "exec unshare -m" : "exec unshare -rm"

/// Whether this machine lets us have one.
let canMakeMountNamespace =
  unsafe system("\(mountNamespace) sh -c 'mount -t tmpfs none /run' 2> /dev/null") == 0
